"""The engine dies in the middle of a run: it is completed, and every count is that of an undisturbed run."""

import os
import signal
import subprocess
import time
from collections.abc import Callable

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import ClickHouseError
from house import Checkout, FirstRun

from orchestrator.embedded import engine_state

COUNTS = (
    "SELECT (SELECT count() FROM landing_instruments), (SELECT count() FROM landing_observations), "
    "(SELECT count() FROM fct_observations), (SELECT count() FROM quarantine_observations), "
    "(SELECT count() FROM dim_field), (SELECT count() FROM dim_sub_asset_class), (SELECT count() FROM dim_instrument), "
    "(SELECT sum(cityHash64(instrument_id, code)) FROM dim_instrument), "
    "(SELECT sum(cityHash64(* EXCEPT known_at)) FROM fct_observations)"
)
# while dimensions are built, and while files are landed and placed
MOMENTS = (
    "SELECT count() > 0 FROM touchstone.dim_product_type",
    "SELECT count() > 0 FROM touchstone.fct_observations",
)
DEADLINE_SECONDS = 120
POLL_SECONDS = 0.05


def kill_engine_when(checkout: Checkout, run: subprocess.Popen[str], condition: str) -> None:
    """Wait until the condition holds, then kill the engine that answered."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    client = None
    while time.monotonic() < deadline:
        assert run.poll() is None, f"the run ended before it could be disturbed:\n{run.communicate()[0]}"
        state = engine_state(checkout.home / "engine")
        try:
            if state is not None:
                client = client or clickhouse_connect.get_client(host="127.0.0.1", port=state.port)
                if client.command(condition):
                    os.kill(state.pid, signal.SIGKILL)
                    return
        except ClickHouseError:
            pass  # the table is not there yet
        time.sleep(POLL_SECONDS)
    pytest.fail(f"never came true: {condition}")


def test_a_run_whose_engine_is_killed_twice_completes_by_its_own_tries_or_by_the_next_run(
    new_checkout: Callable[[], Checkout], first_run: FirstRun
) -> None:
    checkout = new_checkout()
    disturbed = checkout.start("run")
    for moment in MOMENTS:
        kill_engine_when(checkout, disturbed, moment)
    told = disturbed.communicate(timeout=DEADLINE_SECONDS)[0]
    if disturbed.returncode != 0:  # its tries were used up
        told = checkout.touchstone("run").stdout
    assert "0 failed" in told
    assert checkout.rows(COUNTS) == first_run.checkout.rows(COUNTS)
