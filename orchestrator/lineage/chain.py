"""Lineage of facts and quarantine. Views of migrations fill them, so dbt's SQL says nothing of it; feeds.yml does."""

from collections.abc import Iterable, Iterator, Mapping

from sqlglot import exp, parse_one

from orchestrator.feeds.feed import LINEAGE, Feed
from orchestrator.feeds.resolution import Resolution, resolution_of
from orchestrator.lineage.expressions import DIALECT, Column, Lineage, dictionary_columns


def lineage_of_fact(feed: Feed) -> Lineage:
    """What each column of a feed's fact is made of: landed columns, and attributes of dictionaries that are asked."""
    chain = _Chain(feed)
    return {
        **{column.id: chain.inputs(f"resolved_{column.id}") for column in feed.codes},
        feed.time.name: chain.inputs("parsed_time"),
        "known_at": chain.inputs("received_at"),
        **{name: chain.inputs(expression) for name, expression in chain.resolution.typed},
        "batch_id": chain.inputs("batch_id"),
        "row_number": chain.inputs("row_number"),
    }


def lineage_of_quarantine(feed: Feed) -> Lineage:
    """The same of its quarantine; number and operation of an attempt are made of nothing."""
    chain = _Chain(feed)
    reasons = chain.inputs(*chain.resolution.conditions.values())
    return {
        **{name: chain.inputs(name) for name in (*LINEAGE, *feed.columns)},
        "attempt": frozenset(),
        "operation_id": frozenset(),
        "reason_mask": reasons,
        "reasons": reasons,
    }


class _Chain:
    """The expressions by which a landed row is judged; each may use those before it."""

    def __init__(self, feed: Feed) -> None:
        self.resolution: Resolution = resolution_of(feed)
        self._landing = feed.landing
        self._landed = {*LINEAGE, *feed.columns}
        self._parts = _by_name(self.resolution.parts)

    def inputs(self, *expressions: str) -> frozenset[Column]:
        """What these expressions are made of in the end."""
        return frozenset(found for text in expressions for found in self._inputs(_parsed(text)))

    def _inputs(self, expression: exp.Expr) -> Iterator[Column]:
        yield from dictionary_columns(expression)
        for name in {column.name for column in expression.find_all(exp.Column)}:
            if name in self._parts:
                yield from self._inputs(self._parts[name])
            elif name in self._landed:
                yield Column(self._landing, name)


def _by_name(parts: Iterable[str]) -> Mapping[str, exp.Expr]:
    parsed = [_parsed(part) for part in parts]
    return {part.alias: part for part in parsed}


def _parsed(expression: str) -> exp.Expr:
    query = parse_one(f"SELECT {expression}", dialect=DIALECT)
    assert isinstance(query, exp.Select)
    return query.selects[0]
