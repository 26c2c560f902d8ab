"""`touchstone trace`, as typed: a row in each place it can be in, on the sample data and in a small world."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from clickhouse_connect.driver.client import Client
from house import Checkout, FirstRun
from known_codes import GOOD_ROW, teach_codes
from observation_files import file_of, teach_instrument

from orchestrator.settings import Settings

Touchstone = Callable[..., Result]
EVENT = ("instrument=MMM", "field=NAME", "observed_at=2026-08-08")


@pytest.fixture(scope="module")
def checkout(first_run: FirstRun) -> Checkout:
    return first_run.checkout


@pytest.fixture
def on_sample_data(checkout: Checkout, touchstone_on: Callable[[Settings], Touchstone]) -> Touchstone:
    """The command, in this process, on the warehouse of the checkout."""
    port = int(checkout.variables["CLICKHOUSE_PORT"])
    return touchstone_on(Settings(touchstone_home=checkout.home, clickhouse_port=port))


@pytest.fixture
def world(migrated: Settings, client: Client) -> Client:
    teach_codes(client)
    return client


def traced(touchstone: Touchstone, *key: str) -> dict[str, Any]:
    result = touchstone("trace", "observations", *key, "--format", "json")
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_a_fact_of_the_sample_data_leads_to_its_line_run_and_ledger_lines(
    checkout: Checkout, on_sample_data: Touchstone
) -> None:
    told = json.loads(checkout.touchstone("trace", "observations", *EVENT, "--format", "json").stdout)
    file = checkout.folder / "sample_data" / "observations" / "sp500_constituents.csv"
    assert (told["file"]["name"], told["file"]["path"]) == (file.name, str(file))
    line = file.read_text(encoding="utf-8").splitlines()[told["file"]["line"] - 1]
    assert line.split(",") == list(told["landed"]["cells"].values())

    [run] = told["runs"]
    assert (run["status"], run["job"]) == ("SUCCESS", "everything")
    assert run["run_id"] in on_sample_data("trace", "observations", told["key"]).stdout
    assert [change["state"] for change in told["batch"]["states"]] == ["started", "landed", "committed"]

    ledger = (checkout.folder / "seeds" / "lookup_ids.csv").read_text(encoding="utf-8").splitlines()
    ids = {traced_id["column"]: traced_id for traced_id in told["ids"]}
    assert len(ids) == 7
    for column, traced_id in ids.items():
        assert traced_id["now"]["code"] == traced_id["then"]["code"] == told["landed"]["cells"][column]
        if column == "instrument":
            assert traced_id["first_landed"]["file"] == "instruments.csv"
        else:
            origin = traced_id["ledger"]["origin"]
            assert ledger[origin["line"] - 1] == origin["text"]
            assert origin["text"].endswith(f",{traced_id['id']}")
    assert told["provenance"]["migrations_then"] == told["provenance"]["migrations_now"]
    assert told["provenance"]["commit_recorded"] is False


def test_several_facts_are_listed_and_one_is_asked_for(on_sample_data: Touchstone) -> None:
    listed = on_sample_data("trace", "observations", EVENT[0], "--limit", "1")
    assert listed.exit_code == 1
    assert "and 3 rows more; --limit shows them" in listed.stdout
    assert "8 rows in quarantine say the same" in listed.stdout
    assert "4 rows fit. Name one: touchstone trace observations 3835064172605103484:1" in listed.stdout


def test_a_row_that_was_corrected_replayed_and_given_up_tells_its_story(
    touchstone: Touchstone, world: Client, tmp_path: Path
) -> None:
    unknown = (*GOOD_ROW[:2], "LATE", *GOOD_ROW[3:])
    path = file_of(tmp_path / "first.csv", [GOOD_ROW, unknown, (*GOOD_ROW[:-1], "x")])
    assert touchstone("load", "observations", path).exit_code == 0
    late = traced(touchstone, "instrument=LATE")
    assert (late["place"], late["attempts"][0]["outcome"]) == ("quarantine", "rejected")
    assert list(late["attempts"][0]["reasons"]) == ["unknown_instrument"]
    assert late["verdict"] == {"is_acceptable": False, "reasons": ["unknown_instrument"]}
    assert late["file"]["note"].endswith("--file says where it is")
    assert {traced_id["column"]: traced_id["id"] for traced_id in late["ids"]}["instrument"] == 0
    assert traced(touchstone, late["key"], "--file", str(path))["file"]["line"] == 3
    other = touchstone("trace", "observations", late["key"], "--file", file_of(tmp_path / "other.csv", [GOOD_ROW]))
    assert other.exit_code == 1
    assert "does not have the content of batch" in other.stderr

    teach_instrument(world, 31, "LATE")
    assert traced(touchstone, late["key"])["verdict"] == {"is_acceptable": True, "reasons": []}
    touchstone("quarantine", "replay", "observations", "--all", "--note", "it is known now")
    touchstone("quarantine", "discard", "observations", "--all", "--note", "no number")
    replayed = traced(touchstone, "instrument_id=31")
    assert (replayed["place"], replayed["key"]) == ("fact", late["key"])
    assert [attempt["outcome"] for attempt in replayed["attempts"]] == ["rejected", "accepted"]
    assert replayed["attempts"][1]["operation"]["note"] == "it is known now"
    given_up = traced(touchstone, late["key"].replace(":2", ":3"))
    assert given_up["place"] == "discarded"
    assert [attempt["outcome"] for attempt in given_up["attempts"]] == ["rejected", "rejected", "discarded"]
    assert given_up["attempts"][-1]["operation"]["note"] == "no number"

    assert touchstone("load", "observations", file_of(tmp_path / "later.csv", [(*GOOD_ROW[:-1], "2")])).exit_code == 0
    corrected = touchstone("trace", "observations", "instrument=AAPL", "observed_at=2026-01-05T00:00:00Z")
    assert corrected.exit_code == 1
    assert "2 rows fit." in corrected.stdout
    first = traced(touchstone, late["key"].replace(":2", ":1"))
    assert (first["fact"]["later_versions"], first["fact"]["measures"]) == (1, {"value_number": 1.5})


def test_a_landed_row_without_a_place_is_told_as_such(
    shared_touchstone: Touchstone, desk_client: Client, tmp_path: Path
) -> None:
    assert shared_touchstone("load", "observations", file_of(tmp_path / "lost.csv", [GOOD_ROW])).exit_code == 0
    told = traced(shared_touchstone, "instrument=AAPL")
    desk_client.command("TRUNCATE TABLE fct_observations")
    lost = shared_touchstone("trace", "observations", told["key"])
    assert "landed and in no place yet; `touchstone backfill observations` gives it one" in lost.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing", "1:1"), "There is no feed 'nothing'."),
        (("instruments", "1:1"), "Rows of feed 'instruments' go to no fact"),
        (("observations", "12"), "'12' is no key."),
        (("observations", "12:1"), "The feed observations has no batch 12."),
        (("observations", "instrument=NONE"), "No row of observations says instrument=NONE."),
    ],
)
def test_what_cannot_be_traced_is_told_with_exit_1(
    shared_touchstone: Touchstone, arguments: tuple[str, ...], message: str
) -> None:
    refused = shared_touchstone("trace", *arguments)
    assert refused.exit_code == 1
    assert message in refused.stderr
