"""What can be exported: dbt_project/exports.yml, read and checked."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import Field, ValidationError, model_validator

from orchestrator.constants import DBT_PROJECT_DIR
from orchestrator.exceptions import ExportDeclarationError, UnknownExportError
from orchestrator.feeds.feed import Declaration
from orchestrator.helpers import faults_of
from orchestrator.lookups.domains import Name, Words

EXPORTS_FILE: Final = DBT_PROJECT_DIR / "exports.yml"
# beside the folders of the exports
ICEBERG_FOLDER: Final = "iceberg"


class ExportFormat(StrEnum):
    """How rows are written."""

    PARQUET = "parquet"
    CSV = "csv"
    ICEBERG = "iceberg"


class _ExportDeclaration(Declaration):
    relation: Name
    description: Words
    day: Name | None = None
    key: Annotated[tuple[Name, ...], Field(min_length=1)]
    formats: Annotated[tuple[ExportFormat, ...], Field(min_length=1)]
    wide: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _names_nothing_twice(self) -> "_ExportDeclaration":
        for listed in (self.key, self.formats, self.wide):
            if len(set(listed)) != len(listed):
                raise ValueError(f"{', '.join(listed)}: one is named twice")
        return self


class ExportSpec(_ExportDeclaration):
    """One export.

    Attributes:
        name: of its folder, files, Iceberg table and asset.
        relation: table or view of the warehouse's database.
        description: what one row is.
        day: the date or time column by whose days it is split; None for a relation that is exported whole.
        key: columns in whose order rows are written.
        formats: that it may be written in, the usual one first.
        wide: UInt64 columns that are decimal(20, 0) in Iceberg.
    """

    name: Name


class _Declarations(Declaration):
    exports: dict[Name, _ExportDeclaration]

    @model_validator(mode="after")
    def _leaves_the_folder_of_tables_alone(self) -> "_Declarations":
        if ICEBERG_FOLDER in self.exports:
            raise ValueError(f"{ICEBERG_FOLDER} is the folder of Iceberg tables: give the export another name")
        return self


def load_exports(path: Path = EXPORTS_FILE) -> tuple[ExportSpec, ...]:
    """The exports in the order of the file.

    Raises:
        ExportDeclarationError: the file is missing, is no YAML, or declares something that does not hold; names the
            export.
    """
    try:
        declared = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ExportDeclarationError(f"{path} cannot be read: {error}.", "Restore it from Git.") from error
    return parse_exports(declared, str(path))


def parse_exports(declared: Any, origin: str) -> tuple[ExportSpec, ...]:  # noqa: ANN401 as YAML gives it
    """What parsed YAML declares; `origin` names it in errors. Raises ExportDeclarationError as `load_exports`."""
    try:
        declarations = _Declarations.model_validate(declared)
    except ValidationError as error:
        raise ExportDeclarationError(f"{origin}: {faults_of(error)}.", "Its head says what an export has.") from error
    return tuple(ExportSpec(name=name, **dict(spec)) for name, spec in declarations.exports.items())


def get_export(name: str) -> ExportSpec:
    """The export of this name.

    Raises:
        UnknownExportError: there is none; the message lists those there are.
    """
    known = {spec.name: spec for spec in EXPORTS}
    if name not in known:
        raise UnknownExportError(f"There is no export {name!r}.", f"Exports are: {', '.join(sorted(known))}.")
    return known[name]


EXPORTS: Final = load_exports()
