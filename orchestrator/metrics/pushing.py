"""Metrics handed to a Prometheus Pushgateway, where nobody could scrape: a machine that is up for a run only."""

from http.client import HTTPException

from prometheus_client import push_to_gateway

from orchestrator.exceptions import MetricsPushError
from orchestrator.metrics.collector import registry_of
from orchestrator.settings import Settings

JOB = "touchstone"
_SECONDS = 10


def push_metrics(settings: Settings) -> str:
    """Replace what the Pushgateway has of this database; gives the gateway's URL.

    Raises:
        MetricsPushError: TOUCHSTONE_PUSHGATEWAY_URL is not set, nobody answers there, or the gateway refuses.
    """
    url = settings.touchstone_pushgateway_url
    if not url:
        raise MetricsPushError("No Pushgateway is named.", "Set TOUCHSTONE_PUSHGATEWAY_URL.")
    try:
        push_to_gateway(
            url,
            job=JOB,
            registry=registry_of(settings),
            grouping_key={"database": settings.clickhouse_database},
            timeout=_SECONDS,
        )
    except (OSError, HTTPException, ValueError) as error:
        raise MetricsPushError(
            f"The Pushgateway at {url} did not take the metrics: {error}.", "Check TOUCHSTONE_PUSHGATEWAY_URL."
        ) from error
    return url
