"""`touchstone up` and `touchstone down`: the embedded engine started and stopped."""

from pathlib import Path

from rich.console import Console

from orchestrator.embedded import run_engine_in_foreground, start_engine, stop_engine
from orchestrator.settings import Settings
from orchestrator.warehouse.client import engine_arguments


def bring_up(console: Console, settings: Settings, port: int | None, path: Path | None, foreground: bool) -> None:
    """Start the engine, or be it until interrupted; say where it is."""
    if not settings.is_embedded:
        console.print(f"CLICKHOUSE_HOST names {settings.host}: nothing to start.")
        return
    chosen = port or settings.clickhouse_port
    arguments = engine_arguments(settings)
    if foreground:
        run_engine_in_foreground(settings.engine_dir, chosen, data_path=path, **arguments)
        return
    started = start_engine(settings.engine_dir, chosen, data_path=path, **arguments)
    if started.note:
        console.print(started.note, markup=False)
    state = started.state
    verb = "is already running" if started.was_running else "started"
    console.print(
        f"engine {verb}: ClickHouse {state.version} at http://{settings.host}:{state.port} (pid {state.pid}), "
        f"data in {state.path}, log {state.log}",
        markup=False,
    )


def bring_down(console: Console, settings: Settings) -> None:
    """Stop the engine once its queries are done."""
    if not settings.is_embedded:
        console.print(f"CLICKHOUSE_HOST names {settings.host}: it is not ours to stop.")
        return
    stopped = stop_engine(settings.engine_dir)
    console.print("no engine was running" if stopped is None else f"engine stopped (pid {stopped.pid})")
