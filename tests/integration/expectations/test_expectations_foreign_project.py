"""A project whose YAML was written for the upstream package runs with this one, and the YAML is not touched."""

from collections.abc import Callable
from pathlib import Path

import pytest
from expectations_builds import FOREIGN, Built

WARNED = {"every_price_has_a_volume": "1", "every_close_has_a_note": "5"}


@pytest.fixture(scope="module")
def foreign(build: Callable[[Path, Path], Built], tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The foreign project, built."""
    return build(FOREIGN, tmp_path_factory.mktemp("foreign"))


def test_everything_passes_but_what_the_data_lack(foreign: Built) -> None:
    tests = {
        name: outcome for name, outcome in foreign.outcomes.items() if foreign.nodes[name]["resource_type"] == "test"
    }
    assert len(tests) > 30
    assert {name: failures for name, (_, failures) in tests.items() if failures != "0"} == WARNED, foreign.said
    assert {status for name, (status, _) in tests.items() if name not in WARNED} == {"pass"}


def test_stored_failures_are_the_rows(foreign: Built) -> None:
    relation = foreign.nodes["every_price_has_a_volume"]["relation_name"]
    rows = foreign.client.query(f"SELECT isin, toString(trading_date) FROM {relation}").result_rows
    assert rows == [("US88579Y1010", "2024-01-04")]
