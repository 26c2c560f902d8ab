"""Gathering what one row came from: each question is one query of the tables that know."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from orchestrator.exceptions import TraceError
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.resolution import measures_of
from orchestrator.helpers import utc_now
from orchestrator.warehouse.tracing.files import find_file
from orchestrator.warehouse.tracing.ids import trace_ids
from orchestrator.warehouse.tracing.keys import RowKey
from orchestrator.warehouse.tracing.model import (
    DISCARDED,
    IN_FACT,
    IN_QUARANTINE,
    NOWHERE,
    REJECTED,
    Attempt,
    BatchHistory,
    DagsterRun,
    Fact,
    LandedRow,
    Provenance,
    StateChange,
    Trace,
)
from orchestrator.warehouse.tracing.quarantined import attempts_of, judge

_OF_ROW = "batch_id = {batch_id:UInt64} AND row_number = {row_number:UInt64}"


@dataclass(frozen=True)
class Surroundings:
    """What a trace looks at beside the warehouse.

    Attributes:
        seeds_dir: where the ledger is.
        drop_dir: where delivered files may still be.
        file: where the row's file is, if somebody says so.
        run_of: what is known of a Dagster run, by its ID.
    """

    seeds_dir: Path
    drop_dir: Path
    file: Path | None
    run_of: Callable[[str], DagsterRun]


def gather(client: Client, feed: Feed, row: RowKey, surroundings: Surroundings) -> Trace:
    """All that this landed row came from and went to. Nothing is written.

    Args:
        client: connected to the warehouse's database.
        feed: a feed with a chain.
        row: the row.
        surroundings: files, Git and Dagster.

    Raises:
        TraceError: there is no such row, or the named file is not the one it came in.
        FeedDriftError: the row is in no fact, and the view that could judge it is not there.
    """
    landed = _landed(client, feed, row)
    found = _fact(client, feed, row)
    attempts = attempts_of(client, feed, row)
    names, batch = _batch(client, feed, row)
    if not (landed or found or attempts):
        raise _no_such_row(client, feed, row, names)
    place = _place_of(found is not None, attempts)
    verdict = None
    if found is not None:
        fact, ids = found
        known_at = fact.known_at
    else:
        fact, known_at = None, landed.received_at if landed else utc_now()
        ids, verdict = judge(client, feed, row, attempts) if landed else ({}, None)
    received = landed.cells if landed else {}
    operations = {attempt.operation.operation_id: attempt.operation for attempt in attempts if attempt.operation}
    changes = [*batch.states, *(change for operation in operations.values() for change in operation.states)]
    return Trace(
        feed=feed.name,
        key=str(row),
        place=place,
        fact=fact,
        ids=trace_ids(client, feed, ids, received, known_at, surroundings.seeds_dir),
        landed=landed,
        file=find_file(feed, row, names, drop_dir=surroundings.drop_dir, told=surroundings.file),
        batch=batch,
        attempts=attempts,
        verdict=verdict,
        runs=_runs(changes, surroundings),
        provenance=_provenance(client, changes),
    )


def _parameters(row: RowKey) -> dict[str, Any]:
    return {"batch_id": row.batch_id, "row_number": row.row_number}


def _landed(client: Client, feed: Feed, row: RowKey) -> LandedRow | None:
    result = client.query(
        f"SELECT received_at, {', '.join(feed.columns)} FROM {feed.landing} WHERE {_OF_ROW} LIMIT 1",
        _parameters(row),
        tz_mode="aware",
    )
    for received_at, *cells in result.result_rows:
        return LandedRow(feed.landing, received_at, dict(zip(feed.columns, cells, strict=True)))
    return None


def _fact(client: Client, feed: Feed, row: RowKey) -> tuple[Fact, dict[str, int]] | None:
    """The row as a fact, and its IDs by column of the feed."""
    ids = [column.id for column in feed.codes]
    measures = [name for name, _type in measures_of(feed)]
    event = ", ".join(
        next((column.id for column in feed.codes if column.name == name), name) for name in feed.natural_key
    )
    later = (
        f"SELECT count() FROM {feed.fact} WHERE ({event}) IN (SELECT {event} FROM {feed.fact} WHERE {_OF_ROW}) "
        f"AND known_at > (SELECT max(known_at) FROM {feed.fact} WHERE {_OF_ROW})"
    )
    rows = client.query(
        f"SELECT ({later}), {feed.time.name}, known_at, {', '.join([*measures, *ids])} "
        f"FROM {feed.fact} WHERE {_OF_ROW}",
        _parameters(row),
        tz_mode="aware",
    ).result_rows
    if not rows:
        return None
    later_versions, event_time, known_at, *values = rows[0]
    measured = {name: value for name, value in zip(measures, values, strict=False) if value is not None}
    numbers = {column.name: int(number) for column, number in zip(feed.codes, values[len(measures) :], strict=True)}
    return Fact(feed.fact, event_time, known_at, measured, len(rows), int(later_versions)), numbers


def _batch(client: Client, feed: Feed, row: RowKey) -> tuple[tuple[str, str], BatchHistory]:
    """Name and SHA-256 of the row's file, and the batch's history; both empty for a batch that nobody recorded."""
    rows = client.query(
        "SELECT toString(state), recorded_at, code_version, dagster_run_id, rows_landed, rows_accepted, rows_rejected, "
        "message, source_file, toString(content_sha256), received_at FROM ops_batches "
        "WHERE feed = {feed:String} AND batch_id = {batch_id:UInt64} ORDER BY recorded_at, state",
        {"feed": feed.name, "batch_id": row.batch_id},
        tz_mode="aware",
    ).result_rows
    states = tuple(
        StateChange(state, at, code, run, {"landed": landed, "accepted": accepted, "rejected": rejected}, message)
        for state, at, code, run, landed, accepted, rejected, message, *_file in rows
    )
    name, content, received_at = rows[0][-3:] if rows else ("", "", None)
    return (name, content), BatchHistory(row.batch_id, received_at, states)


def _place_of(is_in_fact: bool, attempts: tuple[Attempt, ...]) -> str:
    if is_in_fact:
        return IN_FACT
    latest = attempts[-1].outcome if attempts else ""
    return {REJECTED: IN_QUARANTINE, DISCARDED: DISCARDED}.get(latest, NOWHERE)


def _no_such_row(client: Client, feed: Feed, row: RowKey, names: tuple[str, str]) -> TraceError:
    name, _content = names
    find_it = f"Find its row by what it says: `touchstone trace {feed.name} {feed.natural_key[0]}=...`."
    if not name:
        return TraceError(f"The feed {feed.name} has no batch {row.batch_id}.", find_it)
    landed = client.query(
        f"SELECT max(row_number) FROM {feed.landing} WHERE batch_id = {{batch_id:UInt64}}", _parameters(row)
    ).result_rows[0][0]
    return TraceError(f"Batch {row.batch_id} of {name} has rows up to {landed}, and no row {row.row_number}.", find_it)


def _runs(changes: list[StateChange], surroundings: Surroundings) -> tuple[DagsterRun, ...]:
    ids = dict.fromkeys(change.dagster_run_id for change in changes if change.dagster_run_id)
    return tuple(surroundings.run_of(run_id) for run_id in ids)


def _provenance(client: Client, changes: list[StateChange]) -> Provenance:
    """Code and schema; the migrations of the time when a state of the row was recorded last, and of now."""
    recorded = max((change.recorded_at for change in changes), default=None)
    rows = client.query(
        "SELECT version, max(created_at) AS applied_at FROM schema_versions GROUP BY version ORDER BY version",
        tz_mode="aware",
    ).result_rows
    applied = [(int(number), applied_at) for number, applied_at in rows]
    return Provenance(
        code_versions=tuple(dict.fromkeys(change.code_version for change in changes)),
        code_version_now=version("touchstone"),
        commit_recorded=False,
        migrations_then=tuple(number for number, applied_at in applied if recorded and applied_at <= recorded),
        migrations_now=tuple(number for number, _applied_at in applied),
    )
