"""A trace as a tree for people."""

from collections.abc import Iterable
from datetime import datetime

from rich.text import Text
from rich.tree import Tree

from orchestrator.warehouse.tracing.model import (
    DISCARDED,
    IN_FACT,
    IN_QUARANTINE,
    NOWHERE,
    Attempt,
    DagsterRun,
    Fact,
    LandedRow,
    Provenance,
    StateChange,
    Trace,
    TracedId,
    Verdict,
    Version,
)

_SHORT_SHA = 12


def tree_of(trace: Trace) -> Tree:
    """The whole trace, a branch for each thing that the row came from or went to."""
    tree = Tree(_text(f"{trace.feed} {trace.key}: {_place(trace)}"))
    if trace.fact:
        _add_fact(tree, trace.fact)
    _add_ids(tree, trace.ids)
    _add_landed(tree, trace.landed)
    _add_file(tree, trace)
    _add_batch(tree, trace)
    _add_attempts(tree, trace.attempts, trace.verdict)
    for run in trace.runs:
        tree.add(_text(_run(run)))
    _add_provenance(tree, trace.provenance)
    return tree


def _place(trace: Trace) -> str:
    if trace.place == IN_FACT and trace.fact:
        return f"in {trace.fact.table}"
    return {
        IN_QUARANTINE: f"in quarantine_{trace.feed}, open",
        DISCARDED: f"given up, in quarantine_{trace.feed}",
        NOWHERE: f"landed and in no place yet; `touchstone backfill {trace.feed}` gives it one",
    }[trace.place]


def _add_fact(tree: Tree, fact: Fact) -> None:
    branch = tree.add(_text(f"fact of {_time(fact.event_time)}, known at {_time(fact.known_at)}"))
    for name, value in fact.measures.items():
        branch.add(_text(f"{name} = {value}"))
    if fact.copies > 1:
        branch.add(_text(f"it is there {fact.copies} times; see `touchstone reconcile`"))
    if fact.later_versions:
        branch.add(_text(f"later versions of this event: {fact.later_versions}"))


def _add_ids(tree: Tree, ids: Iterable[TracedId]) -> None:
    branch = tree.add(_text("IDs"))
    for traced in ids:
        if not traced.id:
            branch.add(_text(f"{traced.column}: {traced.received!r} has no ID"))
            continue
        leaf = branch.add(_text(f"{traced.column}_id = {traced.id}: {_named(traced)}"))
        leaf.add(_text(_versions(traced)))
        for line in _origin(traced):
            leaf.add(_text(line))


def _named(traced: TracedId) -> str:
    now, then = _name_of(traced.now), _name_of(traced.then)
    return f"{now} now and when the row became known" if now == then else f"{now} now, {then} when the row became known"


def _name_of(version: Version | None) -> str:
    if version is None:
        return "not in the dictionary"
    return f"{version.code!r}" if version.is_active else f"{version.code!r} (retired)"


def _versions(traced: TracedId) -> str:
    now = traced.now
    if now is None:
        return f"versions in dim_{traced.domain}: {traced.versions}"
    attributes = "".join(f", {name} {value!r}" for name, value in now.attributes.items())
    place = f"version {now.version} of {traced.versions} in dim_{traced.domain}"
    return f"{place}, recorded at {_time(now.recorded_at)}{attributes}"


def _origin(traced: TracedId) -> Iterable[str]:
    if traced.first_landed:
        landed = traced.first_landed
        yield (
            f"minted here; the code came first in {landed.file} row {landed.row_number:,} "
            f"({landed.table}, batch {landed.batch_id}, {_time(landed.received_at)})"
        )
    if traced.ledger is None:
        return
    origin, seen_at = traced.ledger.origin, traced.ledger.seen_at
    seen = f", seen here first at {_time(seen_at)}" if seen_at else ""
    if origin is None:
        yield f"the ledger in this folder has no such line{seen}"
        return
    yield f"seeds/lookup_ids.csv line {origin.line:,}: {origin.text}{seen}"
    commit = origin.commit
    yield (
        f"commit {commit.sha[:_SHORT_SHA]} by {commit.author}, {_time(commit.authored_at)}: {commit.summary}"
        if commit
        else "commit unknown: the line is not committed, or Git cannot tell"
    )


def _add_landed(tree: Tree, landed: LandedRow | None) -> None:
    if landed is None:
        tree.add(_text("the row is no longer in landing"))
        return
    branch = tree.add(_text(f"as received, in {landed.table} since {_time(landed.received_at)}"))
    for column, text in landed.cells.items():
        branch.add(_text(f"{column} = {text!r}"))


def _add_file(tree: Tree, trace: Trace) -> None:
    file = trace.file
    if not file.name:
        tree.add(_text(f"file unknown, row {file.row_number:,}"))
        return
    place = f"line {file.line:,} (row {file.row_number:,})" if file.line else f"row {file.row_number:,} ({file.note})"
    branch = tree.add(_text(f"file {file.name}, {place}"))
    branch.add(_text(f"SHA-256 {file.content_sha256}"))
    if file.path:
        branch.add(_text(f"the same content is in {file.path}"))


def _add_batch(tree: Tree, trace: Trace) -> None:
    branch = tree.add(_text(f"batch {trace.batch.batch_id}"))
    if not trace.batch.states:
        branch.add(_text("nobody recorded it; see `touchstone reconcile`"))
    for change in trace.batch.states:
        branch.add(_text(_change(change)))


def _add_attempts(tree: Tree, attempts: Iterable[Attempt], verdict: Verdict | None) -> None:
    attempts = list(attempts)
    if not attempts:
        tree.add(_text("never in quarantine"))
    for attempt in attempts:
        branch = tree.add(_text(f"attempt {attempt.attempt}: {attempt.outcome}"))
        for reason, remedy in attempt.reasons.items():
            branch.add(_text(f"{reason}: {remedy}" if remedy else reason))
        if operation := attempt.operation:
            note = f", note {operation.note!r}" if operation.note else ""
            leaf = branch.add(
                _text(
                    f"{operation.action} {operation.operation_id} by {operation.actor or 'unknown'}{note}, "
                    f"rows {operation.selection or '{}'}"
                )
            )
            for change in operation.states:
                leaf.add(_text(_change(change)))
    if verdict is not None:
        judged = "would be accepted" if verdict.is_acceptable else f"would be rejected: {', '.join(verdict.reasons)}"
        tree.add(_text(f"fed again now it {judged}"))


def _run(run: DagsterRun) -> str:
    if not run.status:
        return f"Dagster run {run.run_id}: not known to the instance here"
    ended = f" to {_time(run.ended_at)}" if run.ended_at else ""
    began = f", {_time(run.started_at)}{ended}" if run.started_at else ""
    return f"Dagster run {run.run_id}: {run.status}, job {run.job}{began}"


def _add_provenance(tree: Tree, provenance: Provenance) -> None:
    recorded = ", ".join(provenance.code_versions) or "unknown"
    branch = tree.add(_text(f"code: touchstone {recorded} then, {provenance.code_version_now} now"))
    if not provenance.commit_recorded:
        branch.add(_text("commit of the code: not recorded, batches keep the package's version"))
    tree.add(
        _text(f"schema: migrations {_range(provenance.migrations_then)} then, {_range(provenance.migrations_now)} now")
    )


def _range(versions: tuple[int, ...]) -> str:
    if not versions:
        return "none"
    first, last = versions[0], versions[-1]
    is_whole = len(versions) == last - first + 1
    return f"{first:04d} to {last:04d}" if is_whole else ", ".join(f"{version:04d}" for version in versions)


def _change(change: StateChange) -> str:
    rows = ", ".join(f"{count:,} {name}" for name, count in change.rows.items() if count)
    run = f"Dagster run {change.dagster_run_id}" if change.dagster_run_id else "no Dagster run"
    parts = [part for part in (rows, f"touchstone {change.code_version}", run, change.message) if part]
    return f"{change.state} at {_time(change.recorded_at)}: {', '.join(parts)}"


def _time(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="microseconds").replace("+00:00", " UTC")


def _text(words: str) -> Text:
    """Words as they are: what files say is no markup."""
    return Text(words)
