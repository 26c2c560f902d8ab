"""What quarantine says of one row: its attempts with the operations behind them, and what the chain would say now."""

from typing import Any, Final

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.feed import DUPLICATE_IN_BATCH, Feed
from orchestrator.feeds.reasons import DISCARDED_BIT, reasons_of
from orchestrator.warehouse.judging import judging_select
from orchestrator.warehouse.tracing.keys import RowKey
from orchestrator.warehouse.tracing.model import (
    ACCEPTED,
    DISCARDED,
    REJECTED,
    Attempt,
    Operation,
    StateChange,
    Verdict,
)

_OF_ROW: Final = "batch_id = {batch_id:UInt64} AND row_number = {row_number:UInt64}"
_GIVEN_UP: Final = 1 << DISCARDED_BIT


def attempts_of(client: Client, feed: Feed, row: RowKey) -> tuple[Attempt, ...]:
    """The row's entries in quarantine's log, the first one first; none for a row that was accepted at once."""
    result = client.query(
        f"SELECT attempt, reason_mask, reasons, operation_id FROM {feed.quarantine} WHERE {_OF_ROW} ORDER BY attempt",
        _parameters(row),
    )
    remedies = {reason.name: reason.remedy for reason in reasons_of(feed)}
    operations = _operations(client, feed, [operation for *_attempt, operation in result.result_rows])
    return tuple(
        Attempt(
            attempt,
            _outcome(mask),
            {reason: remedies.get(reason, "") for reason in reasons},
            operations.get(operation),
        )
        for attempt, mask, reasons, operation in result.result_rows
    )


def judge(
    client: Client, feed: Feed, row: RowKey, attempts: tuple[Attempt, ...]
) -> tuple[dict[str, int], Verdict | None]:
    """What the chain would make of the landed row now: its IDs by column, 0 for none, and its reasons.

    Raises:
        FeedDriftError: the feed's view is not there.
    """
    is_repeated = any(DUPLICATE_IN_BATCH in attempt.reasons for attempt in attempts)
    entering = (
        "SELECT batch_id, row_number, toUInt16(1) AS attempt, toUInt64(0) AS operation_id, "
        f"{str(is_repeated).lower()} AS is_repeated, received_at, {', '.join(feed.columns)} "
        f"FROM {feed.landing} WHERE {_OF_ROW}"
    )
    ids = ", ".join(column.id for column in feed.codes)
    judged = judging_select(client, feed, entering)
    mask, *numbers = client.query(f"SELECT reason_mask, {ids} FROM ({judged}) LIMIT 1", _parameters(row)).result_rows[0]
    reasons = tuple(reason.name for reason in reasons_of(feed) if mask >> reason.bit & 1)
    return dict(zip((column.name for column in feed.codes), map(int, numbers), strict=True)), Verdict(not mask, reasons)


def _parameters(row: RowKey) -> dict[str, Any]:
    return {"batch_id": row.batch_id, "row_number": row.row_number}


def _outcome(mask: int) -> str:
    if mask & _GIVEN_UP:
        return DISCARDED
    return REJECTED if mask else ACCEPTED


def _operations(client: Client, feed: Feed, ids: list[int]) -> dict[int, Operation]:
    """Replays and discards by number, each with its changes of state in order."""
    wanted = [number for number in ids if number]
    if not wanted:
        return {}
    result = client.query(
        "SELECT operation_id, toString(action), selection, note, actor, toString(state), recorded_at, code_version, "
        "dagster_run_id, rows_selected, rows_accepted, message FROM ops_quarantine "
        "WHERE feed = {feed:String} AND operation_id IN {ids:Array(UInt64)} ORDER BY recorded_at, state",
        {"feed": feed.name, "ids": wanted},
        tz_mode="aware",
    )
    heads: dict[int, tuple[str, str, str, str]] = {}
    states: dict[int, list[StateChange]] = {}
    for number, action, selection, note, actor, state, at, code, run, selected, accepted, message in result.result_rows:
        heads.setdefault(number, (action, selection, note, actor))
        rows = {"selected": selected, "accepted": accepted}
        states.setdefault(number, []).append(StateChange(state, at, code, run, rows, message))
    return {number: Operation(number, *head, tuple(states[number])) for number, head in heads.items()}
