"""The migrations folder applied to the warehouse by clickhouse-migrations, and the checks around it."""

import difflib
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_migrations.exceptions import MigrationException
from clickhouse_migrations.migrator import StatusRow

from orchestrator.constants import MIGRATIONS_DIR, SCHEMA_FILE
from orchestrator.exceptions import MigrationError, SchemaDriftError
from orchestrator.helpers import get_logger
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect, ensure_engine
from orchestrator.warehouse.cluster_migrator import RenderingCluster
from orchestrator.warehouse.clusters import cluster_variables, rendered, require_cluster

log = get_logger(__name__)

APPLIED = "applied"
PENDING = "pending"
_UNKNOWN = "unknown"
_PLACEHOLDER = "${DATABASE}"
_HIDDEN = "[HIDDEN]"
_NUMBERED = "[0-9]*_*.sql"
_SCHEMA_HEAD = (
    "-- The schema after all migrations, as ClickHouse prints it. Written by `touchstone migrate --write-schema`,\n"
    "-- compared by `touchstone migrate --check`. Never edited by hand.\n\n"
)


@dataclass(frozen=True)
class AppliedMigrations:
    """What one `migrate` did: versions applied now, and how many there are in all."""

    applied_now: tuple[int, ...]
    total: int


def apply_migrations(settings: Settings, folder: Path = MIGRATIONS_DIR) -> AppliedMigrations:
    """Apply what is pending, in order; nothing pending is a success.

    Raises:
        MigrationError: a statement failed, or an applied file was changed or removed; names the file.
    """
    if settings.touchstone_cluster:
        require_cluster(connect(settings), settings.touchstone_cluster)
    before = migration_status(settings, folder)
    _require_unchanged(before, folder)
    # The library gives a node that joined its cluster the table of records, although nothing is pending.
    is_needed = bool(settings.touchstone_cluster) or any(row.state == PENDING for row in before)
    applied_now = _apply(settings, folder) if is_needed else ()
    log.info("migrations applied", applied_now=list(applied_now), total=len(before))
    return AppliedMigrations(applied_now, len(before))


def migration_status(settings: Settings, folder: Path = MIGRATIONS_DIR) -> list[StatusRow]:
    """One StatusRow (version, state, md5, applied_at, has_down) per migration, in order."""
    with _library("read the status of"), _numbered_files(folder) as numbered:
        rows: list[StatusRow] = _cluster(settings).status(settings.clickhouse_database, numbered)
    return rows


def roll_back(settings: Settings, to_version: int, folder: Path = MIGRATIONS_DIR) -> list[int]:
    """Roll back every migration above `to_version`, newest first; returns their versions.

    Raises:
        MigrationError: a .down.sql is missing or ClickHouse refused it; names the file.
    """
    if to_version >= max(_versions(settings, folder, pending=False), default=0):
        return []
    with (
        _library(
            "roll back",
            lambda: _script(folder, max(_versions(settings, folder, pending=False), default=None), ".down.sql"),
        ),
        _numbered_files(folder) as numbered,
    ):
        versions: list[int] = _cluster(settings).rollback(
            settings.clickhouse_database,
            numbered,
            to_version=to_version,
            variables=_variables(settings) | cluster_variables(settings.touchstone_cluster),
            lock=bool(settings.touchstone_cluster),
        )
    log.info("migrations rolled back", versions=versions)
    return versions


def render_migrations(
    settings: Settings, cluster: str, folder: Path = MIGRATIONS_DIR
) -> Iterator[tuple[str, list[str]]]:
    """Each migration's name with its statements as they are sent, but for a password. Needs no engine.

    Raises:
        MigrationError: a statement cannot be rendered for a cluster.
    """
    variables = _variables(settings) | {"DICTIONARY_CREDENTIALS": _dictionary_credentials(settings, shown=_HIDDEN)}
    with _library("render"):
        for path in _ups(folder):
            yield path.name, rendered(path.read_text(encoding="utf-8"), variables, cluster, path.name)


def live_schema(settings: Settings, folder: Path = MIGRATIONS_DIR) -> str:
    """Every object that migrations own, as ClickHouse prints it, with the database's name made a placeholder."""
    if settings.touchstone_cluster:
        raise MigrationError(
            f"{SCHEMA_FILE.name} is the schema of one node, and {settings.touchstone_cluster} is a cluster.",
            "See what a cluster gets: `touchstone migrate --render --cluster NAME`.",
        )
    owned = _owned_objects(folder)
    present = _present_objects(connect(settings), settings.clickhouse_database)
    if not owned & present:
        return _SCHEMA_HEAD
    with _library("dump"):
        dump: str = _cluster(settings).dump(settings.clickhouse_database, tables=sorted(owned & present))
    return _SCHEMA_HEAD + _without_database_name(dump, settings.clickhouse_database).strip() + "\n"


def write_schema(settings: Settings, schema_file: Path = SCHEMA_FILE) -> Path:
    """Write the live schema to the file that `check_schema` compares with."""
    schema_file.write_text(live_schema(settings), encoding="utf-8")
    return schema_file


def check_schema(settings: Settings, schema_file: Path = SCHEMA_FILE) -> int:
    """Compare the live schema with the checked-in one; returns the number of objects compared.

    Raises:
        SchemaDriftError: they differ; the message holds the unified diff.
    """
    try:
        expected = schema_file.read_text(encoding="utf-8")
    except OSError as error:
        raise MigrationError(
            f"{schema_file} cannot be read: {error}.", "Write it: `touchstone migrate --write-schema`."
        ) from error
    live = live_schema(settings)
    compared = len(re.findall(r"^CREATE ", live, re.MULTILINE))
    if compared == 0:
        raise SchemaDriftError(
            f"The database {settings.clickhouse_database} has no object of the migrations: nothing to compare.",
            "Run `touchstone migrate` first.",
        )
    diff = "\n".join(
        difflib.unified_diff(expected.splitlines(), live.splitlines(), str(schema_file.name), "live", lineterm="", n=2)
    )
    if diff:
        raise SchemaDriftError(
            f"The live schema of {settings.clickhouse_database} is not migrations/{schema_file.name}:\n{diff}\n",
            "Put the change into a new migration, or undo it by hand.",
        )
    return compared


def _apply(settings: Settings, folder: Path) -> tuple[int, ...]:
    """Have the library apply what it finds pending; returns their versions."""
    # A file is recorded after its last statement, so that the first one without a record is the one that failed.
    with (
        _library(
            "apply", lambda: _script(folder, min(_versions(settings, folder, pending=True), default=None), ".sql")
        ),
        _numbered_files(folder) as numbered,
    ):
        applied = _cluster(settings).migrate(
            db_name=settings.clickhouse_database,
            migration_path=numbered,
            cluster_name=settings.touchstone_cluster or None,
            multi_statement=True,
            variables=_variables(settings) | cluster_variables(settings.touchstone_cluster),
            migration_log_format="compact",
            lock=bool(settings.touchstone_cluster),
        )
    return tuple(migration.version for migration in applied)


def _require_unchanged(rows: list[StatusRow], folder: Path) -> None:
    """Raises MigrationError, naming the files, when applied migrations are no longer what they were."""
    faults = [
        f"{_script(folder, row.version, '.sql')} {'is gone' if row.state == _UNKNOWN else 'was changed'}"
        for row in rows
        if row.state not in {APPLIED, PENDING}
    ]
    if faults:
        raise MigrationError(
            f"Applied migrations are frozen, but {', '.join(faults)}.",
            "Restore them, and put the change into a new one.",
        )


def _versions(settings: Settings, folder: Path, *, pending: bool) -> list[int]:
    """Versions without a record in the database, or those with one, be their files changed or gone."""
    return [row.version for row in migration_status(settings, folder) if (row.state == PENDING) == pending]


def _script(folder: Path, version: int | None, ending: str) -> str:
    """Name of the file of this version; ending is .sql or .down.sql."""
    if version is None:
        return "the migrations"
    for path in folder.glob(_NUMBERED):
        if int(path.name.partition("_")[0]) == version and path.name.endswith(".down.sql") == (ending == ".down.sql"):
            return path.name
    return f"{version:04d}_*{ending}"


def _owned_objects(folder: Path) -> set[str]:
    pattern = re.compile(
        r"^CREATE (?:TABLE|DICTIONARY|MATERIALIZED VIEW|VIEW) IF NOT EXISTS \$\{DATABASE\}\.(\w+)", re.M
    )
    return {name for path in _ups(folder) for name in pattern.findall(path.read_text(encoding="utf-8"))}


def _ups(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob(_NUMBERED)) if not path.name.endswith(".down.sql")]


def _present_objects(client: Client, database: str) -> set[str]:
    rows = client.query("SELECT name FROM system.tables WHERE database = {db:String}", {"db": database}).result_rows
    return {row[0] for row in rows}


def _without_database_name(text: str, database: str) -> str:
    name = re.escape(database)
    return re.sub(rf"(?<![\w.]){name}(?=\.)", _PLACEHOLDER, re.sub(rf"DB '{name}'", f"DB '{_PLACEHOLDER}'", text))


def _variables(settings: Settings) -> dict[str, str]:
    return {
        "DATABASE": settings.clickhouse_database,
        "DICTIONARY_CREDENTIALS": _dictionary_credentials(settings),
    }


def _dictionary_credentials(settings: Settings, *, shown: str | None = None) -> str:
    """A server that asks for a password asks its own dictionaries, too."""
    password = settings.clickhouse_password.get_secret_value()
    if settings.is_embedded or not password:
        return ""
    return f"USER '{_escaped(settings.clickhouse_user)}' PASSWORD '{_escaped(shown or password)}'"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _cluster(settings: Settings) -> RenderingCluster:
    address = ensure_engine(settings)
    return RenderingCluster(
        settings.touchstone_cluster,
        db_host=address.host,
        db_port=address.port,
        db_user=settings.clickhouse_user,
        db_password=settings.clickhouse_password.get_secret_value(),
        secure=settings.clickhouse_secure,
        driver="clickhouse-connect",
    )


@contextmanager
def _library(verb: str, culprit: Callable[[], str] = lambda: "the migrations") -> Iterator[None]:
    """The library's errors as ours, without its log of whole migrations on the root logger."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.WARNING)
    try:
        yield
    except (MigrationException, ClickHouseError) as error:
        raise MigrationError(f"Could not {verb} {culprit()}: {error}", "See migrations/README.md.") from error
    finally:
        root.setLevel(level)


@contextmanager
def _numbered_files(folder: Path) -> Iterator[Path]:
    """The migrations alone: the library takes every .sql file of its folder for one, and schema.sql is none."""
    with TemporaryDirectory(prefix="touchstone-migrations-") as temporary:
        for path in folder.glob(_NUMBERED):
            (Path(temporary) / path.name).symlink_to(path.resolve())
        yield Path(temporary)
