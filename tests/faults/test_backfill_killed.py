"""A backfill of ninety days of a fact and its mart, whose process and whose engine are killed: the next try finishes it."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable

import pytest
from house import Checkout

from orchestrator.embedded import engine_state

DAYS = ("--from", "2019-10-01", "--to", "2019-12-29")
BACKFILL = ("backfill", "fct_observations", *DAYS, "--days-a-run", "45")
FACTS = (
    "SELECT toString(toDate(observed_at)) AS day, count(), "
    "toString(sum(sipHash64(* EXCEPT (value_number, value_text, value_date), toString(value_number), value_text)))"
    " FROM fct_observations GROUP BY day ORDER BY day"
)
MART = "SELECT * FROM mart_daily_observations ORDER BY ALL"
IN_DAYS = "SELECT count() FROM fct_observations WHERE toDate(observed_at) BETWEEN '2019-10-01' AND '2019-12-29'"
DEADLINE_SECONDS = 120


def wait_until_days_are_away(checkout: Checkout, run: subprocess.Popen[str], rows: int) -> None:
    """The backfill has taken facts out, and not yet fed all of them again."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while int(checkout.rows(IN_DAYS)[0][0]) == rows:
        assert run.poll() is None, f"the backfill ended before it could be disturbed:\n{run.communicate()[0]}"
        assert time.monotonic() < deadline, "no fact was taken out"


def kill_run(checkout: Checkout, run: subprocess.Popen[str]) -> None:
    os.killpg(run.pid, signal.SIGKILL)
    run.wait(DEADLINE_SECONDS)
    assert engine_state(checkout.home / "engine") is not None


def kill_engine(checkout: Checkout, run: subprocess.Popen[str]) -> None:
    state = engine_state(checkout.home / "engine")
    assert state is not None
    os.kill(state.pid, signal.SIGKILL)
    run.communicate(timeout=DEADLINE_SECONDS)


@pytest.mark.timeout(600)
def test_it_ends_equal_to_an_undisturbed_one(run_checkout: Callable[[], Checkout]) -> None:
    checkout = run_checkout()
    facts, mart, rows = checkout.rows(FACTS), checkout.rows(MART), int(checkout.rows(IN_DAYS)[0][0])
    assert rows > 3000

    for kill in (kill_run, kill_engine):
        disturbed = checkout.start(*BACKFILL)
        wait_until_days_are_away(checkout, disturbed, rows)
        kill(checkout, disturbed)

    finished = checkout.touchstone(*BACKFILL, "--resume").stdout
    assert len(re.findall(r"2019-\d\d-\d\d to 2019-\d\d-\d\d: made", finished)) == 2
    assert checkout.rows(FACTS) == facts
    assert checkout.rows(MART) == mart
    assert "90 days, 2019-10-01 to 2019-12-29, in 2 runs" in checkout.touchstone(*BACKFILL, "--plan").stdout
