"""How many codes get another key when keys are made again, by the ways that people make them."""

from http.client import HTTPConnection, HTTPException
from typing import Final

from benchmarks.embedded.setting import ask
from orchestrator.lookups import mint
from orchestrator.lookups.domains import ALIASES_FILE, LEDGER_FILE, LOOKUPS_FILE, SEED_COLUMNS

COLUMNS: Final = ("key", "again", "reordered", "one more", "renamed")

_PARTS: Final = 10
# what depends on which thread comes first shows itself now and then
_TIMES: Final = 10
_FIRST: Final = "000000000000"
_WAYS: Final = {
    "rowNumberInAllBlocks()": "rowNumberInAllBlocks()",
    "row_number() by code": "row_number() OVER (ORDER BY code)",
    "hash of the code": "cityHash64(code)",
}


def moved_keys(connection: HTTPConnection, codes: int) -> list[tuple[str, ...]]:
    """For each way its name and the percentages of COLUMNS.

    Keys made again from the same rows are told by the most of ten times; a renamed code by whether its key moves.
    """
    _make_codes(connection, codes)
    found = [(name, *_moved(connection, key)) for name, key in _WAYS.items()]
    known = [line.split("\t")[0] for line in ask(connection, "SELECT code FROM codes").decode().splitlines()]
    return [*found, ("the ledger, as here", *_moved_in_ledger(known))]


def what_the_serial_says(connection: HTTPConnection) -> str:
    """What the engine answers to generateSerialID."""
    try:
        return ask(connection, "SELECT generateSerialID('codes') FROM numbers(3)").decode()
    except HTTPException as error:
        return str(error).strip().splitlines()[0]


def _make_codes(connection: HTTPConnection, codes: int) -> None:
    """The codes in several parts, in another order, with one more before them, and with one renamed."""
    ask(connection, "CREATE TABLE codes (code String) ENGINE = MergeTree ORDER BY tuple()")
    ask(connection, "SYSTEM STOP MERGES codes")
    for part in range(_PARTS):
        first, count = part * codes // _PARTS, (part + 1) * codes // _PARTS - part * codes // _PARTS
        select = f"SELECT substring(hex(MD5(toString(number))), 1, 12) FROM numbers({first}, {count})"
        ask(connection, f"INSERT INTO codes {select}")
    for table, select in (
        ("codes_reordered", "SELECT code FROM codes ORDER BY cityHash64(code)"),
        ("codes_with_one_before", f"SELECT '{_FIRST}' AS code UNION ALL SELECT code FROM codes"),
        ("codes_renamed", "SELECT if(code = (SELECT min(code) FROM codes), concat('Z_', code), code) FROM codes"),
    ):
        ask(connection, f"CREATE TABLE {table} (code String) ENGINE = MergeTree ORDER BY tuple()")
        ask(connection, f"INSERT INTO {table} {select}")


def _moved(connection: HTTPConnection, key: str) -> tuple[str, ...]:
    def made(name: str, table: str) -> None:
        ask(connection, f"CREATE OR REPLACE TABLE {name} ENGINE = Memory AS SELECT code, {key} AS id FROM {table}")

    def percentage(table: str) -> float:
        made("after", table)
        return float(ask(connection, "SELECT avg(old.id != after.id) * 100 FROM old INNER JOIN after USING (code)"))

    made("old", "codes")
    again = max(percentage("codes") for _ in range(_TIMES))
    others = [percentage(table) for table in ("codes_reordered", "codes_with_one_before")]
    made("after", "codes_renamed")
    kept = "SELECT count() FROM old INNER JOIN after USING (id) WHERE after.code = concat('Z_', old.code)"
    return (*(f"{each:.1f}" for each in (again, *others)), "keeps" if int(ask(connection, kept)) else "moves")


def _moved_in_ledger(codes: list[str]) -> tuple[str, ...]:
    """By `touchstone lookups mint`, which is given the ledger that it has made before."""
    before, ledger = _minted(codes, b"")
    percentages = []
    for changed in (codes, codes[::-1], [_FIRST, *codes]):
        after, _ = _minted(changed, ledger)
        percentages.append(f"{sum(after[code] != before[code] for code in codes) / len(codes) * 100:.1f}")
    old, new = min(codes), f"Z_{min(codes)}"
    renamed = [new if code == old else code for code in codes]
    after, _ = _minted(renamed, ledger, f"field,,{old},{new}\n")
    # the renamed code has no line of its own, because the alias has given it the line of the old one
    return (*percentages, "moves" if new in after else "keeps")


def _minted(codes: list[str], ledger: bytes, aliases: str = "") -> tuple[dict[str, int], bytes]:
    """IDs of fields by code, and the ledger."""
    columns = SEED_COLUMNS[LOOKUPS_FILE]
    header = ",".join(columns)
    # what the other columns say does not matter here; "number" is a type of field, too
    lines = "".join(",".join(code if column == "field" else "number" for column in columns) + "\n" for code in codes)
    files = {
        LOOKUPS_FILE: f"{header}\n{lines}".encode(),
        "sources.csv": (",".join(SEED_COLUMNS["sources.csv"]) + "\nsource,Source,Apache-2.0\n").encode(),
        ALIASES_FILE: (",".join(SEED_COLUMNS[ALIASES_FILE]) + "\n" + aliases).encode(),
        LEDGER_FILE: ledger or (",".join(SEED_COLUMNS[LEDGER_FILE]) + "\n").encode(),
    }
    minted = mint(files).ledger
    fields = (line.split(",") for line in minted.decode().splitlines() if line.startswith("field,"))
    return {key: int(number) for _, _, key, number in fields}, minted
