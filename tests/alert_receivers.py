"""Local receivers of alerts, and the alerts that tests send to them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from orchestrator.alerts import Alert, Severity

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)

FAILED = Alert(
    kind="run_failed",
    title="Job everything failed: 1 step",
    error="landing_observations: prices.csv:7: 'x' is not a <number>.",
    remedy="Mend the line & load the file again.",
    severity=Severity.ERROR,
    environment="staging",
    at=NOON,
    job="everything",
    run_id="6c1f6c1e-0000-4000-8000-000000000001",
    run_url="http://dagster.example/runs/6c1f6c1e-0000-4000-8000-000000000001",
    steps=("landing_observations",),
    assets=("landing_observations",),
    details=("landing_observations: prices.csv:7: 'x' is not a <number>.",),
    error_class="FeedFileError",
)


def in_run(number: int) -> Alert:
    """The same failure in another run."""
    return replace(FAILED, run_id=f"run-{number}", run_url=f"http://dagster.example/runs/run-{number}")


class Receiver:
    """What a local HTTP server was sent."""

    def __init__(self, port: int, status: int) -> None:
        self.url = f"http://127.0.0.1:{port}/services/T0000/B0000/hidden-token"
        self.status = status
        self.bodies: list[dict[str, Any]] = []


@contextmanager
def receiver(status: int = 200) -> Iterator[Receiver]:
    """A local HTTP server that keeps the JSON bodies it gets and answers with this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            received.bodies.append(json.loads(self.rfile.read(length)))
            self.send_response(received.status)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        received = Receiver(server.server_port, status)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield received
        finally:
            server.shutdown()
            thread.join()
