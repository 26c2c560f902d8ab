"""Desks to measure: copies of the checkout's command with files of seeds/ that are made here, always the same."""

import csv
import io
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.identity.setting import Measured, clean_environment, watched
from orchestrator.constants import PROJECT_ROOT, SEEDS_DIR
from orchestrator.lookups.domains import ALIASES_FILE, LEDGER_FILE, LOOKUPS_FILE, SEED_COLUMNS

CATALOGUE_FILE: Final = "catalogue.csv"
CATALOGUE_COLUMNS: Final = ("data_class", "field", "asset_class", "field_type", "field_description")

_ROOMS: Final = ("orchestrator", "dbt_project")
# a vendor's list gives a field for 2.61 sectors of ten on average
_SECTORS: Final = tuple(f"Sector {letter}" for letter in "ABCDEFGHIJ")
_SECTOR_WEIGHTS: Final = (45, 20, 10, 7, 5, 4, 3, 2, 2, 2)
_CLASSES: Final = tuple(f"Class {number:02}" for number in range(40))
_TYPES: Final = ("number", "number", "text", "date", "integer", "boolean", "identifier")
_STEMS: Final = (
    "ASK",
    "BID",
    "CPN",
    "DIV",
    "EQY",
    "FUT",
    "IDX",
    "LAST",
    "MTY",
    "NET",
    "OPT",
    "PX",
    "RTG",
    "VOL",
    "YLD",
)


class Desk:
    """A copy of the command with seeds/ of its own, in a Git repository of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seeds = folder / "seeds"
        self._environment = clean_environment() | {
            "PYTHONPATH": str(folder),
            "TOUCHSTONE_HOME": str(folder / "home"),
        }

    def measure(self, *arguments: str) -> Measured:
        """`touchstone lookups ...` in a process of its own, from its start to its end. Raises RuntimeError."""
        said = self.folder / "said.txt"
        began = time.perf_counter()
        with said.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "orchestrator.cli", "lookups", *arguments],
                cwd=self.folder,
                env=self._environment,
                stdout=file,
                stderr=file,
            )
            status, megabytes = watched(process.pid, process.wait)
        seconds = time.perf_counter() - began
        if status != 0:
            raise RuntimeError(said.read_text(encoding="utf-8")[-2000:])
        return Measured(seconds, megabytes)

    def commit(self) -> None:
        """Make seeds/ the revision that later ones are compared with."""
        for arguments in (
            ("init", "--quiet"),
            ("add", "seeds"),
            ("-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost", "commit", "--quiet", "-m", "Desk"),
        ):
            subprocess.run(["git", *arguments], cwd=self.folder, env=self._environment, check=True)

    def ledger(self) -> bytes:
        """The ledger as it is."""
        return (self.seeds / LEDGER_FILE).read_bytes()

    def write_ledger(self, content: bytes) -> None:
        """Replace the ledger."""
        (self.seeds / LEDGER_FILE).write_bytes(content)

    def write(self, file: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Replace a file of seeds/."""
        (self.seeds / file).write_text(_csv(columns, rows), encoding="utf-8")


@contextmanager
def new_desk() -> Iterator[Desk]:
    """A desk with the project's own seeds; gone afterwards."""
    with TemporaryDirectory(prefix="benchmark-desk-") as name:
        folder = Path(name)
        for room in _ROOMS:
            left_out = shutil.ignore_patterns("target", "logs")
            shutil.copytree(PROJECT_ROOT / room, folder / room, ignore=left_out)
        shutil.copytree(SEEDS_DIR, folder / "seeds")
        yield Desk(folder)


def fill(desk: Desk, rows: int) -> None:
    """Write a lookup file in which every row has a field of its own, and a ledger without lines."""
    desk.write(LOOKUPS_FILE, SEED_COLUMNS[LOOKUPS_FILE], map(_row, range(rows)))
    desk.write(LEDGER_FILE, SEED_COLUMNS[LEDGER_FILE], ())


def edit(desk: Desk, rows: int, changes: int) -> None:
    """Change the file of `fill` as a pull request may: fields that are new, gone, renamed and described anew."""
    kept = [_row(number) for number in range(changes, rows + changes)]
    aliases = []
    for row in kept[:changes]:
        old, row[2] = row[2], f"{row[2]}_NOW"
        aliases.append(("field", "", old, row[2]))
    for row in kept[changes : 2 * changes]:
        row[6] += ", described anew"
    desk.write(LOOKUPS_FILE, SEED_COLUMNS[LOOKUPS_FILE], kept)
    desk.write(ALIASES_FILE, SEED_COLUMNS[ALIASES_FILE], aliases)


def write_catalogue(desk: Desk, fields: int) -> tuple[Path, int]:
    """Write a catalogue in the shape of a large vendor's list of fields, sector by sector; its path and rows."""
    choose = random.Random(fields)
    listed: dict[str, list[Sequence[str]]] = {sector: [] for sector in _SECTORS}
    for number in range(fields):
        field = f"{choose.choice(_STEMS)}_{choose.choice(_STEMS)}_{number:05}"
        field_type, data_class = choose.choice(_TYPES), choose.choice(_CLASSES)
        # how many sectors a field is for falls off: many are for one, few for all ten
        count = choose.choices(range(1, len(_SECTORS) + 1), _SECTOR_WEIGHTS)[0]
        for sector in choose.sample(_SECTORS, count):
            listed[sector].append((data_class, field, sector, field_type, f"Made field {number} of {data_class}"))
    rows = [row for sector in _SECTORS for row in listed[sector]]
    path = desk.folder / CATALOGUE_FILE
    path.write_text(_csv(CATALOGUE_COLUMNS, rows), encoding="utf-8")
    return path, len(rows)


def ledger_of(lines: int) -> bytes:
    """A ledger of one domain with that many lines."""
    return _csv(SEED_COLUMNS[LEDGER_FILE], (("field", "", _field(n), str(n + 1)) for n in range(lines))).encode()


def _row(number: int) -> list[str]:
    text = f"Made field {number}, the one of row {number}"
    cells = ["Type of product", _CLASSES[number % 40], _field(number), "Asset class", "Sub-class", "number", text]
    # domains that were added later have their columns behind
    return cells + ["The same"] * (len(SEED_COLUMNS[LOOKUPS_FILE]) - len(cells))


def _field(number: int) -> str:
    return f"{_STEMS[number % 15]}_{_STEMS[number // 15 % 15]}_{number:07}"


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
