"""Batches without an engine: what makes two files the same batch, and when counts do not add up."""

from dataclasses import replace

import pytest

from orchestrator.exceptions import ReconciliationError
from orchestrator.feeds.specs import get_feed
from orchestrator.helpers import sha256_hex
from orchestrator.warehouse.batches import Counts, identify, reconcile

OBSERVATIONS = get_feed("observations")
INSTRUMENTS = get_feed("instruments")


SAME, OTHER = (sha256_hex([content]) for content in (b"same", b"other"))


def test_the_same_content_is_the_same_batch_under_any_name_and_another_content_or_feed_is_not() -> None:
    batch = identify(OBSERVATIONS, SAME, "a.csv", "")
    assert identify(OBSERVATIONS, SAME, "b.csv", "run").batch_id == batch.batch_id
    assert identify(OBSERVATIONS, OTHER, "a.csv", "").batch_id != batch.batch_id
    assert identify(INSTRUMENTS, SAME, "a.csv", "").batch_id != batch.batch_id


def test_an_id_is_frozen_it_is_the_head_of_sha_256_over_feed_and_content() -> None:
    batch = identify(OBSERVATIONS, SAME, "a.csv", "")
    assert batch.content_sha256 == "0967115f2813a3541eaef77de9d9d5773f1c0c04314b0bbfe4ff3b3b1c55b5d5"
    assert batch.batch_id == 1232268968619305977
    assert batch.received_at.utcoffset() is not None


@pytest.mark.parametrize(
    "counts", [Counts(9, 6, 3), Counts(10, 6, 3), Counts(10, 8, 3), Counts(11, 8, 3), Counts(10, 6, 3, 2)]
)
def test_counts_that_do_not_add_up_are_an_error_that_has_them_all(counts: Counts) -> None:
    batch = identify(OBSERVATIONS, SAME, "a.csv", "")
    message = rf"a\.csv: 10 rows in the file, {counts.landed} in landing_observations, {counts.accepted} accepted, "
    with pytest.raises(ReconciliationError, match=message) as error:
        reconcile(batch, counts, 10)
    assert error.value.remedy


def test_counts_that_add_up_are_fine_and_a_feed_without_a_chain_has_landing_alone() -> None:
    batch = identify(OBSERVATIONS, SAME, "a.csv", "")
    reconcile(batch, Counts(10, 7, 3), 10)
    reconcile(batch, Counts(10, 7, 1, 2), 10)
    reconcile(batch, Counts(0, 0, 0), 0)
    reconcile(replace(batch, feed=INSTRUMENTS), Counts(10, 0, 0), 10)
    with pytest.raises(ReconciliationError):
        reconcile(replace(batch, feed=INSTRUMENTS), Counts(9, 0, 0), 10)
