"""The domains of the warehouse, as dbt_project/domains.yml declares them; everything else follows from there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orchestrator.constants import DBT_PROJECT_DIR
from orchestrator.exceptions import DomainError
from orchestrator.helpers import faults_of

DOMAINS_FILE: Final = DBT_PROJECT_DIR / "domains.yml"
LOOKUPS_FILE: Final = "lookups.csv"
SOURCES_FILE: Final = "sources.csv"
LEDGER_FILE: Final = "lookup_ids.csv"
ALIASES_FILE: Final = "lookup_aliases.csv"

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,47}$")]
# goes into comments of ClickHouse and descriptions of dbt, where these characters mean something
Words = Annotated[str, Field(pattern=r"^[^\x00-\x1f\\{}$]+$")]


class Policy(StrEnum):
    """Where the IDs of a domain are minted: in pull requests, or in the warehouse as codes arrive."""

    LEDGER = "ledger"
    WAREHOUSE = "warehouse"


class _Declaration(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeskFile(_Declaration):
    """A file of seeds/: what one row of it is, and whether landed files are read like it."""

    means: Words
    is_landed: bool = False


class _AttributeDeclaration(_Declaration):
    column: Name
    type: str = "String"
    means: Words
    values: tuple[str, ...] = ()


class _DomainDeclaration(_Declaration):
    noun: Words
    means: Words
    file: Name | None = None
    column: Name | None = None
    policy: Policy = Policy.LEDGER
    parent: Name | None = None
    several_parents: bool = False
    attributes: dict[Name, _AttributeDeclaration] = {}
    staging: Name | None = None
    mint_order: tuple[Name, ...] = ()
    retires: bool = True

    @model_validator(mode="after")
    def _has_one_origin(self) -> "_DomainDeclaration":
        if (self.policy is Policy.LEDGER) != (self.file is not None):
            raise ValueError("a domain of the ledger has a file of seeds/, one of the warehouse has none")
        if (self.policy is Policy.WAREHOUSE) != (self.staging is not None):
            raise ValueError("a domain of the warehouse names its staging model, one of the ledger does not")
        if self.several_parents and self.parent is None:
            raise ValueError("without a parent there cannot be several")
        return self


class _Declarations(_Declaration):
    files: dict[Name, DeskFile]
    domains: dict[Name, _DomainDeclaration]

    @model_validator(mode="after")
    def _files_and_parents_exist(self) -> "_Declarations":
        for name, domain in self.domains.items():
            if domain.file and domain.file not in self.files:
                raise ValueError(f"{name}: the file {domain.file} is not among the files")
            parent = self.domains.get(domain.parent) if domain.parent else None
            if domain.parent and (parent is None or parent.file != domain.file or parent.parent):
                raise ValueError(f"{name}: the parent {domain.parent} must be a domain without parent in the same file")
        return self


@dataclass(frozen=True)
class Attribute:
    """What a dimension holds of a code beside its ID.

    Attributes:
        name: column of the dimension.
        column: column of the seed or of the staging model.
        type: ClickHouse type in the dimension.
        means: one sentence.
        values: the only texts it may have; any if empty.
    """

    name: str
    column: str
    type: str
    means: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Domain:
    """A set of codes that own frozen integer IDs.

    Attributes:
        name: the domain's name, as the ledger writes it.
        noun: how people call one of its codes.
        means: what its natural key is.
        seed: name of the file in `seeds/` that lists the keys; empty for a domain whose keys arrive in a feed.
        key_column: column of that file that holds the key.
        policy: where its IDs are minted.
        parent: the domain within which a key is unique, or None if a key is unique in its whole domain. The parent's
            key column stands in the same seed.
        several_parents: whether one key may stand under several parents.
        attributes: in the order of the dimension's columns.
        staging: the dbt model that lists its codes.
        mint_order: columns of that model in whose order the warehouse mints; of no use under the ledger.
        retires: whether a key that is listed no longer is retired.
    """

    name: str
    noun: str
    means: str
    seed: str
    key_column: str
    policy: Policy
    staging: str
    parent: str | None = None
    several_parents: bool = False
    attributes: tuple[Attribute, ...] = field(default=())
    mint_order: tuple[str, ...] = ()
    retires: bool = True

    @property
    def id_column(self) -> str:
        """Name of the ID in the dimension and everywhere else."""
        return f"{self.name}_id"

    @property
    def is_of_ledger(self) -> bool:
        """Whether its IDs are minted in pull requests."""
        return self.policy is Policy.LEDGER


@dataclass(frozen=True)
class Declared:
    """What domains.yml declares: the files by name without ending, and the domains, in its order."""

    files: Mapping[str, DeskFile]
    domains: tuple[Domain, ...]


def load_declared(path: Path = DOMAINS_FILE) -> Declared:
    """The files and domains in the order of the file.

    Raises:
        DomainError: the file is missing, is no YAML, or declares something that does not hold; names the domain.
    """
    try:
        declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DomainError(f"{path} cannot be read: {error}.", "Restore it from Git.") from error
    return parse_declared(declared, str(path))


def parse_declared(declared: Any, origin: str) -> Declared:  # noqa: ANN401 as YAML gives it
    """What parsed YAML declares; `origin` names it in errors. Raises DomainError as `load_declared`."""
    try:
        declarations = _Declarations.model_validate(declared)
    except ValidationError as error:
        raise DomainError(f"{origin}: {faults_of(error)}.", "Its head says what a domain has.") from error
    domains = tuple(_domain(name, declaration) for name, declaration in declarations.domains.items())
    return Declared(MappingProxyType(declarations.files), domains)


def _domain(name: str, declaration: _DomainDeclaration) -> Domain:
    return Domain(
        name=name,
        noun=declaration.noun,
        means=declaration.means,
        seed=f"{declaration.file}.csv" if declaration.file else "",
        key_column=declaration.column or name,
        policy=declaration.policy,
        staging=declaration.staging or f"stg_{declaration.file}",
        parent=declaration.parent,
        several_parents=declaration.several_parents,
        attributes=tuple(Attribute(name=key, **dict(spec)) for key, spec in declaration.attributes.items()),
        mint_order=declaration.mint_order,
        retires=declaration.retires,
    )


def seed_columns(domains: tuple[Domain, ...]) -> dict[str, tuple[str, ...]]:
    """Columns of every file of the desk: keys first, then attributes, in the order of declaration."""
    desk = [domain for domain in domains if domain.seed]
    columns: dict[str, dict[str, None]] = {domain.seed: {} for domain in desk}
    for domain in desk:
        columns[domain.seed][domain.key_column] = None
    for domain in desk:
        columns[domain.seed].update(dict.fromkeys(attribute.column for attribute in domain.attributes))
    return {
        **{file: tuple(names) for file, names in columns.items()},
        LEDGER_FILE: ("domain", "parent_key", "key", "id"),
        ALIASES_FILE: ("domain", "parent_key", "alias", "key"),
    }


_DECLARED: Final = load_declared()
DESK_FILES: Final = _DECLARED.files
ALL_DOMAINS: Final = _DECLARED.domains
DOMAINS_BY_NAME: Final[Mapping[str, Domain]] = {domain.name: domain for domain in ALL_DOMAINS if domain.is_of_ledger}
# a view of it: whoever declares others for a while (tests/fixture_domains.py) has one place to do so
DOMAINS: Final = DOMAINS_BY_NAME.values()
SEED_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = seed_columns(ALL_DOMAINS)
