"""The ClickHouse HTTP interface in front of chdb: one process that owns the data folder, on loopback.

Importing this package loads neither chdb nor starlette; both belong to the server process.
"""

from orchestrator.embedded.life.lifecycle import (
    StartedEngine,
    engine_state,
    run_engine_in_foreground,
    start_engine,
    stop_engine,
)
from orchestrator.embedded.life.options import EngineAccess
from orchestrator.embedded.life.state import EngineState

__all__ = [
    "EngineAccess",
    "EngineState",
    "StartedEngine",
    "engine_state",
    "run_engine_in_foreground",
    "start_engine",
    "stop_engine",
]
