"""A real daemon with sensors and schedules on: what arrives becomes facts without a hand, what breaks is told once."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from dagster import DagsterInstance, RunsFilter
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from house import Checkout, free_port

from orchestrator.feeds.specs import get_feed

PATIENCE_SECONDS = 240
OBSERVATIONS = get_feed("observations")
ROW = {
    "observed_at": "2026-08-08", "source": "sp500_constituents", "instrument": "MMM", "asset_class": "Equity",
    "sub_asset_class": "Common Stock", "product_type": "Common Stock", "data_class": "Security Master",
    "field": "GICS_SECTOR_NAME", "value": "Industrials",
}  # fmt: skip
NEW_FIELD = {
    "product_type": "Common Stock", "data_class": "Security Master", "field": "ID_COMMON", "asset_class": "Equity",
    "sub_asset_class": "Common Stock", "field_type": "identifier", "field_description": "common code of the security",
}  # fmt: skip
VALUES = "SELECT count() FROM v_observations WHERE value_text = '{}'"


@dataclass
class Slack:
    """A receiver of webhooks, and what it was sent."""

    messages: list[str] = field(default_factory=list)
    port: int = field(default_factory=free_port)


@dataclass
class House:
    """A checkout with a warehouse, whose daemon runs."""

    checkout: Checkout
    drop: Path
    slack: Slack

    def deliver(self, name: str, *rows: dict[str, str]) -> None:
        lines = [",".join(OBSERVATIONS.columns), *(",".join((ROW | row).values()) for row in rows)]
        (self.drop / "observations" / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def count(self, statement: str) -> int:
        return int(self.checkout.rows(statement)[0][0])

    def is_idle(self) -> bool:
        with DagsterInstance.from_config(str(self.checkout.home / "dagster")) as instance:
            return instance.get_runs(RunsFilter(statuses=NOT_FINISHED_STATUSES)) == []

    def alerts_of(self, job: str) -> list[str]:
        return [message for message in self.slack.messages if job in message]


@pytest.fixture(scope="module")
def slack() -> Iterator[Slack]:
    heard = Slack()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.messages.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", heard.port), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield heard
    server.shutdown()


@pytest.fixture(scope="module")
def house(
    run_checkout: Callable[[], Checkout], slack: Slack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    checkout, drop = run_checkout(), tmp_path_factory.mktemp("drop")
    (drop / "observations").mkdir()
    checkout.variables |= {
        "TOUCHSTONE_DROP_DIR": str(drop),
        "TOUCHSTONE_ENVIRONMENT": "staging",
        "TOUCHSTONE_SLACK_WEBHOOK_URL": f"http://127.0.0.1:{slack.port}/hook",
    }
    said = drop / "daemon.log"
    with said.open("w", encoding="utf-8") as output:
        process = checkout.start("ui", "--port", str(free_port()), output=output)
    yield House(checkout, drop, slack)
    process.terminate()
    assert process.wait(PATIENCE_SECONDS) == 0, said.read_text(encoding="utf-8")


def wait_for(happened: Callable[[], object], what: str, house: House) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < deadline, f"{what} did not happen:\n{(house.drop / 'daemon.log').read_text()[-4000:]}"
        time.sleep(0.5)


@pytest.mark.timeout(900)
def test_what_arrives_becomes_facts_what_is_learned_is_replayed_and_what_breaks_is_told_once(
    house: House, new_checkout: Callable[[], Checkout]
) -> None:
    """One story, as each part stands on the one before: a daemon takes long to start."""
    house.deliver("first.csv", {"value": "dropped"}, {"field": "ID_COMMON", "value": "learned"})
    wait_for(lambda: house.count(VALUES.format("dropped")), "the dropped row", house)
    assert house.count(VALUES.format("learned")) == 0

    desk = new_checkout()
    desk.add_lookup(**NEW_FIELD)
    desk.touchstone("lookups", "mint")
    for name in ("lookup_ids.csv", "lookups.csv"):
        text = (desk.folder / "seeds" / name).read_text(encoding="utf-8")
        (house.checkout.folder / "seeds" / name).write_text(text, encoding="utf-8")
    wait_for(lambda: house.count(VALUES.format("learned")), "the replay", house)
    wait_for(house.is_idle, "the end of all runs", house)
    assert house.slack.messages == []

    house.checkout.touchstone("sql", "DELETE FROM fct_observations WHERE toDate(observed_at) = '2019-10-01'")
    house.deliver("second.csv", {"observed_at": "2026-08-19", "value": "behind the broken check"})
    wait_for(lambda: house.alerts_of("load_observations"), "the alert", house)
    assert house.count(VALUES.format("behind the broken check")) == 1
    assert house.count("SELECT count() FROM mart_daily_observations WHERE day = '2026-08-19'") == 0
    [told] = house.alerts_of("load_observations")
    assert "in_exactly_one_place" in told
