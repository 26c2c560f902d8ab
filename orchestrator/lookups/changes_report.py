"""What a change of the desk does, as people and machines read it; every report is given line by line."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from orchestrator.lookups.compare import Changes, Code
from orchestrator.lookups.reports import Format, markdown_table, markdown_text
from orchestrator.warehouse.usage import Usage

# of one kind; a report that nobody reads to its end helps nobody
FLOOD: Final = 200
_NOT_MINTED: Final = "not minted yet"

# title, columns, rows
_Section = tuple[str, Sequence[str], Sequence[tuple[str, ...]]]


def render_changes(changes: Changes, revision: str, usage: Usage, output_format: Format) -> Iterator[str]:
    """The report, without line ends; GitHub's is the same as text."""
    if output_format is Format.JSON:
        yield _json(changes, revision, usage)
        return
    render = _markdown if output_format is Format.MARKDOWN else _text
    yield from render(_sections(changes), revision, usage)


def _sections(changes: Changes) -> Iterator[_Section]:
    code = ("Domain", "Parent", "Code", "ID")
    yield "New codes", code, _codes(changes.new)
    yield "Retired codes", code, _codes(changes.retired)
    yield "Returned codes", code, _codes(changes.returned)
    renamed = [(line.domain, line.parent_key, line.old, line.new, str(line.id)) for line in changes.renamed]
    yield "Renamed codes", ("Domain", "Parent", "Before", "Now", "ID"), renamed
    merged = [
        (line.domain, line.parent_key, line.old, _id(line.old_id), line.new, _id(line.new_id))
        for line in changes.merged
    ]
    yield "Merged codes", ("Domain", "Parent", "Code", "ID", "Into", "ID"), merged
    changed = [
        (line.domain, line.key, _id(line.id), line.attribute, line.before, line.after) for line in changes.changed
    ]
    yield "Changed attributes", ("Domain", "Code", "ID", "Attribute", "Before", "Now"), changed


def _codes(codes: Iterable[Code]) -> list[tuple[str, ...]]:
    return [(code.domain, code.parent_key, code.key, _id(code.id)) for code in codes]


def _id(number: int | None) -> str:
    return _NOT_MINTED if number is None else str(number)


def _facts(usage: Usage) -> list[tuple[str, ...]]:
    return [
        (domain, table, f"{rows:,}") for domain, tables in usage.rows.items() for table, rows in sorted(tables.items())
    ]


def _text(sections: Iterable[_Section], revision: str, usage: Usage) -> Iterator[str]:
    yield f"lookup desk compared with {revision}"
    is_empty = True
    for title, columns, rows in sections:
        if rows:
            is_empty = False
            yield f"{title}: {len(rows):,}"
            yield from (f"  {_sentence(columns, row)}" for row in rows[:FLOOD])
            if len(rows) > FLOOD:
                yield f"  and {len(rows) - FLOOD:,} more"
    if is_empty:
        yield "no code changes"
    yield from _facts_text(usage)


def _sentence(columns: Sequence[str], row: Sequence[str]) -> str:
    pairs = zip(columns, row, strict=True)
    return ", ".join(f"{column.lower() if column != 'ID' else column} {cell!r}" for column, cell in pairs if cell)


def _facts_text(usage: Usage) -> Iterator[str]:
    if usage.reason:
        yield f"facts: {usage.reason}"
        return
    for domain, table, rows in _facts(usage):
        yield f"facts: {table}: {rows} rows with these codes of {domain}"


def _markdown(sections: Iterable[_Section], revision: str, usage: Usage) -> Iterator[str]:
    yield f"### Lookup desk compared with {markdown_text(revision)}"
    is_empty = True
    for title, columns, rows in sections:
        if rows:
            is_empty = False
            yield from ("", f"**{title}: {len(rows):,}**", "")
            yield from markdown_table(columns, rows[:FLOOD])
            if len(rows) > FLOOD:
                yield from ("", f"and {len(rows) - FLOOD:,} more")
    yield ""
    if is_empty:
        yield "No code changes."
    elif usage.reason:
        yield f"Facts: {markdown_text(usage.reason)}"
    elif rows := _facts(usage):
        yield from ("**Facts that hold codes that are retired, renamed, merged or changed**", "")
        yield from markdown_table(("Domain", "Table", "Rows"), rows)


def _json(changes: Changes, revision: str, usage: Usage) -> str:
    kinds = {
        kind: [line._asdict() for line in getattr(changes, kind)]
        for kind in ("new", "retired", "returned", "renamed", "merged", "changed")
    }
    facts = {"rows": usage.rows, "reason": usage.reason}
    return json.dumps({"base": revision, **kinds, "facts": facts}, ensure_ascii=False, indent=2)
