"""A new domain of the ledger: its declaration, its migration pair and what is rendered from them, as files to write."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from orchestrator.exceptions import DomainError
from orchestrator.lookups.domains import DOMAINS_FILE, Declared, Domain, parse_declared
from orchestrator.scaffold.descriptions import grain_of, key_of, known_columns
from orchestrator.scaffold.names import require_free_names, require_new_name
from orchestrator.scaffold.render import render_template, rendered_files

_MIGRATIONS: Final = Path("migrations")
_NUMBER: Final = re.compile(r"(\d{4})_\w+\.sql")


@dataclass(frozen=True)
class NewDomain:
    """What `touchstone lookups add-domain` was told.

    Attributes:
        name: of the domain.
        noun: how people call one of its codes.
        means: what its natural key is.
        file: file of seeds/ with its column, without ending.
        parent: domain within which its codes are unique, if any.
        several_parents: whether one code may stand under several parents.
        attributes: meaning by name; the column is `<domain>_<attribute>`.
    """

    name: str
    noun: str
    means: str
    file: str
    parent: str | None
    several_parents: bool
    attributes: dict[str, str]


def files_of_new_domain(
    new: NewDomain, declaration: str, migrations: Collection[str], models: Collection[str]
) -> dict[Path, str]:
    """Content by path from the project's folder, of every file that changes or is new.

    Args:
        new: the domain.
        declaration: text of domains.yml.
        migrations: file names in migrations/.
        models: names of the dbt models there are.

    Raises:
        DomainError: the domain is there already, does not hold, or has a name that is taken.
    """
    before = parse_declared(yaml.safe_load(declaration), DOMAINS_FILE.name)
    require_new_name(new.name, before)
    if new.file not in before.files:
        known = ", ".join(before.files)
        raise DomainError(f"There is no file {new.file!r} at the desk.", f"Files are: {known}.")
    text = declaration.rstrip("\n") + "\n" + _entry(new)
    declared = parse_declared(yaml.safe_load(text), DOMAINS_FILE.name)
    domain = declared.domains[-1]
    require_free_names(domain, before, models)
    return {
        Path("dbt_project") / DOMAINS_FILE.name: text,
        **_migration_pair(domain, declared, migrations),
        **rendered_files(declared),
    }


def _entry(new: NewDomain) -> str:
    content: dict[str, Any] = {"noun": new.noun, "means": new.means, "file": new.file}
    if new.parent:
        content["parent"] = new.parent
    if new.several_parents:
        content["several_parents"] = True
    if new.attributes:
        content["attributes"] = {
            name: {"column": f"{new.name}_{name}", "type": "String", "means": means}
            for name, means in new.attributes.items()
        }
    dumped: str = yaml.safe_dump({new.name: content}, sort_keys=False, allow_unicode=True, width=120)
    return "".join(f"  {line}\n" for line in dumped.splitlines())


def _migration_pair(domain: Domain, declared: Declared, migrations: Collection[str]) -> dict[Path, str]:
    numbers = [int(match[1]) for name in migrations if (match := _NUMBER.fullmatch(name))]
    stem = f"{max(numbers, default=0) + 1:04d}_{domain.name}"
    file = domain.seed.removesuffix(".csv")
    values: dict[str, Any] = {
        "domain": domain,
        "known": known_columns(domain),
        "parent_id": f"{domain.parent}_id" if domain.parent else "",
        "key": key_of(domain),
        "grain": grain_of(domain),
        "file": file,
        "is_landed": declared.files[file].is_landed,
        "columns": [domain.key_column, *(attribute.column for attribute in domain.attributes)],
    }
    return {
        _MIGRATIONS / f"{stem}.sql": render_template("migration.sql.j2", **values),
        _MIGRATIONS / f"{stem}.down.sql": render_template("migration.down.sql.j2", **values),
    }
