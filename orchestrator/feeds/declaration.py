"""The declaration of feeds: dbt_project/feeds.yml, read and held against the declared domains."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from orchestrator.constants import DBT_PROJECT_DIR
from orchestrator.exceptions import FeedDeclarationError
from orchestrator.feeds.feed import (
    FORBIDDEN_COMBINATION,
    LINEAGE,
    Column,
    Declaration,
    Feed,
    Freshness,
    NumberRule,
    Thresholds,
    TimeRule,
)
from orchestrator.helpers import faults_of
from orchestrator.lookups.domains import Domain, Name, Words

FEEDS_FILE: Final = DBT_PROJECT_DIR / "feeds.yml"

_Action = Literal["reject", "warn", "off"]
# written into enumerations and messages as it is
_Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,47}$")]
# names of the chain that a feed's columns may not take
_TAKEN: Final = {
    *LINEAGE, "attempt", "known_at", "reason_mask", "reasons", "is_repeated", "operation_id", "action", "combination",
}  # fmt: skip


class _ColumnDeclaration(Declaration):
    means: Words
    text: bool = False
    code: Name | None = None
    time: TimeRule | None = None
    number: NumberRule | None = None
    choice: tuple[_Word, ...] = ()
    value_of: Name | None = None
    optional: bool = False

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> "_ColumnDeclaration":
        if sum(map(bool, (self.text, self.code, self.time, self.number, self.choice, self.value_of))) != 1:
            raise ValueError("a column is one of text, code, time, number, choice and value_of")
        if self.optional and (self.time or self.value_of):
            raise ValueError("an event time and a value cannot be optional")
        return self


class _FeedDeclaration(Declaration):
    noun: Words
    means: Words
    columns: dict[Name, _ColumnDeclaration] = Field(default_factory=dict)
    columns_of: Name | None = None
    is_catalogue: bool = False
    natural_key: tuple[Name, ...] = ()
    partition: Literal["toYear", "toYYYYMM", "toDate"] = "toYYYYMM"
    combination: tuple[Name, ...] = ()
    rules: dict[Literal["forbidden_combination", "duplicate_in_batch"], _Action] = Field(default_factory=dict)
    thresholds: Thresholds = Thresholds()
    freshness: Freshness = Freshness()

    @model_validator(mode="after")
    def _holds_together(self) -> "_FeedDeclaration":
        if bool(self.columns) == bool(self.columns_of):
            raise ValueError("a feed has either columns or columns_of")
        if taken := _TAKEN & set(self.columns):
            raise ValueError(f"the name {min(taken)} has a meaning of its own")
        for name in (*self.natural_key, *self.combination):
            if name not in self.columns:
                raise ValueError(f"{name} is none of its columns")
        if self.natural_key:
            _require_fact_columns(self)
        elif self.freshness.event_within:
            raise ValueError("event_within is for feeds with a natural_key: the others have no events")
        elif self.rules or self.combination or any(not column.text for column in self.columns.values()):
            raise ValueError(
                "without a natural_key its rows go to no fact, so its columns are text and it has no rules"
            )
        return self


def _require_fact_columns(feed: _FeedDeclaration) -> None:
    if any(column.text for column in feed.columns.values()):
        raise ValueError("a fact holds IDs and measures, no text")
    if sum(bool(column.time) for column in feed.columns.values()) != 1:
        raise ValueError("a feed with a fact has one time, that of its event")
    for column in feed.columns.values():
        if column.value_of and not (column.value_of in feed.columns and feed.columns[column.value_of].code):
            raise ValueError(f"value_of {column.value_of}: there is no such column with a code")
    for name in feed.combination:
        if not feed.columns[name].code:
            raise ValueError(f"{name} of the combination is no code")
    if bool(feed.combination) != (FORBIDDEN_COMBINATION in feed.rules):
        raise ValueError("a combination needs the rule forbidden_combination, and the other way round")
    if feed.rules.get("duplicate_in_batch") == "warn":
        raise ValueError("duplicate_in_batch is reject or off")


class _Declarations(Declaration):
    feeds: dict[Name, _FeedDeclaration]


def load_feeds(
    domains: tuple[Domain, ...], seed_columns: Mapping[str, tuple[str, ...]], path: Path = FEEDS_FILE
) -> tuple[Feed, ...]:
    """The feeds in the order of the file.

    Args:
        domains: that its codes may be of.
        seed_columns: by file of seeds/, for feeds with its columns.
        path: the declaration.

    Raises:
        FeedDeclarationError: the file is missing, is no YAML, or declares something that does not hold; names the feed.
    """
    try:
        declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise FeedDeclarationError(f"{path} cannot be read: {error}.", "Restore it from Git.") from error
    return parse_feeds(declared, domains, seed_columns, str(path))


def parse_feeds(
    declared: Any,  # noqa: ANN401 as YAML gives it
    domains: tuple[Domain, ...],
    seed_columns: Mapping[str, tuple[str, ...]],
    origin: str,
) -> tuple[Feed, ...]:
    """What parsed YAML declares; `origin` names it in errors. Raises FeedDeclarationError as `load_feeds`."""
    try:
        declarations = _Declarations.model_validate(declared)
    except ValidationError as error:
        raise FeedDeclarationError(f"{origin}: {faults_of(error)}.", "Its head says what a feed has.") from error
    by_name = {domain.name: domain for domain in domains}
    return tuple(_feed(name, feed, by_name, seed_columns, origin) for name, feed in declarations.feeds.items())


def _feed(
    name: str,
    declared: _FeedDeclaration,
    domains: Mapping[str, Domain],
    seed_columns: Mapping[str, tuple[str, ...]],
    origin: str,
) -> Feed:
    if declared.columns_of:
        file = f"{declared.columns_of}.csv"
        if file not in seed_columns:
            raise FeedDeclarationError(f"{origin}: {name}: there is no file seeds/{file}.", "Name one that there is.")
        specs = tuple(Column(column, f"Column {column} of seeds/{file}") for column in seed_columns[file])
    else:
        specs = tuple(_column(name, key, declared, domains, origin) for key in declared.columns)
    return Feed(
        name=name,
        noun=declared.noun,
        means=declared.means,
        specs=specs,
        is_catalogue=declared.is_catalogue,
        natural_key=declared.natural_key,
        partition=declared.partition,
        combination=declared.combination,
        rules={str(rule): str(action) for rule, action in declared.rules.items()},
        thresholds=declared.thresholds,
        freshness=declared.freshness,
    )


def _column(feed: str, name: str, declared: _FeedDeclaration, domains: Mapping[str, Domain], origin: str) -> Column:
    column = declared.columns[name]
    if column.code and column.code not in domains:
        raise FeedDeclarationError(f"{origin}: {feed}.{name}: there is no domain {column.code}.", "See domains.yml.")
    parent = domains[column.code].parent if column.code else None
    holders = [key for key, other in declared.columns.items() if parent and other.code == parent]
    if parent and len(holders) != 1:
        raise FeedDeclarationError(
            f"{origin}: {feed}.{name}: codes of {column.code} are unique within {parent} only.",
            f"Declare one column with code {parent}.",
        )
    return Column(
        name=name,
        means=column.means,
        code=column.code or "",
        desk_file=domains[column.code].seed if column.code else "",
        parent=holders[0] if holders else "",
        time=column.time,
        number=column.number,
        choice=column.choice,
        value_of=column.value_of or "",
        optional=column.optional,
    )
