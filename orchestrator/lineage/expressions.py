"""What a column is made of, as an expression of ClickHouse names it: columns, and attributes of dictionaries."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlglot import exp

DIALECT: Final = "clickhouse"

_DICTIONARY_FUNCTIONS: Final = "dictGet"


class Column(NamedTuple):
    """A column of a table or view, or an attribute of a dictionary."""

    relation: str
    name: str


# by name of a column what it is made of
Lineage = dict[str, frozenset[Column]]


def dictionary_columns(expression: exp.Expr) -> Iterator[Column]:
    """The attributes that `dictGet`, `dictGetOrDefault` and their kin take, where both names are literals."""
    for call in expression.find_all(exp.Anonymous):
        if not call.name.startswith(_DICTIONARY_FUNCTIONS):
            continue
        dictionary, asked = call.expressions[:2]
        for attribute in asked.expressions if isinstance(asked, exp.Tuple) else [asked]:
            if dictionary.is_string and attribute.is_string:
                yield Column(dictionary.name.rpartition(".")[2], attribute.name)
