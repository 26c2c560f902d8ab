"""What the recorded result of a check says, in few words."""

from typing import Final

from dagster import AssetCheckEvaluation

from orchestrator.helpers import plural

# dagster-dbt's name for the number of rows that a dbt test gave
_FAILED_ROWS: Final = "dagster_dbt/failed_row_count"


def in_words(evaluation: AssetCheckEvaluation) -> str:
    """What it says of itself, or how many rows its test found; blank where it says neither."""
    found = evaluation.metadata.get(_FAILED_ROWS)
    rows = int(str(found.value)) if found else 0
    return evaluation.description or (f"its test found {plural(rows, 'row')}." if rows else "")
