"""The ways of `append` in ClickHouse: the project's two policies by dbt, and the single statement beside each.

Each way holds `base + new` landed keys and a dimension of `base` of them; `append` mints IDs for the others. Keys are
the same everywhere, and come in an order that is not theirs.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from benchmarks.identity.setting import Measured, Warehouse, timed, watched

SINGLE: Final = "single statement"
_UNDEDUPLICATED: Final = "SETTINGS insert_deduplicate = 0"
_CODE: Final = "substring(lower(hex(MD5(toString(number)))), 1, 16)"


class Way(Protocol):
    """One way of minting and appending."""

    def load(self, base: int, new: int) -> None:
        """Land `base + new` keys, and bring the dimension to `base` of them. Not timed."""

    def reset(self) -> None:
        """Bring the dimension back to where it was after `load`. Not timed."""

    def append(self) -> dict[str, Measured]:
        """Mint and append the new keys: what was measured, by name."""

    def counts(self) -> tuple[int, int, int]:
        """Rows of the dimension, its distinct IDs and the highest ID."""


@dataclass(frozen=True)
class Policy:
    """A dimension of the project, what feeds it, and the statement that would do without the project.

    Attributes:
        models: what dbt runs, one after the other, the dimension last.
        land: statements that land `{rows}` keys.
        staged: new keys with the dimension's columns between ID and is_active, for the single statement.
        order: in which the single statement mints.
    """

    name: str
    dimension: str
    models: tuple[str, ...]
    landing: tuple[str, ...]
    land: tuple[str, ...]
    columns: str
    staged: str
    order: str

    @property
    def id(self) -> str:
        """Name of the ID's column."""
        return self.dimension.replace("dim_", "", 1) + "_id"


WAREHOUSE: Final = Policy(
    name="warehouse",
    dimension="dim_instrument",
    models=("dim_instrument",),
    landing=("landing_instruments",),
    land=(
        "INSERT INTO landing_instruments (batch_id, row_number, received_at, instrument, name) "
        f"SELECT 1, number, toDateTime64('2026-01-01', 6, 'UTC'), {_CODE}, concat('Name of ', toString(number)) "
        f"FROM numbers({{rows}}) {_UNDEDUPLICATED}",
    ),
    columns="code, name",
    staged=(
        "SELECT instrument AS code, instrument_name AS name, first_landed FROM stg_instruments "
        "WHERE instrument NOT IN (SELECT code FROM plain_dim_instrument)"
    ),
    order="first_landed, code",
)
LEDGER: Final = Policy(
    name="ledger",
    dimension="dim_field",
    models=("+stg_lookup_codes", "dim_field"),
    landing=("landing_lookups", "ops_ledger"),
    land=(
        "INSERT INTO landing_lookups (batch_id, row_number, received_at, product_type, data_class, field, asset_class, "
        "sub_asset_class, field_type, field_description) SELECT 1, number, "
        "toDateTime64('2026-01-01', 6, 'UTC'), 'Common Stock', 'Prices', "
        f"{_CODE}, 'Equity', 'Common Stock', 'number', concat('Name of ', toString(number)) "
        f"FROM numbers({{rows}}) {_UNDEDUPLICATED}",
        "INSERT INTO ops_ledger (domain, parent_key, key, id) "
        f"SELECT 'field', '', {_CODE}, number + 1 FROM numbers({{rows}})",
    ),
    columns="code, field_type, description",
    staged=(
        "SELECT field AS code, min(field_type) AS field_type, min(field_description) AS description FROM stg_lookups "
        "WHERE field != '' AND field NOT IN (SELECT code FROM plain_dim_field) GROUP BY code"
    ),
    order="code",
)


def prepare(warehouse: Warehouse) -> None:
    """Build what the dimensions read: the staging models, over an empty desk and one committed batch of a catalogue."""
    warehouse.dbt("seed")
    warehouse.run("TRUNCATE TABLE lookups")
    warehouse.run(
        "INSERT INTO ops_batches (batch_id, feed, state, source_file, recorded_at) "
        "VALUES (1, 'lookups', 'committed', 'catalogue.csv', now64(6))"
    )
    warehouse.dbt("run", "--select", "path:models/staging")


@dataclass
class OurWay:
    """`dbt run` of the models, on the project as it is."""

    warehouse: Warehouse
    policy: Policy
    start_ups: list[float] = field(default_factory=list)

    def load(self, base: int, new: int) -> None:
        """The dimension's first keys are minted by the project itself, and kept aside."""
        run, dimension = self.warehouse.run, self.policy.dimension
        for table in (dimension, "ops_identity"):
            run(f"TRUNCATE TABLE {table}")
        if base:
            self._land(base)
            for model in self.policy.models:
                self.warehouse.run_model(model)
        for table in (dimension, "ops_identity"):
            run(f"CREATE OR REPLACE TABLE kept_{table} AS {table}")
            run(f"INSERT INTO kept_{table} SELECT * FROM {table} {_UNDEDUPLICATED}")
        self._land(base + new)

    def reset(self) -> None:
        """Rows and noted checksum as they were."""
        for table in (self.policy.dimension, "ops_identity"):
            self.warehouse.run(f"TRUNCATE TABLE {table}")
            self.warehouse.run(f"INSERT INTO {table} SELECT * FROM kept_{table} {_UNDEDUPLICATED}")

    def append(self) -> dict[str, Measured]:
        """Of each model dbt's seconds; of the dimension those of its INSERT and of all its statements, too."""
        measured = {}
        for model in self.policy.models:
            self.warehouse.give_memory_back()
            done, megabytes = watched(self.warehouse.pid, partial(self.warehouse.run_model, model))
            self.start_ups.append(done.start_up)
            if model == self.policy.dimension:
                measured[f"{model}, its INSERT"] = Measured(done.insert, megabytes)
                measured[f"{model}, its statements"] = Measured(done.statements, megabytes)
            measured[f"{model.lstrip('+')}, by dbt"] = Measured(done.node, megabytes)
        return measured

    def counts(self) -> tuple[int, int, int]:
        """As of the dimension."""
        return _counts(self.warehouse, self.policy.dimension, self.policy.id)

    def _land(self, rows: int) -> None:
        for table in self.policy.landing:
            self.warehouse.run(f"TRUNCATE TABLE {table}")
        for statement in self.policy.land:
            self.warehouse.run(statement.format(rows=rows))


@dataclass
class SingleStatement:
    """One INSERT over the same staging view into a MergeTree of the same columns, without constraint or any check."""

    warehouse: Warehouse
    policy: Policy

    @property
    def table(self) -> str:
        """The dimension's name with a prefix."""
        return f"plain_{self.policy.dimension}"

    def load(self, base: int, new: int) -> None:
        """Nothing: `OurWay` has landed the keys, and kept the first ones."""

    def reset(self) -> None:
        """The first keys again."""
        policy = self.policy
        self.warehouse.run(
            f"CREATE OR REPLACE TABLE {self.table} ENGINE = MergeTree ORDER BY ({policy.id}, version) "
            f"AS SELECT * FROM kept_{policy.dimension}"
        )
        self.warehouse.give_memory_back()

    def append(self) -> dict[str, Measured]:
        """row_number() over the new keys behind the highest ID."""
        policy = self.policy
        statement = (
            f"INSERT INTO {self.table} SELECT toUInt32((SELECT max({policy.id}) FROM {self.table}) "
            f"+ row_number() OVER (ORDER BY {policy.order})), {policy.columns}, true, 1, now64(6), now64(6), 0 "
            f"FROM ({policy.staged})"
        )
        seconds, megabytes = watched(self.warehouse.pid, lambda: timed(lambda: self.warehouse.run(statement)))
        return {SINGLE: Measured(seconds, megabytes)}

    def counts(self) -> tuple[int, int, int]:
        """As of the dimension."""
        return _counts(self.warehouse, self.table, self.policy.id)


def _counts(warehouse: Warehouse, table: str, key: str) -> tuple[int, int, int]:
    rows, ids, highest = warehouse.rows(f"SELECT count(), uniqExact({key}), max({key}) FROM {table}")[0]
    return int(rows), int(ids), int(highest)
