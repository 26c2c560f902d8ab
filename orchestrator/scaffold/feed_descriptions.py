"""The YAML of feeds' models and sources: grain, columns with types, constraints and tests, from the declared feeds."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from orchestrator.feeds.feed import Column, Feed
from orchestrator.feeds.resolution import constraints_of, measures_of, sorting_of
from orchestrator.scaffold.entries import Entry, column_entry, test_entry

_TIME: Final = "DateTime64(6, 'UTC')"
_DATABASE: Final = "{{ env_var('CLICKHOUSE_DATABASE', 'touchstone') }}"


def landing_sources(feeds: Iterable[Feed]) -> dict[str, Any]:
    """The source `landing`: a table per feed, rows as received."""
    return {
        "name": "landing",
        "schema": _DATABASE,
        "description": "Rows exactly as received, with their lineage. Migrations own the tables, "
        "the loader appends to them.",
        "tables": [_landing_table(feed) for feed in feeds],
    }


def fact(feed: Feed) -> Entry:
    """The accepted rows of a feed with a chain."""
    keys = list(sorting_of(feed)[:-1])
    return {
        "name": feed.fact,
        "description": f"One row per accepted {feed.noun}: {feed.means}, as known at one time. "
        "IDs and measures only; ClickHouse itself refuses an ID that its dictionary does not hold. "
        "Corrections are further rows with a later known_at.",
        "constraints": [{"type": "check", **constraint} for constraint in _constraints(feed)],
        "data_tests": [
            test_entry("unique_combination", feed.fact, columns=["batch_id", "row_number"]),
            _check(
                feed,
                "no_orphans",
                "Every ID of every fact is in its dictionary, also of rows that are older than their constraint.",
                keys=[key for key in _constraints(feed) if key["name"].startswith("fk_")],
            ),
            _check(
                feed,
                "in_exactly_one_place",
                "Batch by batch: every landed row is in the fact, in open quarantine or discarded, and there once.",
                landing=f"source('landing', '{feed.landing}')",
                quarantine=f"ref('{feed.quarantine}')",
                batches="source('operations', 'ops_batches')",
                feed=feed.name,
            ),
            *_combination_test(feed),
            _warning(
                feed,
                "versions_do_not_contradict",
                "No batch gives one event two values; where one does, its later row counts.",
                columns=keys,
                measures=[name for name, _type in measures_of(feed)],
            ),
            _warning(
                feed,
                "codes_are_used",
                "Of every dimension at least one listed code is in a fact.",
                codes=[{"column": column.id, "domain": column.code} for column in feed.codes],
            ),
            _warning(
                feed,
                "rows_like_before",
                "As many rows as on the same weekday before, by median and median absolute deviation.",
                rows=f"source('landing', '{feed.landing}')",
                time="received_at",
            ),
        ],
        "columns": [
            *(_id_column(column) for column in feed.codes),
            column_entry(feed.time.name, _TIME, f"{feed.time.means}, UTC.", "not_null"),
            column_entry("known_at", _TIME, "Knowledge time, when it reached the warehouse, UTC.", "not_null"),
            *(_measure(feed, name, kind) for name, kind in measures_of(feed)),
            column_entry("batch_id", "UInt64", "Batch that brought the row; see ops_batches."),
            column_entry("row_number", "UInt64", "Number of the row within its file, from 1."),
        ],
    }


def quarantine(feed: Feed) -> Iterator[Entry]:
    """The log of attempts, and the view of what is open."""
    columns = [
        column_entry("batch_id", "UInt64", "Batch that brought the row; see ops_batches."),
        column_entry("row_number", "UInt64", "Number of the row within its file, from 1."),
        column_entry("attempt", "UInt16", "1 for the load itself, then one more per replay or discard."),
        column_entry("operation_id", "UInt64", "The replay or discard, see ops_quarantine; 0 for the load itself."),
        column_entry("reason_mask", "UInt64", "The faults as bits, as dim_reason numbers them; bit 63 for a discard."),
    ]
    received = [
        column_entry("received_at", _TIME, "When the row was landed, UTC."),
        *(column_entry(column.name, "String", f"{column.means}, as received.") for column in feed.specs),
    ]
    reasons = column_entry(
        "reasons", "Array(LowCardinality(String))", "The faults by name, all of them; see dim_reason."
    )
    still_open = f"{feed.quarantine}_open"
    yield {
        "name": feed.quarantine,
        "description": "One row per attempt that failed, and per later attempt of the same landed row. "
        "Append-only; an attempt without reasons is the one that brought the row into the fact, "
        "one with the reason discarded gave it up.",
        "data_tests": [
            test_entry("unique_combination", feed.quarantine, columns=["batch_id", "row_number", "attempt"])
        ],
        "columns": [*columns, reasons, *received],
    }
    yield {
        "name": still_open,
        "description": "One row per landed row that is in no fact and was not given up, "
        "with the reasons of its latest attempt.",
        "data_tests": [test_entry("unique_combination", still_open, columns=["batch_id", "row_number"])],
        "columns": [*columns, {**reasons, "data_tests": ["not_empty"]}, *received],
    }


def _constraints(feed: Feed) -> list[Entry]:
    """As ClickHouse prints them, so that they can be found there; the database's name is filled in by macros."""
    return [
        {"name": name, "expression": expression.replace("${DATABASE}", "<database>")}
        for name, expression in constraints_of(feed)
    ]


def _landing_table(feed: Feed) -> Entry:
    return {
        "name": feed.landing,
        "description": f"One row per row of a file of {feed.name}, as received: {feed.means}.",
        "columns": [
            column_entry("batch_id", "UInt64", "Batch that brought the row; see ops_batches."),
            column_entry("row_number", "UInt64", "Number of the row within its file, from 1."),
            column_entry("received_at", _TIME, "When the batch was first received, UTC."),
            *(
                column_entry(
                    column.name,
                    column.landing_type if feed.has_chain else "String",
                    f"{column.means}, as received{'; may be blank' if feed.is_catalogue or column.optional else ''}.",
                )
                for column in feed.specs
            ),
        ],
    }


def _id_column(column: Column) -> Entry:
    noun = column.name.replace("_", " ")
    none = "; 0 for none" if column.optional else ""
    foreign_key = {"type": "foreign_key", "to": f"ref('dim_{column.code}')", "to_columns": [f"{column.code}_id"]}
    entry = column_entry(column.id, "UInt32", f"The {noun}{none}.")
    return {**entry, "constraints": [foreign_key]}


def _measure(feed: Feed, name: str, kind: str) -> Entry:
    return column_entry(name, kind, next(_meanings(column, name) for column in feed.specs if _is_of(column, name)))


def _is_of(column: Column, measure: str) -> bool:
    return measure == column.name or bool(column.value_of and measure.startswith(f"{column.name}_"))


def _meanings(column: Column, measure: str) -> str:
    kinds = {
        "number": "of a number, integer or boolean (1 or 0)",
        "text": "of a text or identifier",
        "date": "of a date",
    }
    if column.value_of:
        return f"{column.means} {kinds[measure.removeprefix(f'{column.name}_')]} {column.value_of}."
    return f"{column.means}."


def _combination_test(feed: Feed) -> list[Entry]:
    if not feed.combination:
        return []
    ids = [f"{name}_id" for name in feed.combination]
    meaning = "Every combination of codes is one that the lookup desk lists."
    return [_warning(feed, "permitted_combinations", meaning, dictionary="ref('dict_combination')", columns=ids)]


def _check(feed: Feed, name: str, meaning: str, /, **arguments: Any) -> Entry:  # noqa: ANN401 whatever YAML takes
    """A test of the fact that says what it means."""
    entry: Entry = test_entry(name, feed.fact, **arguments)[name]
    return {name: {"name": entry["name"], "description": meaning, "arguments": entry["arguments"]}}


def _warning(feed: Feed, name: str, meaning: str, /, **arguments: Any) -> Entry:  # noqa: ANN401 whatever YAML takes
    check = _check(feed, name, meaning, **arguments)
    check[name]["config"] = {"severity": "warn"}
    return check
