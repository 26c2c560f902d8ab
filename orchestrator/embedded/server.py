"""The engine as a process of its own: `python -m orchestrator.embedded.server --home DIR [--port N] [--foreground]`.

Started by `life.lifecycle`, or by hand with --foreground. Otherwise the options come as one JSON object on standard
input, so that no process list shows the password; --home and --port are there for those who look at one.
"""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from orchestrator.embedded.life.options import DATA_FOLDER, DRAIN_SECONDS, ServerOptions
from orchestrator.embedded.life.owner import serve
from orchestrator.embedded.life.state import LOG_FILE
from orchestrator.exceptions import EngineError
from orchestrator.helpers import configure_logging, get_logger

_log = get_logger("orchestrator.embedded.server")


def main() -> int:
    """Run as a process; the outcome of the start goes as one JSON line to --report-fd."""
    parser = argparse.ArgumentParser(prog="python -m orchestrator.embedded.server")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--drain-seconds", type=float, default=DRAIN_SECONDS)
    parser.add_argument("--report-fd", type=int)
    parser.add_argument("--foreground", action="store_true")
    arguments = parser.parse_args()
    if arguments.foreground:
        configure_logging("INFO", "console")
    else:
        configure_logging("INFO", "json", arguments.home / LOG_FILE)
    if arguments.foreground:
        data = arguments.home / DATA_FOLDER
        options = ServerOptions(arguments.home, arguments.port, data, drain_seconds=arguments.drain_seconds)
    else:
        options = ServerOptions.from_dict(json.loads(sys.stdin.readline()))
    report = _reporter(arguments.report_fd)
    try:
        serve(options, lambda state: report({"pid": state.pid}))
    except EngineError as error:
        _log.error("cannot start", error=str(error))
        report({"error": type(error).__name__, "message": error.message, "remedy": error.remedy})
        return 1
    return 0


def _reporter(descriptor: int | None) -> Callable[[dict[str, object]], None]:
    def report(outcome: dict[str, object]) -> None:
        if descriptor is not None:
            with contextlib.suppress(OSError), os.fdopen(descriptor, "w", encoding="utf-8") as pipe:
                pipe.write(json.dumps(outcome) + "\n")

    return report


if __name__ == "__main__":
    sys.exit(main())
