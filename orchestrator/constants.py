"""Names and numbers that more than one module needs."""

from pathlib import Path
from typing import Final

PROJECT_ROOT: Final = Path(__file__).resolve().parent.parent

# rooms of the house
SEEDS_DIR: Final = PROJECT_ROOT / "seeds"
MIGRATIONS_DIR: Final = PROJECT_ROOT / "migrations"
DBT_PROJECT_DIR: Final = PROJECT_ROOT / "dbt_project"
SAMPLE_DATA_DIR: Final = PROJECT_ROOT / "sample_data"
SCHEMA_FILE: Final = MIGRATIONS_DIR / "schema.sql"

# ClickHouse
LOOPBACK: Final = "127.0.0.1"
DEFAULT_HTTP_PORT: Final = 8123
DEFAULT_DATABASE: Final = "touchstone"

# exit code of the command when something was found or failed; click gives 2 for wrong usage
EXIT_FAILURE: Final = 1
