"""Metrics pushed to a receiver that is really there: by the verb, and by the sensors when a run ends."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import Result
from dagster import DagsterInstance, SkipReason, build_run_status_sensor_context, job, op
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.sensors.metrics import metrics_sensors
from orchestrator.settings import Settings, get_settings

Pushed = list[tuple[str, str, str]]


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pushed]:
    """Method, path and body of what a local gateway was handed; TOUCHSTONE_PUSHGATEWAY_URL names it."""
    taken: Pushed = []

    class Gateway(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            taken.append((self.command, self.path, body))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """A test says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("TOUCHSTONE_PUSHGATEWAY_URL", f"http://127.0.0.1:{server.server_port}")
    get_settings.cache_clear()
    yield taken
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_verb_replaces_what_the_gateway_has_of_this_database(
    shared: Settings, shared_touchstone: Callable[..., Result], pushed: Pushed
) -> None:
    done = shared_touchstone("metrics", "--push")
    assert done.exit_code == 0, done.output
    [(method, path, body)] = pushed
    assert (method, path) == ("PUT", f"/metrics/job/touchstone/database/{shared.clickhouse_database}")
    values = {family.name: family.samples for family in text_string_to_metric_families(body)}
    assert values["touchstone_engine_up"][0].value == 1
    assert len(values["touchstone_rows"]) > 10


def test_a_gateway_that_is_not_named_or_not_there_is_said(
    touchstone: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Set TOUCHSTONE_PUSHGATEWAY_URL." in touchstone("metrics", "--push").stderr
    for url in ("http://127.0.0.1:9", "no url at all"):
        monkeypatch.setenv("TOUCHSTONE_PUSHGATEWAY_URL", url)
        get_settings.cache_clear()
        refused = touchstone("metrics", "--push")
        assert refused.exit_code == 1
        assert f"The Pushgateway at {url} did not take the metrics" in refused.stderr


def test_only_one_of_serving_and_pushing_is_asked_for(touchstone: Callable[..., Result]) -> None:
    assert touchstone("metrics", "--serve", "--push").exit_code == 2


@op
def well() -> None: ...


@job
def any_job() -> None:
    well()


def said(number: int) -> str:
    """What a sensor answers to a run that ended."""
    with DagsterInstance.ephemeral() as instance:
        result = any_job.execute_in_process(instance=instance)
        sensor = metrics_sensors()[number]
        context = build_run_status_sensor_context(
            sensor.name, result.get_run_success_event(), instance, result.dagster_run
        )
        answer = sensor(context)
    assert isinstance(answer, SkipReason)
    return str(answer.skip_message)


@pytest.mark.parametrize("number", [0, 1])
def test_the_end_of_a_run_pushes(shared_touchstone: Callable[..., Result], pushed: Pushed, number: int) -> None:
    assert said(number).startswith("Pushed to http://127.0.0.1:")
    assert len(pushed) == 1


def test_without_a_gateway_the_sensors_are_off_and_do_nothing(touchstone: Callable[..., Result]) -> None:
    assert said(0) == "TOUCHSTONE_PUSHGATEWAY_URL is not set."
    assert {sensor.default_status.value for sensor in metrics_sensors()} == {"STOPPED"}
    assert [sensor.name for sensor in metrics_sensors()] == ["metrics_pushed_on_success", "metrics_pushed_on_failure"]
