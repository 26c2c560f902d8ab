"""A generated dbt project of so many small tables, each with one test, and the same work as bare statements."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import yaml

NAME: Final = "generated"
THREADS: Final = 4
_ROWS: Final = "SELECT number AS id, number * {number} AS value FROM numbers(100)"
_TEST: Final = "SELECT id FROM {model} WHERE id IS NULL"


def write_project(folder: Path, models: int, port: int) -> None:
    """Models model_1 to model_N, materialised as tables, on the engine at this port."""
    (folder / "models").mkdir(parents=True)
    for number, model in enumerate(names(models), start=1):
        (folder / "models" / f"{model}.sql").write_text(_ROWS.format(number=number), encoding="utf-8")
    tested = [{"name": model, "columns": [{"name": "id", "data_tests": ["not_null"]}]} for model in names(models)]
    _write(folder / "models" / "models.yml", {"version": 2, "models": tested})
    table = {"+materialized": "table", "+engine": "MergeTree", "+order_by": "id"}
    _write(folder / "dbt_project.yml", {"name": NAME, "profile": NAME, "models": {NAME: table}})
    output = {"type": "clickhouse", "host": "127.0.0.1", "port": port, "schema": NAME, "threads": THREADS}
    _write(folder / "profiles.yml", {NAME: {"target": "engine", "outputs": {"engine": output}}})


def names(models: int) -> list[str]:
    """Names of the models."""
    return [f"model_{number}" for number in range(1, models + 1)]


def statements(models: int) -> Iterator[str]:
    """What a build does, without anything around it: make each table anew, and test it."""
    for number, model in enumerate(names(models), start=1):
        rows = _ROWS.format(number=number)
        yield f"CREATE OR REPLACE TABLE bare_{model} ENGINE = MergeTree ORDER BY id AS {rows}"
        yield _TEST.format(model=f"bare_{model}")


def _write(path: Path, content: object) -> None:
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
