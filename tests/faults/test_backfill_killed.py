"""A backfill of ninety days of a fact and its mart, whose engine and whose process are killed: the next try finishes it."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from house import Checkout

from orchestrator.embedded import engine_state

PARTS = (("2019-10-01", "2019-11-14"), ("2019-11-15", "2019-12-29"))
BACKFILL = ("backfill", "fct_observations", "--from", PARTS[0][0], "--to", PARTS[1][1], "--days-a-run", "45")
FACTS = (
    "SELECT toString(toDate(observed_at)) AS day, count(), "
    "toString(sum(sipHash64(* EXCEPT (value_number, value_text, value_date), toString(value_number), value_text)))"
    " FROM fct_observations GROUP BY day ORDER BY day"
)
MART = "SELECT * FROM mart_daily_observations ORDER BY ALL"
IN_DAYS = "SELECT count() FROM touchstone.fct_observations WHERE toDate(observed_at) BETWEEN '{}' AND '{}'"
DEADLINE_SECONDS = 240


def wait_until_days_are_away(checkout: Checkout, run: subprocess.Popen[str], days: tuple[str, str], rows: int) -> None:
    """The backfill has taken these days' facts out, and not yet fed all of them again; the engine may be away meanwhile."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    client = None
    while True:
        assert run.poll() is None, f"the backfill ended before it could be disturbed:\n{run.communicate()[0]}"
        assert time.monotonic() < deadline, "no fact was taken out"
        state = engine_state(checkout.home / "engine")
        try:
            if state is not None:
                client = client or clickhouse_connect.get_client(host="127.0.0.1", port=state.port)
                if int(str(client.command(IN_DAYS.format(*days)))) < rows:
                    return
        except ClickHouseError:
            client = None
        time.sleep(0.02)


def kill_engine(checkout: Checkout) -> None:
    state = engine_state(checkout.home / "engine")
    assert state is not None
    os.kill(state.pid, signal.SIGKILL)


def kill_run(checkout: Checkout, run: subprocess.Popen[str]) -> None:
    os.killpg(run.pid, signal.SIGKILL)
    run.wait(DEADLINE_SECONDS)
    assert engine_state(checkout.home / "engine") is not None


@pytest.mark.timeout(600)
def test_it_ends_equal_to_an_undisturbed_one(run_checkout: Callable[[], Checkout]) -> None:
    """One story: the engine dies in the first part, which its own tries finish; the process dies in the second one."""
    checkout = run_checkout()
    facts, mart = checkout.rows(FACTS), checkout.rows(MART)
    first, second = (int(checkout.rows(IN_DAYS.format(*days))[0][0]) for days in PARTS)
    assert min(first, second) > 500

    disturbed = checkout.start(*BACKFILL)
    wait_until_days_are_away(checkout, disturbed, PARTS[0], first)
    kill_engine(checkout)
    wait_until_days_are_away(checkout, disturbed, PARTS[1], second)
    kill_run(checkout, disturbed)

    finished = checkout.touchstone(*BACKFILL, "--resume").stdout
    assert "90 days, 2019-10-01 to 2019-12-29, in 2 runs" in finished
    assert re.findall(r"(2019-\d\d-\d\d) to (2019-\d\d-\d\d): made (before|in)", finished) == [
        (*PARTS[0], "before"),
        (*PARTS[1], "in"),
    ]
    assert checkout.rows(FACTS) == facts
    assert checkout.rows(MART) == mart
