"""What everything stands on: the schema that migrations own, the files of the lookup desk, and the ledger of IDs."""

from dagster import AssetExecutionContext, MaterializeResult, asset

from orchestrator.assets.keys import (
    GROUP_MIGRATIONS,
    GROUP_SEEDS,
    LEDGER,
    LOOKUP_DESK,
    MIGRATIONS,
    ROW_COUNT,
    WRITER_POOL,
)
from orchestrator.assets.policies import MIGRATIONS_RETRIES, REFERENCE_RETRIES, no_retry_unless_transient
from orchestrator.constants import SEEDS_DIR
from orchestrator.lookups import require_clean_desk
from orchestrator.resources.warehouse import WarehouseResource
from orchestrator.warehouse.census import rows_of
from orchestrator.warehouse.ledger import load_ledger_of
from orchestrator.warehouse.migrations import apply_migrations


@asset(key=MIGRATIONS, group_name=GROUP_MIGRATIONS, kinds={"clickhouse", "sql"}, retry_policy=MIGRATIONS_RETRIES)
def migrations(context: AssetExecutionContext, warehouse: WarehouseResource) -> MaterializeResult[None]:
    """The schema: tables, dictionaries and materialized views of migrations/, applied in order."""
    with no_retry_unless_transient():
        applied = apply_migrations(warehouse.settings)
    context.log.info(f"applied now: {list(applied.applied_now) or 'nothing'}, in all: {applied.total}")
    return MaterializeResult(metadata={"applied_now": list(applied.applied_now), "applied_in_all": applied.total})


@asset(key=LOOKUP_DESK, group_name=GROUP_SEEDS, kinds={"csv"})
def lookup_desk(context: AssetExecutionContext) -> MaterializeResult[None]:
    """The files of seeds/ as analysts left them, checked: clean, consistent, every key with its ID."""
    with no_retry_unless_transient():
        rows = require_clean_desk(SEEDS_DIR)
    context.log.info(f"checked {rows} rows of the lookup desk")
    return MaterializeResult(metadata={"rows_checked": rows})


@asset(
    key=LEDGER,
    group_name=GROUP_SEEDS,
    deps=[MIGRATIONS, LOOKUP_DESK],
    kinds={"clickhouse", "csv", "table"},
    retry_policy=REFERENCE_RETRIES,
    pool=WRITER_POOL,
)
def ops_ledger(context: AssetExecutionContext, warehouse: WarehouseResource) -> MaterializeResult[None]:
    """The ledger seeds/lookup_ids.csv in the warehouse: new lines appended, every other one proved to be as it was."""
    with no_retry_unless_transient(), warehouse.only_writer(context.run_id) as client:
        appended = load_ledger_of(client, SEEDS_DIR)
        rows = rows_of(client, LEDGER.to_user_string())
    context.log.info(f"appended {appended} lines of the ledger")
    return MaterializeResult(metadata={"lines_appended": appended, ROW_COUNT: rows})
