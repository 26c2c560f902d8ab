"""Metrics over HTTP, for Prometheus to scrape, and as text."""

import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from orchestrator.helpers import get_logger
from orchestrator.metrics.collector import registry_of
from orchestrator.settings import Settings

log = get_logger(__name__)


def serve_metrics(settings: Settings, host: str, port: int) -> None:
    """Answer GET /metrics and GET /-/healthy until interrupted or terminated."""
    log.info("metrics served", url=f"http://{host}:{port}/metrics")
    uvicorn.run(metrics_app(registry_of(settings)), host=host, port=port, log_config=None, access_log=False)


def metrics_app(registry: CollectorRegistry) -> Starlette:
    """The two pages. A scrape takes a thread, so that the health page answers meanwhile."""

    def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"Content-Type": content_type})

    def healthy(request: Request) -> Response:  # noqa: ARG001 as starlette calls it
        return PlainTextResponse("ok\n")

    return Starlette(routes=[Route("/metrics", metrics), Route("/-/healthy", healthy)])


def metrics_text(settings: Settings) -> bytes:
    """Everything that can be read now, in Prometheus' text format."""
    return generate_latest(registry_of(settings))
