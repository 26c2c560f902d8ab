"""Judgement by SQL of the tests' own: where every row of a file is, and what is never allowed, whatever just broke."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

from clickhouse_connect.driver.client import Client
from integrity_rows import Row, numbered
from integrity_world import FEED

from orchestrator.warehouse.reconciliation import find_orphans, reconcile_feed

DISCARDED = "discarded"
# One pass over the three tables, a row of `rows` for each landed row and for each that is nowhere landed.
_CENSUS = """
WITH rows AS (
    SELECT
        batch_id,
        row_number,
        countIf(place = 'landed') AS landed,
        countIf(place = 'fact') AS facts,
        countIf(place = 'log') AS attempts,
        uniqExactIf(attempt, place = 'log') AS different_attempts,
        argMaxIf(reasons, attempt, place = 'log') AS latest,
        uniqExactIf(known_at, place != 'log') AS moments
    FROM (
        SELECT batch_id, row_number, 'landed' AS place, 0 AS attempt, [] AS reasons, received_at AS known_at
        FROM landing_observations
        UNION ALL SELECT batch_id, row_number, 'fact', 0, [], known_at FROM fct_observations
        UNION ALL SELECT batch_id, row_number, 'log', attempt, arrayMap(reason -> toString(reason), reasons), received_at
        FROM quarantine_observations
    )
    GROUP BY batch_id, row_number
)
SELECT
    countIf(landed > 1) AS landed_twice,
    countIf(facts > 1) AS in_the_fact_twice,
    countIf(attempts > different_attempts) AS attempts_twice,
    countIf(landed = 0) AS never_landed,
    countIf(moments > 1) AS known_at_another_moment_than_received,
    countIf(
        (SELECT countIf(ended = 0) FROM (
            SELECT countIf(state != 'started') AS ended FROM ops_quarantine WHERE action = 'replay' GROUP BY operation_id
        )) = 0
        AND batch_id IN (SELECT batch_id FROM ops_batches WHERE state = 'committed')
        AND facts + notEmpty(latest) != 1
    ) AS committed_and_not_in_one_place,
    sum(landed) AS all_landed,
    sum(facts) AS all_facts,
    countIf(notEmpty(latest) AND latest != ['discarded']) AS all_open,
    countIf(latest = ['discarded']) AS all_discarded
FROM rows
"""
_FAULTS = 6
_LANDED = (
    "SELECT row_number, {columns} FROM landing_observations WHERE batch_id = {{batch_id:UInt64}} ORDER BY row_number"
)
_FACTS = """
SELECT
    row_number, instrument_id, toString(toDate(observed_at)), value_number,
    (source_id, asset_class_id, sub_asset_class_id, product_type_id, data_class_id, field_id),
    value_text IS NULL AND value_date IS NULL
FROM fct_observations
WHERE batch_id = {batch_id:UInt64}
"""
_LATEST = """
SELECT row_number, arrayMap(reason -> toString(reason), reasons), {columns}
FROM quarantine_observations
WHERE batch_id = {{batch_id:UInt64}}
ORDER BY attempt DESC LIMIT 1 BY row_number
"""
_TRAIL = """
SELECT toString(state), rows_landed, rows_accepted, rows_rejected
FROM ops_batches
WHERE batch_id = {batch_id:UInt64}
ORDER BY recorded_at
"""
_UNFINISHED = (
    "SELECT operation_id FROM ops_quarantine WHERE action = 'replay' GROUP BY 1 HAVING countIf(state != 'started') = 0"
)


@dataclass(frozen=True)
class Places:
    """Where the rows of a batch are, by row number.

    Attributes:
        facts: instrument's ID, event date and value of those in the fact.
        reasons: of those whose latest attempt was rejected, or given up.
    """

    facts: Mapping[int, tuple[int, str, float]]
    reasons: Mapping[int, tuple[str, ...]]


def require_never_broken(client: Client, *, is_whole: bool = True) -> tuple[int, ...]:
    """What holds at every moment for all batches of the database; gives all rows landed, in the fact, open and discarded.

    Args:
        client: of the database.
        is_whole: nothing was taken from committed batches on purpose.
    """
    result = client.query(_CENSUS)
    census = dict(zip(result.column_names, map(int, result.result_rows[0]), strict=True))
    broken = {name: rows for name, rows in list(census.items())[:_FAULTS] if rows}
    if not is_whole:
        broken.pop("committed_and_not_in_one_place", None)
    assert not broken
    return tuple(census.values())[_FAULTS:]


def require_no_orphans(client: Client) -> None:
    """No fact points at nothing."""
    scanned, orphans = find_orphans(client, FEED)
    assert len(orphans) >= len(FEED.codes)
    assert set(orphans.values()) == {0}, f"orphans among {scanned} facts: {orphans}"


def require_landed(client: Client, batch_id: int, rows: Sequence[Row]) -> None:
    """Every row of the file is landed, once and as it was delivered."""
    query = _LANDED.format(columns=", ".join(FEED.columns))
    landed = client.query(query, {"batch_id": batch_id}).result_rows
    assert [tuple(row) for row in landed] == [(number, *row.cells) for number, row in numbered(rows)]


def places_of(client: Client, batch_id: int, rows: Sequence[Row]) -> Places:
    """Where the batch's rows are: each in exactly one place, with its own content there."""
    by_number = dict(numbered(rows))
    facts: dict[int, tuple[int, str, float]] = {}
    for number, instrument, day, value, others, is_alone in client.query(_FACTS, {"batch_id": batch_id}).result_rows:
        assert number not in facts, f"row {number} is in the fact twice"
        assert (instrument, day, value) == by_number[number].fact(), f"row {number} has become another one"
        assert (set(others), is_alone) == ({1}, 1)
        facts[number] = (instrument, day, value)
    query = _LATEST.format(columns=", ".join(FEED.columns))
    reasons: dict[int, tuple[str, ...]] = {}
    for number, said, *cells in client.query(query, {"batch_id": batch_id}).result_rows:
        assert tuple(cells) == by_number[number].cells, f"row {number} has become another one"
        if said:
            reasons[number] = tuple(said)
    assert not facts.keys() & reasons.keys(), f"in two places: {sorted(facts.keys() & reasons.keys())}"
    lost = by_number.keys() - facts.keys() - reasons.keys()
    assert not lost, f"in no place: {sorted(lost)}"
    return Places(facts, reasons)


def require_possible(rows: Sequence[Row], places: Places, late: Collection[str], discarded: Collection[int]) -> None:
    """Every row is judged as it may be when some of the late codes are known; what was given up stays so."""
    learned = list(chain.from_iterable(combinations(late, size) for size in range(len(late) + 1)))
    for number, row in numbered(rows):
        said = places.reasons.get(number, ())
        possible: Iterable[tuple[str, ...]] = (
            [(DISCARDED,)] if number in discarded else [row.faults(taught) for taught in learned]
        )
        assert said in possible, f"row {number} is said to be {said or 'good'}"


def require_exactly(rows: Sequence[Row], places: Places, taught: Collection[str], discarded: Collection[int]) -> None:
    """Every row is where it belongs when these late codes are known and everything open has been judged since."""
    expected = {number: (DISCARDED,) if number in discarded else row.faults(taught) for number, row in numbered(rows)}
    assert places.reasons == {number: reasons for number, reasons in expected.items() if reasons}


def require_consistent_trail(client: Client, batch_id: int, rows: int) -> None:
    """The batch was started, landed and committed with counts that add up; no replay or discard is left unfinished."""
    trail: list[tuple[Any, ...]] = [tuple(row) for row in client.query(_TRAIL, {"batch_id": batch_id}).result_rows]
    assert trail[0][0] == "started"
    assert {"landed", "committed"} <= {state for state, *_ in trail}
    for state, landed, accepted, rejected in trail:
        assert landed == (rows if state in {"landed", "committed"} else 0)
        assert accepted + rejected <= landed
    assert client.query(_UNFINISHED).result_rows == []


def require_reconciled(client: Client, counted: tuple[int, ...]) -> None:
    """The product's own reconciliation agrees with rows counted landed, in the fact, open and discarded."""
    balance = reconcile_feed(client, FEED)
    assert (balance.wrong, balance.unfinished) == ((), ())
    assert (balance.landed, balance.facts, balance.open, balance.discarded) == counted
