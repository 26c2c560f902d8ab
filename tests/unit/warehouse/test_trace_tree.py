"""A trace as people see it, and as machines do."""

from dataclasses import replace
from datetime import UTC, datetime

from rich.console import Console

from orchestrator.lookups.origins import Commit, Origin
from orchestrator.verbs.trace_tree import tree_of
from orchestrator.warehouse.tracing import Trace, as_json
from orchestrator.warehouse.tracing.model import (
    Attempt,
    BatchHistory,
    DagsterRun,
    DeliveredFile,
    Fact,
    LandedRow,
    LedgerEntry,
    Operation,
    Provenance,
    StateChange,
    TracedId,
    Verdict,
    Version,
)

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
OLD = Version(1, "PX [old]", True, {}, AT, AT)
NEW = Version(2, "PX", False, {"field_type": "number"}, AT, AT)
COMMIT = Commit("0123456789abcdef", "A. Nalyst", AT, "Add PX")
FIELD = TracedId("field", "field", 7, "PX", NEW, OLD, 2, LedgerEntry(Origin(9, "field,,PX,7", COMMIT), AT))
COMMITTED = StateChange("committed", AT, "0.1.0", "run-1", {"landed": 2, "accepted": 1, "rejected": 0}, "")
TRACE = Trace(
    feed="observations",
    key="12345678901234567890:3",
    place="fact",
    fact=Fact("fct_observations", AT, AT, {"value_number": 1.5}, copies=1, later_versions=1),
    ids=(FIELD,),
    landed=LandedRow("landing_observations", AT, {"field": "PX", "value": "[red]1.5"}),
    file=DeliveredFile("a.csv", "f" * 64, 3, 5, "/drop/a.csv", ""),
    batch=BatchHistory(12345678901234567890, AT, (COMMITTED,)),
    attempts=(),
    verdict=None,
    runs=(DagsterRun("run-1", ""),),
    provenance=Provenance(("0.1.0",), "0.2.0", False, (1, 2, 3), (1, 2, 4)),
)


def shown(trace: Trace) -> str:
    console = Console(width=400, highlight=False)
    with console.capture() as captured:
        console.print(tree_of(trace))
    return captured.get()


def test_a_fact_shows_names_then_and_now_with_the_ledger_line_and_its_commit() -> None:
    told = shown(TRACE)
    for words in (
        "observations 12345678901234567890:3: in fct_observations",
        "later versions of this event: 1",
        "field_id = 7: 'PX' (retired) now, 'PX [old]' when the row became known",
        "version 2 of 2 in dim_field, recorded at 2026-01-05 12:00:00.000000 UTC, field_type 'number'",
        "seeds/lookup_ids.csv line 9: field,,PX,7, seen here first at 2026-01-05 12:00:00.000000 UTC",
        "commit 0123456789ab by A. Nalyst, 2026-01-05 12:00:00.000000 UTC: Add PX",
        "value = '[red]1.5'",
        "file a.csv, line 5 (row 3)",
        "committed at 2026-01-05 12:00:00.000000 UTC: 2 landed, 1 accepted, touchstone 0.1.0, Dagster run run-1",
        "never in quarantine",
        "Dagster run run-1: not known to the instance here",
        "code: touchstone 0.1.0 then, 0.2.0 now",
        "commit of the code: not recorded",
        "schema: migrations 0001 to 0003 then, 0001, 0002, 0004 now",
    ):
        assert words in told


def test_a_discarded_row_shows_its_attempts_and_who_gave_it_up() -> None:
    discard = Operation(7, "discard", '{"reasons": ["bad_value"]}', "no number", "ops", (COMMITTED,))
    attempts = (
        Attempt(1, "rejected", {"bad_value": "Correct it."}, None),
        Attempt(2, "discarded", {"discarded": ""}, discard),
    )
    unresolved = replace(FIELD, id=0, received="PXX", now=None, then=None)
    told = shown(
        replace(
            TRACE,
            place="discarded",
            fact=None,
            ids=(unresolved,),
            file=DeliveredFile("stdin", "f" * 64, 3, None, "", "it came through standard input"),
            attempts=attempts,
            verdict=Verdict(False, ("unknown_field",)),
        )
    )
    for words in (
        "given up, in quarantine_observations",
        "field: 'PXX' has no ID",
        "file stdin, row 3 (it came through standard input)",
        "attempt 1: rejected",
        "bad_value: Correct it.",
        'discard 7 by ops, note \'no number\', rows {"reasons": ["bad_value"]}',
        "fed again now it would be rejected: unknown_field",
    ):
        assert words in told


def test_as_json_wide_numbers_are_text_and_times_are_iso_8601() -> None:
    told = as_json(TRACE)
    assert told["batch"]["batch_id"] == "12345678901234567890"
    assert told["batch"]["received_at"] == "2026-01-05T12:00:00+00:00"
    assert told["ids"][0]["ledger"]["origin"]["commit"]["sha"] == COMMIT.sha
    assert told["provenance"]["migrations_now"] == [1, 2, 4]
