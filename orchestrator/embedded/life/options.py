"""What a server is started with."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

DATA_FOLDER: Final = "data"
DRAIN_SECONDS: Final = 30.0


@dataclass(frozen=True)
class ServerOptions:
    """Folders, port and credentials of one server.

    Attributes:
        port: None takes the default one or the next that is free.
        drain_seconds: how long running queries get when it is stopped.
    """

    engine_dir: Path
    port: int | None
    data_path: Path
    user: str = "default"
    password: str = ""
    drain_seconds: float = DRAIN_SECONDS
