"""Build the sample data from the raw files of the public repositories that README.md lists.

    python sample_data/build.py SOURCE_DIR

SOURCE_DIR holds the raw files under the folder names that README.md gives. The same raw files, seeds and versions of
Python and pyarrow give the same bytes. Writes instruments/, observations/ and the oracle of the quarantine,
tests/fixtures/expected_quarantine.csv: one line per bad row with all its reasons, computed from the faults put in.
"""

import argparse
import csv
import gzip
import io
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import origins
import pyarrow as pa
import pyarrow.parquet as pq
from faults import Broken, break_some
from observation import Observation, combination, read_codes, reasons, repetitions

SAMPLE_DATA: Final = Path(__file__).resolve().parent
SEEDS: Final = SAMPLE_DATA.parent / "seeds"
ORACLE: Final = SAMPLE_DATA.parent / "tests" / "fixtures" / "expected_quarantine.csv"
# vendors pad: every so many rows of this file a code carries blanks, and the row is still good
PADDED_FILE: Final = "sp500_constituents.csv"
PADDED_EVERY: Final = 400

log = logging.getLogger("sample_data")


@dataclass(frozen=True)
class Target:
    """A file to write: its name says the format."""

    name: str
    origin: origins.Origin
    newline: str = "\n"
    times_as_timestamps: bool = False


TARGETS: Final = (
    Target("coinbase_hourly.parquet", origins.coinbase_hourly, times_as_timestamps=True),
    Target("bitstamp_daily.csv", origins.bitstamp_daily, newline="\r\n"),
    Target("lean_minute.csv.gz", origins.lean_minute),
    Target("yfinance_daily.parquet", origins.yfinance_daily),
    Target("sp500_constituents.csv", origins.sp500_constituents),
    Target("listings_oslo_toronto.csv.gz", origins.listings_oslo_toronto),
    Target("etfs.csv", origins.etfs),
    Target("ecb_euro_rates.csv", origins.ecb_euro_rates),
)


def main() -> None:
    """Read the raw files, break some rows, write everything."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description="Build the sample data.")
    parser.add_argument("source_dir", type=Path, help="folder that holds the raw files by their folder names")
    source_dir: Path = parser.parse_args().source_dir

    names: dict[str, str] = {}
    codes = read_codes(SEEDS, frozenset())
    files: list[list[Observation]] = []
    for target in TARGETS:
        collector = origins.Collector(codes, names)
        target.origin(source_dir, collector)
        files.append(_padded(collector.rows) if target.name == PADDED_FILE else collector.rows)
    codes = read_codes(SEEDS, frozenset(names))
    for target, rows in zip(TARGETS, files, strict=True):
        for row in rows:
            if reasons(row, codes) or combination(row) not in codes.combinations:
                message = f"{target.name}: {row} is not good: {reasons(row, codes) or 'not a row of lookups.csv'}"
                raise ValueError(message)
    _refuse_duplicates(files)

    broken = break_some(files, [not target.times_as_timestamps for target in TARGETS], codes)
    oracle: list[tuple[str, int, str]] = []
    for number, (target, rows) in enumerate(zip(TARGETS, files, strict=True)):
        mixed, lines = _mix(rows, [item for item in broken if item.file == number])
        oracle += [(target.name, line, "|".join(why)) for line, why in lines]
        size = _write(SAMPLE_DATA / "observations" / target.name, target, mixed)
        log.info("%-30s %6d rows, %3d bad, %7d bytes", target.name, len(mixed), len(lines), size)
    _write_csv(SAMPLE_DATA / "instruments" / "instruments.csv", ("instrument", "name"), sorted(names.items()))
    _write_csv(ORACLE, ("file", "row_number", "reasons"), oracle)
    for reason, count in sorted(Counter(why for item in broken for why in item.reasons).items()):
        log.info("%-30s %6d", reason, count)
    log.info("%d instruments, %d bad rows", len(names), len(oracle))


def _padded(rows: Sequence[Observation]) -> list[Observation]:
    """Put blanks around some codes of every PADDED_EVERY-th row."""
    return [
        row._replace(instrument=f"{row.instrument}  ", field=f" {row.field}") if index % PADDED_EVERY == 0 else row
        for index, row in enumerate(rows, start=1)
    ]


def _refuse_duplicates(files: Sequence[Sequence[Observation]]) -> None:
    keys = Counter(
        (row.observed_at, row.source, row.instrument.strip(" "), row.field.strip(" ")) for rows in files for row in rows
    )
    if twice := [key for key, count in keys.items() if count > 1]:
        message = f"observed twice: {twice[:5]}"
        raise ValueError(message)


def _mix(
    rows: Sequence[Observation], broken: Sequence[Broken]
) -> tuple[list[Observation], list[tuple[int, tuple[str, ...]]]]:
    """All rows in their order in the file, and (1-based row number, reasons) of the bad ones."""
    mixed: list[Observation] = []
    lines = []
    for index, row in enumerate(rows):
        mixed.append(row)
        for item in broken:
            if item.after == index:
                mixed.append(item.row)
                lines.append((len(mixed), item.reasons))
    repeated = repetitions(mixed)
    return mixed, [
        (line, tuple(sorted({*why, "duplicate_in_batch"})) if line in repeated else why) for line, why in lines
    ]


def _write(path: Path, target: Target, rows: Sequence[Observation]) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    if target.name.endswith(".parquet"):
        _write_parquet(path, rows, target.times_as_timestamps)
    else:
        _write_csv(path, Observation._fields, rows, target.newline)
    return path.stat().st_size


def _write_parquet(path: Path, rows: Sequence[Observation], times_as_timestamps: bool) -> None:
    """Strings with zstd; a blank of no length is written as null."""
    columns: dict[str, Any] = {
        name: pa.array([cell or None for cell in cells], type=pa.string())
        for name, cells in zip(Observation._fields, zip(*rows, strict=True), strict=True)
    }
    if times_as_timestamps:
        moments = [
            datetime.fromisoformat(row.observed_at).replace(tzinfo=UTC) if row.observed_at.strip() else None
            for row in rows
        ]
        columns["observed_at"] = pa.array(moments, type=pa.timestamp("ms", tz="UTC"))
    pq.write_table(pa.table(columns), path, compression="zstd")


def _write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], newline: str = "\n") -> None:
    """UTF-8; a name that ends in .gz is packed without time stamp and name, so that its bytes can be repeated."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=newline)
    writer.writerow(header)
    writer.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


if __name__ == "__main__":
    main()
