"""Lineage of a query, read from its SQL by sqlglot; some milliseconds for a model of this house."""

from collections.abc import Collection, Iterator, Mapping

from sqlglot import exp, parse_one
from sqlglot.lineage import Node, lineage
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import build_scope
from sqlglot.schema import MappingSchema

from orchestrator.exceptions import LineageError
from orchestrator.lineage.expressions import DIALECT, Column, Lineage, dictionary_columns


def lineage_of_query(sql: str, database: str, columns: Mapping[str, Collection[str]]) -> Lineage:
    """What each column of a query is made of. What only filters, joins or groups rows is not told.

    Args:
        sql: a SELECT.
        database: of all relations in it.
        columns: their columns by their names; types do not matter.

    Raises:
        LineageError: it cannot be read.
    """
    schema = MappingSchema(
        {database: {relation: dict.fromkeys(names, "String") for relation, names in columns.items() if names}},
        dialect=DIALECT,
    )
    try:
        query = qualify(
            parse_one(sql, dialect=DIALECT),
            dialect=DIALECT,
            schema=schema,
            validate_qualify_columns=False,
            identify=False,
        )
        if not isinstance(query, exp.Query):
            raise TypeError(f"No query: {sql[:80]!r}.")  # noqa: TRY301 one place names what was read
        # one scope for all columns: to qualify anew for each of them takes most of the time
        scope = build_scope(query)
        return {
            name: frozenset(
                _inputs(lineage(name, query, schema, dialect=DIALECT, scope=scope, trim_selects=False, copy=False))
            )
            for name in query.named_selects
        }
    except Exception as error:  # whatever sqlglot stumbles over in SQL that it does not know
        raise LineageError(f"The lineage of a query cannot be read: {error}") from error


def _inputs(column: Node) -> Iterator[Column]:
    for step in column.walk():
        if isinstance(step.expression, exp.Table):
            yield Column(step.expression.name, exp.to_column(step.name).name)
        else:
            yield from dictionary_columns(step.expression)
