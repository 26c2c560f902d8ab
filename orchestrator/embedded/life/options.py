"""What a server is started with."""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Self

from orchestrator.constants import LOOPBACK

DATA_FOLDER: Final = "data"
SPOOL_FOLDER: Final = "tmp"
USER_FILES_FOLDER: Final = "user_files"
BACKUPS_FOLDER: Final = "backups"
DRAIN_SECONDS: Final = 30.0
MAX_CONCURRENT_QUERIES: Final = 100


@dataclass(frozen=True)
class EngineAccess:
    """Who may use an engine, from where, and how much at once.

    Attributes:
        host: the address to listen on.
        users_file: in the form of ClickHouse's users.xml; None for the one login the engine is started with.
        user_files: the only folder that file() reads and writes; None for one in the engine's folder.
        backups: the only folder for BACKUP and RESTORE; None for one in the engine's folder.
        max_concurrent_queries: more are refused with 202 TOO_MANY_SIMULTANEOUS_QUERIES.
        max_request_bytes: of one request's body as sent; 0 for no limit.
        max_execution_seconds: of one query; 0 for no limit.
    """

    host: str = LOOPBACK
    users_file: Path | None = None
    user_files: Path | None = None
    backups: Path | None = None
    max_concurrent_queries: int = MAX_CONCURRENT_QUERIES
    max_request_bytes: int = 0
    max_execution_seconds: int = 0


@dataclass(frozen=True)
class ServerOptions:
    """Folders, port, login and access of one server.

    Attributes:
        port: None takes the default one or the next that is free.
        drain_seconds: how long running queries get when it is stopped.
    """

    engine_dir: Path
    port: int | None
    data_path: Path
    user: str = "default"
    password: str = ""
    access: EngineAccess = field(default_factory=EngineAccess)
    drain_seconds: float = DRAIN_SECONDS

    @property
    def spool(self) -> Path:
        """A private folder for pipes and for what is too large for memory; emptied at every start."""
        return self.engine_dir / SPOOL_FOLDER

    @property
    def user_files(self) -> Path:
        """The only folder that file() reads and writes."""
        return self.access.user_files or self.engine_dir / USER_FILES_FOLDER

    @property
    def backups(self) -> Path:
        """The only folder for BACKUP and RESTORE."""
        return self.access.backups or self.engine_dir / BACKUPS_FOLDER

    def to_dict(self) -> dict[str, Any]:
        """For another process, as JSON can hold it."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """What `to_dict` gave."""
        access = {name: _as_path(name, value) for name, value in values.pop("access").items()}
        return cls(**{name: _as_path(name, value) for name, value in values.items()}, access=EngineAccess(**access))


_PATHS: Final = frozenset(
    entry.name for kind in (ServerOptions, EngineAccess) for entry in fields(kind) if "Path" in str(entry.type)
)


def _plain(value: Any) -> Any:  # noqa: ANN401  whatever a field holds
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return str(value) if isinstance(value, Path) else value


def _as_path(name: str, value: Any) -> Any:  # noqa: ANN401
    return Path(value) if name in _PATHS and value is not None else value
