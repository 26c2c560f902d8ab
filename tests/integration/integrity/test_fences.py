"""A holder of a feed's lock that was paused: what it sends after another one took over is refused by the engine itself."""

from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from known_codes import GOOD_ROW
from observation_files import OBSERVATIONS, file_of

from orchestrator.settings import Settings
from orchestrator.warehouse import loader
from orchestrator.warehouse.client import connect
from orchestrator.warehouse.loader import PLACING, Circumstances, load_file
from orchestrator.warehouse.locks import Timing, writer_lock
from orchestrator.warehouse.placing import placing_lock


def test_a_condition_holds_until_another_one_takes_the_lock(shared_client: Client) -> None:
    with placing_lock(shared_client, OBSERVATIONS, wait_seconds=5, holder="first") as first:
        held = f"SELECT 1 WHERE {first.fence}"
        assert shared_client.query(held).result_rows == [(1,)]
        first.require()
        assert shared_client.query(held).result_rows == [(1,)]
    with placing_lock(shared_client, OBSERVATIONS, wait_seconds=5, holder="second") as second:
        assert shared_client.query(f"SELECT 1 WHERE {second.fence}").result_rows == [(1,)]
        with pytest.raises(ClickHouseError, match=r"'placing_observations' of .* was taken over by another holder"):
            shared_client.query(held)


def test_a_load_whose_lease_ran_out_while_it_was_paused_adds_nothing_to_what_its_successor_has_placed(
    taught: Settings, desk_client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "CHUNK_ROWS", 10)
    path = file_of(tmp_path / "a.csv", [(*GOOD_ROW[:-1], str(n)) for n in range(30)])
    # a lease that is over at once, and that nobody renews in time
    monkeypatch.setitem(
        writer_lock.__wrapped__.__kwdefaults__,  # type: ignore[attr-defined]
        "timing",
        Timing(lease_seconds=0, heartbeat_seconds=3600, poll_seconds=0.05),
    )
    # as if paused between the look at its lease and its statement
    monkeypatch.setattr("orchestrator.warehouse.locks.leases.Lease.require", lambda _lease: None)
    other = connect(taught, database=taught.clickhouse_database)
    done: list[int] = []

    def let_another_one_finish(phase: str, _rows: int) -> None:
        if phase == PLACING and not done:
            done.append(0)
            done.append(load_file(other, OBSERVATIONS, path).counts.accepted)

    with pytest.raises(ClickHouseError, match="was taken over by another holder"):
        load_file(desk_client, OBSERVATIONS, path, Circumstances(progress=let_another_one_finish))
    assert done == [0, 30]
    assert desk_client.query("SELECT count(), uniqExact(row_number) FROM fct_observations").result_rows == [(30, 30)]
