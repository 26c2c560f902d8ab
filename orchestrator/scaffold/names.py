"""Names that a new domain and its attributes cannot have, because something else has them."""

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final

from orchestrator.exceptions import DomainError
from orchestrator.lookups.domains import DOMAINS_FILE, Declared, Domain, seed_columns
from orchestrator.scaffold.descriptions import dictionaries, dimension, versions

# bare in a column list these mean something else to ClickHouse 26 or to sqlfluff, which lints what is rendered
_KEYWORDS: Final = frozenset({
    "all", "and", "as", "between", "case", "constraint", "cross", "distinct", "except", "false", "fetch",
    "format", "from", "full", "ignore", "in", "index", "inf", "inner", "intersect", "interval", "is", "join",
    "keys", "left", "like", "limit", "nan", "natural", "not", "null", "offset", "on", "or", "order", "outer",
    "partition", "prewhere", "projection", "respect", "right", "rows", "select", "set", "settings", "then",
    "top", "true", "union", "using", "when", "where", "window", "with",
})  # fmt: skip
# columns of landing, and names inside of the models and of macros/dimensions
_TAKEN: Final = frozenset({
    "batch_id", "checksum", "codes", "dim", "is_ledger", "is_staged", "known", "listed", "parent",
    "received_at", "row_number", "staged", "staging", "table_uuid",
})  # fmt: skip


def require_free_names(domain: Domain, before: Declared, models: Collection[str]) -> None:
    """Nothing of the domain may have a name that is taken.

    Args:
        domain: the new one.
        before: what was declared without it.
        models: names of the models there are.

    Raises:
        DomainError: a name is a keyword, or a column or model has it already; names it.
    """
    columns = [domain.key_column, *(attribute.column for attribute in domain.attributes)]
    _require_free({domain.name, *columns, *(attribute.name for attribute in domain.attributes)} & (_KEYWORDS | _TAKEN))
    if twice := set(columns) & set(seed_columns(before.domains)[domain.seed]):
        raise DomainError(f"{domain.seed} has a column {min(twice)!r} already.", "Take another name.")
    described = [dimension(domain), *dictionaries(domain), *versions(domain)]
    if clash := {entry["name"] for entry in described} & set(models):
        raise DomainError(f"There is a model {min(clash)!r} already.", "Take another name.")
    for entry in described:
        _require_free(_repeated(column["name"] for column in entry["columns"]), f" in {entry['name']}")


def names_of_models(folder: Path) -> set[str]:
    """The models below a folder."""
    return {path.stem for path in folder.rglob("*.sql")}


def require_new_name(name: str, before: Declared) -> None:
    """Raises DomainError if there is a domain of this name."""
    if any(domain.name == name for domain in before.domains):
        raise DomainError(f"There is a domain {name!r} already.", f"See {DOMAINS_FILE.name}.")


def _require_free(taken: Collection[str], where: str = "") -> None:
    if taken:
        raise DomainError(f"The name {min(taken)!r} has a meaning of its own{where}.", "Take another one.")


def _repeated(names: Iterable[str]) -> set[str]:
    return {name for name, times in Counter(names).items() if times > 1}
