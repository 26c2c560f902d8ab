"""What kinds of keys cost in ClickHouse: frozen integers, hashes and strings, in size and time, on the same facts.

Each fact refers to two codes, one that the table is sorted by and one that it is not. Measured are the insert that
turns codes into keys (a dictionary's lookup, a hash, or nothing), the compressed size of both key columns in one part,
and a sum of all facts by an attribute of the second code, by JOIN with the dimension and by dictGet. The ways take
turns in rounds, after one that does not count.

Then how many of the codes get another key: when the same rows are numbered again (the most of ten times), when they
come in another order, when one code comes before them, and when a code is renamed. Frozen integers are minted by the
project's own code.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from statistics import median
from typing import Final

from benchmarks.embedded.setting import ask, new_connection, new_engine, show
from benchmarks.identity.renumbering import COLUMNS, moved_keys, what_the_serial_says
from benchmarks.identity.setting import parser, timed
from orchestrator.helpers import plural, stdout_console

_CODE: Final = "substring(hex(MD5(toString({number}))), 1, 12)"
_DIMENSION: Final = (
    "CREATE TABLE dimension ENGINE = MergeTree ORDER BY id AS SELECT toUInt32(number + 1) AS id, "
    f"{_CODE.format(number='number')} AS code, concat('Sector ', toString(number % 50)) AS sector "
    "FROM numbers({codes})"
)
_IDS: Final = (
    "CREATE DICTIONARY ids (code String, id UInt32) PRIMARY KEY code SOURCE(CLICKHOUSE(TABLE 'dimension')) "
    "LAYOUT(COMPLEX_KEY_HASHED_ARRAY()) LIFETIME(0)"
)
_LANDED: Final = (
    "CREATE TABLE landed ENGINE = MergeTree ORDER BY tuple() AS SELECT "
    f"{_CODE.format(number='rand(1) % {codes}')} AS code, {_CODE.format(number='rand(2) % {codes}')} AS other, "
    "toDateTime('2026-01-01') + number AS at, rand(3) / 1e6 AS value FROM numbers({facts})"
)


@dataclass(frozen=True)
class Design:
    """A kind of key.

    Attributes:
        type: of the fact's columns.
        key: SQL that makes a key from `{code}`.
        layout: of the dictionary from key to attributes, which answers dictGet.
    """

    name: str
    type: str
    key: str
    layout: str

    @property
    def word(self) -> str:
        """The name as part of a table's name."""
        return "".join(letter if letter.isalnum() else "_" for letter in self.name)


_FROZEN: Final = "dictGet('ids', 'id', {code})"
_FLAT: Final = "FLAT(INITIAL_ARRAY_SIZE 1024 MAX_ARRAY_SIZE 100000000)"
_OF_STRINGS: Final = "COMPLEX_KEY_HASHED_ARRAY()"
DESIGNS: Final = (
    Design("UInt32 ID, as here", "UInt32", _FROZEN, _FLAT),
    Design("UInt64 ID", "UInt64", f"toUInt64({_FROZEN})", _FLAT),
    Design("cityHash64", "UInt64", "cityHash64({code})", "HASHED_ARRAY()"),
    Design("sipHash64", "UInt64", "sipHash64({code})", "HASHED_ARRAY()"),
    Design("MD5 as text, as dbt_utils", "String", "lower(hex(MD5({code})))", _OF_STRINGS),
    Design("the code, String", "String", "{code}", _OF_STRINGS),
    Design("the code, LowCardinality", "LowCardinality(String)", "{code}", _OF_STRINGS),
)


def main() -> None:
    """Measure and print two tables."""
    arguments = _arguments()
    with new_engine() as state:
        connection = new_connection(state.port)
        _prepare(connection, arguments.codes, arguments.facts)
        inserts = _in_turns(connection, _insert, arguments.rounds)
        for design in DESIGNS:
            ask(connection, f"SYSTEM START MERGES facts_{design.word}")
            ask(connection, f"OPTIMIZE TABLE facts_{design.word} FINAL")
        joins = _in_turns(connection, _join, arguments.rounds)
        lookups = _in_turns(connection, _look_up, arguments.rounds)
        rows = [
            (design.name, *_sizes(connection, design), *(_figure(each[design]) for each in (inserts, joins, lookups)))
            for design in DESIGNS
        ]
        title = f"{plural(arguments.facts, 'fact')}, {plural(arguments.codes, 'code')}: MB and seconds"
        show(title, ("key", "sorted", "not", "insert", "JOIN", "dictGet"), rows)
        show("Codes that get another key, in percent", COLUMNS, moved_keys(connection, arguments.codes))
        stdout_console().print(f"generateSerialID: {what_the_serial_says(connection)}", markup=False)


def _prepare(connection: HTTPConnection, codes: int, facts: int) -> None:
    ask(connection, _DIMENSION.format(codes=codes))
    ask(connection, _IDS)
    ask(connection, "SYSTEM RELOAD DICTIONARY ids")
    ask(connection, _LANDED.format(codes=codes, facts=facts))
    for design in DESIGNS:
        key, word = design.key.format(code="code"), design.word
        of_dictionary = "String" if design.type.endswith("String)") else design.type
        ask(
            connection,
            f"CREATE TABLE dimension_{word} ENGINE = MergeTree ORDER BY key AS "
            f"SELECT CAST({key} AS {of_dictionary}) AS key, code, sector FROM dimension",
        )
        of_dictionary = "UInt64" if design.type.startswith("UInt") else "String"
        ask(
            connection,
            f"CREATE DICTIONARY dictionary_{word} (key {of_dictionary}, sector String) PRIMARY KEY key "
            f"SOURCE(CLICKHOUSE(TABLE 'dimension_{word}')) LAYOUT({design.layout}) LIFETIME(0)",
        )
        ask(connection, f"SYSTEM RELOAD DICTIONARY dictionary_{word}")


def _insert(connection: HTTPConnection, design: Design) -> float:
    table, key, other = f"facts_{design.word}", design.key.format(code="code"), design.key.format(code="other")
    ask(
        connection,
        f"CREATE OR REPLACE TABLE {table} (key {design.type}, other {design.type}, at DateTime, value Float64) "
        # of a compact part the sizes of columns are not told
        "ENGINE = MergeTree ORDER BY (key, at) SETTINGS min_bytes_for_wide_part = 0",
    )
    ask(connection, f"SYSTEM STOP MERGES {table}")
    return timed(partial(ask, connection, f"INSERT INTO {table} SELECT {key}, {other}, at, value FROM landed"))


def _join(connection: HTTPConnection, design: Design) -> float:
    statement = (
        f"SELECT sector, sum(value) FROM facts_{design.word} AS facts "
        f"INNER JOIN dimension_{design.word} AS dimension ON dimension.key = facts.other GROUP BY sector"
    )
    return timed(partial(ask, connection, statement))


def _look_up(connection: HTTPConnection, design: Design) -> float:
    statement = (
        f"SELECT dictGet('dictionary_{design.word}', 'sector', other) AS sector, sum(value) "
        f"FROM facts_{design.word} GROUP BY sector"
    )
    return timed(partial(ask, connection, statement))


def _in_turns(
    connection: HTTPConnection, measure: Callable[[HTTPConnection, Design], float], rounds: int
) -> dict[Design, list[float]]:
    seconds: dict[Design, list[float]] = {design: [] for design in DESIGNS}
    for number in range(rounds + 1):
        for design in DESIGNS:
            taken = measure(connection, design)
            if number:
                seconds[design].append(taken)
    return seconds


def _sizes(connection: HTTPConnection, design: Design) -> list[str]:
    """Compressed megabytes of the key that the table is sorted by, and of the other one."""
    sizes = [
        int(
            ask(
                connection,
                "SELECT sum(column_data_compressed_bytes) FROM system.parts_columns WHERE active "
                f"AND database = currentDatabase() AND table = 'facts_{design.word}' AND column = '{column}'",
            )
        )
        for column in ("key", "other")
    ]
    return [f"{size / 1e6:.1f}" for size in sizes]


def _figure(seconds: list[float]) -> str:
    return f"{median(seconds):.2f}"


def _arguments() -> argparse.Namespace:
    takes = parser("designs", (__doc__ or "").partition("\n\n")[0])
    takes.add_argument("--facts", type=int, default=10_000_000, metavar="N", help="rows of the fact table")
    takes.add_argument("--codes", type=int, default=100_000, metavar="N", help="codes that they refer to")
    takes.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds, after one that does not count")
    return takes.parse_args()


if __name__ == "__main__":
    main()
