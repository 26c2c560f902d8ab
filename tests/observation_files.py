"""Files of observations, and one more code for the small world of known_codes."""

import csv
from collections.abc import Sequence
from pathlib import Path

from clickhouse_connect.driver.client import Client
from known_codes import KNOWN, reload_dictionaries

from orchestrator.feeds.specs import get_feed

OBSERVATIONS = get_feed("observations")


def file_of(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """A CSV of observations."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([OBSERVATIONS.columns, *rows])
    return path


def teach_instrument(client: Client, number: int, code: str) -> None:
    """One more instrument, known to the dictionaries."""
    client.command(f"INSERT INTO dim_instrument VALUES ({number}, '{code}', '', {KNOWN})")
    reload_dictionaries(client)
