"""What maintenance refuses, on databases that were harmed: rows lost, objects altered, a TTL where nothing may go."""

from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from known_codes import GOOD_ROW, teach_codes
from observation_files import OBSERVATIONS, file_of

from orchestrator.exceptions import IntegrityError, ReconciliationError, RestoreDrillError, RetentionError
from orchestrator.settings import Settings
from orchestrator.warehouse.loader import load_file
from orchestrator.warehouse.maintenance.drift import prove_agreement, prove_places
from orchestrator.warehouse.maintenance.drills import compare, contents_of
from orchestrator.warehouse.maintenance.retention import keep_and_remove


@pytest.fixture
def filled(migrated: Settings, client: Client, tmp_path: Path) -> Settings:
    """A database with a fact, a row in quarantine and dictionaries."""
    teach_codes(client)
    load_file(client, OBSERVATIONS, file_of(tmp_path / "a.csv", [GOOD_ROW, (*GOOD_ROW[:-1], "bad")]))
    return migrated


def test_no_ttl_may_touch_what_is_kept_for_ever(migrated: Settings, client: Client) -> None:
    assert keep_and_remove(migrated)["tables_kept_for_ever"] > 15
    client.command("ALTER TABLE fct_observations MODIFY COMMENT 'no TTL here'")
    client.command("CREATE TABLE scratch (at DateTime) ENGINE = MergeTree ORDER BY at TTL at + INTERVAL 1 DAY")
    keep_and_remove(migrated)
    client.command("ALTER TABLE landing_observations MODIFY TTL toDateTime(received_at) + INTERVAL 10 YEAR")
    with pytest.raises(RetentionError, match=r"kept for ever, but have a TTL: landing_observations\."):
        keep_and_remove(migrated)


def test_rows_of_an_unknown_batch_and_ids_that_point_at_nothing_are_named(
    taught: Settings, desk_client: Client, tmp_path: Path
) -> None:
    load_file(desk_client, OBSERVATIONS, file_of(tmp_path / "a.csv", [GOOD_ROW]))
    assert prove_places(taught)["batches_of_observations"] == 1
    desk_client.command("INSERT INTO landing_observations (batch_id, row_number) VALUES (77, 1)")
    with pytest.raises(ReconciliationError, match="batch 77 of observations: rows of a batch that nobody recorded"):
        prove_places(taught)


def test_objects_altered_by_hand_are_named_in_every_way(filled: Settings, client: Client) -> None:
    assert prove_agreement(filled)["objects_as_migrated"] > 40
    client.command("ALTER TABLE fct_observations DROP CONSTRAINT has_exactly_one_value")
    with pytest.raises(IntegrityError) as error:
        prove_agreement(filled)
    assert "-    CONSTRAINT has_exactly_one_value" in str(error.value)
    assert "The feed observations is declared otherwise" in str(error.value)


def test_a_backup_that_does_not_give_back_what_was_there_is_told(filled: Settings, client: Client) -> None:
    before = contents_of(client)
    assert compare(client, before, before) == len(before) > 15
    client.command("TRUNCATE TABLE fct_observations")
    client.command("DROP TABLE ops_batches")
    with pytest.raises(RestoreDrillError) as error:
        compare(client, before, before)
    assert "ops_batches is not there" in str(error.value)
    assert "fct_observations has 0 rows with checksum 0, not 1 with " in str(error.value)
    grown = before | {"fct_observations": (2, "another")}
    with pytest.raises(RestoreDrillError, match="fct_observations has 0 rows, fewer than the 1 before the backup"):
        compare(client, before, grown)
