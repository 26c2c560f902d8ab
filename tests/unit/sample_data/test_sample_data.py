"""The sample data is what its README says and fits the lookup desk."""

import csv
import gzip
import importlib.util
import io
import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from orchestrator.constants import PROJECT_ROOT, SAMPLE_DATA_DIR, SEEDS_DIR

OBSERVATIONS = SAMPLE_DATA_DIR / "observations"
ORACLE = PROJECT_ROOT / "tests" / "fixtures" / "expected_quarantine.csv"
COLUMNS = [
    "observed_at",
    "source",
    "instrument",
    "asset_class",
    "sub_asset_class",
    "product_type",
    "data_class",
    "field",
    "value",
]
CODES = [
    "source",
    "instrument",
    "asset_class",
    "sub_asset_class",
    "product_type",
    "data_class",
    "field",
]
REASONS = {
    *(f"missing_{code}" for code in CODES),
    *(f"unknown_{code}" for code in CODES),
    "missing_observed_at",
    "bad_observed_at",
    "out_of_range_observed_at",
    "future_event_time",
    "missing_value",
    "bad_value",
    "duplicate_in_batch",
}
FITS = {
    "number": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"),
    "integer": re.compile(r"[+-]?\d+"),
    "text": re.compile(r".*[^\W\d_].*", re.DOTALL),
    "identifier": re.compile(r".+"),
    "date": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "boolean": re.compile(r"[YN]"),
}
ISO_8601 = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}:\d{2}Z?)?")


def read_csv(path: Path) -> list[dict[str, str]]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


@cache
def observations() -> dict[str, list[dict[str, str]]]:
    files = {}
    for path in sorted(OBSERVATIONS.iterdir()):
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            if pa.types.is_timestamp(table.schema.field("observed_at").type):
                moments = pc.strftime(table["observed_at"], format="%Y-%m-%d %H:%M:%S").cast(pa.string())
                moments = pc.utf8_slice_codeunits(moments, 0, 19)
                table = table.set_column(0, "observed_at", moments)
            rows = [{name: cell or "" for name, cell in row.items()} for row in table.to_pylist()]
        else:
            rows = read_csv(path)
        files[path.name] = rows
    return files


@cache
def oracle() -> dict[tuple[str, int], tuple[str, ...]]:
    return {(line["file"], int(line["row_number"])): tuple(line["reasons"].split("|")) for line in read_csv(ORACLE)}


@cache
def good_rows() -> list[dict[str, str]]:
    return [
        row
        for name, rows in observations().items()
        for number, row in enumerate(rows, start=1)
        if (name, number) not in oracle()
    ]


def test_there_are_at_least_20000_rows_in_five_to_eight_files() -> None:
    assert 5 <= len(observations()) <= 8
    assert sum(map(len, observations().values())) >= 20_000
    assert len(good_rows()) >= 20_500


def test_about_one_row_in_a_hundred_is_bad() -> None:
    assert 0.008 <= len(oracle()) / sum(map(len, observations().values())) <= 0.013


def test_the_folder_is_smaller_than_3_mb() -> None:
    assert sum(path.stat().st_size for path in SAMPLE_DATA_DIR.rglob("*") if path.is_file()) < 3_000_000


def test_every_file_has_exactly_the_columns() -> None:
    for name, rows in observations().items():
        assert list(rows[0]) == COLUMNS, name
        assert all(None not in row and None not in row.values() for row in rows), name


def test_the_formats_are_mixed() -> None:
    names = set(observations())
    assert sum(name.endswith(".parquet") for name in names) >= 2
    assert any(name.endswith(".csv.gz") for name in names)
    assert any(b"\r\n" in path.read_bytes() for path in OBSERVATIONS.glob("*.csv"))
    for path in OBSERVATIONS.glob("*.parquet"):
        assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


def test_every_good_row_is_a_row_of_the_lookups() -> None:
    known = {
        tuple(row[column] for column in ("product_type", "data_class", "field", "asset_class", "sub_asset_class"))
        for row in read_csv(SEEDS_DIR / "lookups.csv")
    }
    for row in good_rows():
        codes = ("product_type", "data_class", "field", "asset_class", "sub_asset_class")
        assert tuple(row[column].strip(" ") for column in codes) in known, row


def test_every_good_row_names_a_known_source_and_instrument() -> None:
    sources = {row["source"] for row in read_csv(SEEDS_DIR / "sources.csv")}
    instruments = {row["instrument"] for row in read_csv(SAMPLE_DATA_DIR / "instruments" / "instruments.csv")}
    assert good_rows()
    assert {row["source"].strip(" ") for row in good_rows()} == sources
    assert {row["instrument"].strip(" ") for row in good_rows()} == instruments


def test_every_good_value_fits_its_field_and_every_good_moment_is_iso_8601() -> None:
    types = {row["field"]: row["field_type"] for row in read_csv(SEEDS_DIR / "lookups.csv")}
    for row in good_rows():
        assert FITS[types[row["field"].strip(" ")]].fullmatch(row["value"]), row
        assert ISO_8601.fullmatch(row["observed_at"]), row


def test_every_field_type_occurs_among_good_rows() -> None:
    types = {row["field"]: row["field_type"] for row in read_csv(SEEDS_DIR / "lookups.csv")}
    assert {types[row["field"].strip(" ")] for row in good_rows()} == set(FITS)


def test_no_good_observation_occurs_twice() -> None:
    keys = Counter(
        tuple(row[c].strip(" ") for c in ("observed_at", "source", "instrument", "field")) for row in good_rows()
    )
    assert max(keys.values()) == 1


def test_some_good_rows_have_padded_codes_and_some_values_run_over_several_lines() -> None:
    assert any(row["instrument"] != row["instrument"].strip(" ") for row in good_rows())
    assert any("\n" in row["value"] for row in good_rows())


def test_every_instrument_is_listed_once_with_a_name() -> None:
    listed = read_csv(SAMPLE_DATA_DIR / "instruments" / "instruments.csv")
    assert len({row["instrument"] for row in listed}) == len(listed) > 100
    assert all(row["name"] and row["name"] == row["name"].strip() for row in listed)
    assert any(not row["name"].isascii() for row in listed)


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_occurs_at_least_five_times(reason: str) -> None:
    assert sum(reason in reasons for reasons in oracle().values()) >= 5


def test_the_oracle_points_at_rows_and_lists_known_reasons_in_order() -> None:
    assert len(oracle()) == len(read_csv(ORACLE))
    for (name, number), reasons in oracle().items():
        assert 1 <= number <= len(observations()[name])
        assert set(reasons) <= REASONS
        assert list(reasons) == sorted(set(reasons))


def test_the_oracle_says_missing_exactly_where_a_cell_is_blank() -> None:
    for name, rows in observations().items():
        for number, row in enumerate(rows, start=1):
            blank = {f"missing_{column}" for column in COLUMNS if not row[column].strip(" ")}
            said = {reason for reason in oracle().get((name, number), ()) if reason.startswith("missing_")}
            assert said == blank, (name, number)


def test_rows_with_two_three_and_more_reasons_occur() -> None:
    sizes = Counter(len(reasons) for reasons in oracle().values())
    assert sizes[2] >= 5
    assert sizes[3] >= 5
    assert sum(count for size, count in sizes.items() if size > 3) >= 5


def rules_of_the_builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("observation", SAMPLE_DATA_DIR / "observation.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_oracle_says_what_the_rules_say_for_every_row() -> None:
    rules = rules_of_the_builder()
    instruments = read_csv(SAMPLE_DATA_DIR / "instruments" / "instruments.csv")
    codes = rules.read_codes(SEEDS_DIR, frozenset(row["instrument"] for row in instruments))
    for name, rows in observations().items():
        observed = [rules.Observation(**row) for row in rows]
        repeated = rules.repetitions(observed)
        for number, row in enumerate(observed, start=1):
            said = oracle().get((name, number), ())
            assert rules.reasons(row, codes, is_repeated=number in repeated) == said, (name, number)


def test_the_readme_counts_the_rows_of_every_file() -> None:
    readme = (SAMPLE_DATA_DIR / "README.md").read_text(encoding="utf-8")
    counted = {
        name: (int(rows.replace(",", "")), int(bad))
        for name, rows, bad in re.findall(r"^\| `([^`]+)` \|[^|]+\| ([\d,]+) \| (\d+) \|", readme, re.MULTILINE)
    }
    bad_rows = Counter(name for name, _ in oracle())
    assert counted == {name: (len(rows), bad_rows[name]) for name, rows in observations().items()}
