"""Migrations on a cluster: the statements of one node, rendered for shards and replicas as they are applied.

Every DDL runs on all hosts, and every MergeTree is replicated. Two kinds of tables (docs/decisions/0011-clusters.md):

- Whole tables (dimensions, ledger, audit trail): all hosts of all shards are replicas of one another.
- Shared tables (landing, facts, quarantine): `local_<name>` holds a shard's rows, replicated within the shard, and
  `<name>` is the Distributed table over them, by which everything else reads and writes. A batch lies on one shard.

Views, dictionaries and Null tables stand on every host as they are: rows are resolved where they are fed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from clickhouse_connect.driver.binding import format_str
from clickhouse_connect.driver.client import Client
from clickhouse_migrations.migrator import Migrator
from clickhouse_migrations.substitution import substitute
from sqlglot import Token, tokenize

from orchestrator.exceptions import MigrationError

LOCAL: Final = "local_"
SHARED: Final = ("landing_", "fct_", "quarantine_")
SHARDING_KEY: Final = "batch_id"
# What a login needs on a cluster, or reads may miss what was written, and writes may be lost after their answer.
REQUIRED_SETTINGS: Final[Mapping[str, str]] = {
    "distributed_foreground_insert": "1",
    "distributed_product_mode": "global",
    "insert_quorum": "auto",
    "insert_quorum_parallel": "0",
    "select_sequential_consistency": "1",
}

_WHOLE_PATH: Final = "/clickhouse/tables/{database}/{table}"
_SHARED_PATH: Final = "/clickhouse/tables/{shard}/{database}/{table}"
_REPLICA: Final = "{replica}"
_KINDS: Final = ("TABLE", "DICTIONARY", "MATERIALIZED VIEW", "VIEW")
_VERBS: Final = ("CREATE OR REPLACE", "CREATE", "ALTER", "DROP")
_PRESENCE: Final = ("IF NOT EXISTS", "IF EXISTS")
_UNREPLICATED: Final = ("NULL",)
_RENDERABLE: Final = (
    "Write CREATE, ALTER and DROP with ${ON_CLUSTER}, with ${REPLICATED}MergeTree or Null for an engine."
)


@dataclass(frozen=True)
class _Ddl:
    """A statement's head, and where its parts stand in its tokens."""

    verb: str
    kind: str
    database: str
    name: str
    name_token: Token
    rest: Sequence[Token]

    @property
    def is_shared(self) -> bool:
        return self.kind == "TABLE" and self.name.startswith(SHARED)

    @property
    def target(self) -> str:
        return f"{self.database}.{self.name}"


def for_cluster(statement: str, cluster: str) -> list[str]:
    """The statements that do on a cluster what this one does on one node; nothing but names and engines differs.

    Args:
        statement: one statement with `${ON_CLUSTER}` and `${REPLICATED}` filled in (`cluster_variables`).
        cluster: the cluster's name; empty gives the statement as it is.

    Raises:
        MigrationError: it does not say ON CLUSTER, or has an engine that would differ from host to host.
    """
    if not cluster:
        return [statement]
    ddl = _ddl(statement)
    _require_on_cluster(statement, ddl, cluster)
    own = _on_own_replicas(statement, ddl)
    if not ddl.is_shared:
        return [own]
    distributed = _distributed(ddl, cluster)
    if ddl.verb == "DROP":
        return [f"DROP TABLE IF EXISTS {ddl.target} {on_cluster(cluster)} SYNC;", own]
    return [own, distributed]


def cluster_variables(cluster: str) -> dict[str, str]:
    """What `${ON_CLUSTER}` and `${REPLICATED}` stand for; nothing on one node."""
    return {"ON_CLUSTER": on_cluster(cluster), "REPLICATED": "Replicated" if cluster else ""}


def on_cluster(cluster: str) -> str:
    """The clause that runs a DDL on all hosts, nothing for no cluster."""
    return f"ON CLUSTER {format_str(cluster)}" if cluster else ""


def rendered(script: str, variables: Mapping[str, str], cluster: str, source: str) -> list[str]:
    """The statements of a migration as they are sent; on one node those of the file.

    Args:
        script: the file's text.
        variables: values of all its variables but those of `cluster_variables`.
        cluster: the cluster's name, or nothing.
        source: the file's name, for messages.

    Raises:
        MigrationError: a statement cannot be rendered.
    """
    filled = substitute(script, {**variables, **cluster_variables(cluster)}, source)
    statements = Migrator.script_to_statements(filled, multi_statement=True)
    return [part for statement in statements for part in for_cluster(statement, cluster)]


def require_cluster(client: Client, cluster: str) -> None:
    """Prove that the server knows the cluster, itself in it, and that this login is as strict as a cluster needs.

    Raises:
        MigrationError: names what is missing.
    """
    faults = list(_faults(client, cluster))
    if faults:
        raise MigrationError(
            f"The server is not ready for the cluster {cluster}: {'; '.join(faults)}.",
            "See deploy/clickhouse/cluster/ for a configuration that is.",
        )


def _faults(client: Client, cluster: str) -> Iterator[str]:
    hosts = client.query("SELECT count() FROM system.clusters WHERE cluster = {name:String}", {"name": cluster})
    if not hosts.result_rows[0][0]:
        yield f"system.clusters has no cluster {cluster}"
    macros = {name for (name,) in client.query("SELECT macro FROM system.macros").result_rows}
    yield from (f"it has no macro {name}" for name in ("shard", "replica") if name not in macros)
    live = {name: value for name, value in client.query("SELECT name, value FROM system.settings").result_rows}
    for name, value in REQUIRED_SETTINGS.items():
        if live.get(name) != value:
            yield f"{name} is {live.get(name)!r} for this login, not {value!r}"


def _ddl(statement: str) -> _Ddl:
    tokens = tokenize(statement, read="clickhouse")
    words = _Words(tokens)
    verb = words.take(_VERBS)
    kind = words.take(_KINDS) if verb else ""
    if not kind:
        raise MigrationError(f"This statement cannot be rendered for a cluster: {_head(statement)}", _RENDERABLE)
    words.take(_PRESENCE)
    database, dot, name = (*words.rest[:3], None, None, None)[:3]
    if database is None or dot is None or name is None or dot.text != ".":
        raise MigrationError(f"This statement names no database: {_head(statement)}", "Write ${DATABASE} before names.")
    return _Ddl(verb, kind, database.text, name.text, name, words.rest[3:])


class _Words:
    """Keywords read off the head of a statement, however its tokens group them."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.rest = tokens

    def take(self, choices: Sequence[str]) -> str:
        """The choice that the statement goes on with, which is then behind; nothing if none does."""
        for choice in choices:
            wanted = choice.split()
            for count in range(1, len(wanted) + 1):
                if " ".join(token.text.upper() for token in self.rest[:count]).split() == wanted:
                    self.rest = self.rest[count:]
                    return choice
        return ""


def _require_on_cluster(statement: str, ddl: _Ddl, cluster: str) -> None:
    clause = [token.text for token in ddl.rest[:3]]
    if [word.upper() for word in clause[:2]] != ["ON", "CLUSTER"] or clause[2:] != [cluster]:
        raise MigrationError(f"This statement would run on one host alone: {_head(statement)}", _RENDERABLE)


def _on_own_replicas(statement: str, ddl: _Ddl) -> str:
    """The statement on the table that holds rows, with the place in Keeper where its replicas meet."""
    edits: list[tuple[int, int, str]] = []
    if ddl.is_shared:
        edits.append((ddl.name_token.start, ddl.name_token.end + 1, f"{LOCAL}{ddl.name}"))
    if ddl.kind == "TABLE" and ddl.verb.startswith("CREATE"):
        edits.append(_replication(statement, ddl))
    for start, end, text in sorted(edits, reverse=True):
        statement = statement[:start] + text + statement[end:]
    return statement


def _replication(statement: str, ddl: _Ddl) -> tuple[int, int, str]:
    position = _engine(statement, ddl)
    engine, after = ddl.rest[position], [token.text for token in ddl.rest[position + 1 : position + 3]]
    end = engine.end + 1
    if engine.text.upper() in _UNREPLICATED:
        return end, end, ""
    if not (engine.text.startswith("Replicated") and engine.text.endswith("MergeTree")):
        raise MigrationError(
            f"The engine {engine.text} of {ddl.target} would hold other rows on each host.", _RENDERABLE
        )
    arguments = f"'{_SHARED_PATH if ddl.is_shared else _WHOLE_PATH}', '{_REPLICA}'"
    if after[:1] != ["("]:
        return end, end, f"({arguments})"
    start = ddl.rest[position + 1].end + 1
    return start, start, arguments if after[1:] == [")"] else f"{arguments}, "


def _engine(statement: str, ddl: _Ddl) -> int:
    """Where the engine's name stands."""
    for index, token in enumerate(ddl.rest[:-2]):
        if token.text.upper() == "ENGINE" and ddl.rest[index + 1].text == "=":
            return index + 2
    raise MigrationError(f"This table names no engine: {_head(statement)}", _RENDERABLE)


def _distributed(ddl: _Ddl, cluster: str) -> str:
    """The table over all shards, with the columns and constraints that the local one has by now."""
    local = f"{LOCAL}{ddl.name}"
    return (
        f"CREATE OR REPLACE TABLE {ddl.target} {on_cluster(cluster)} AS {ddl.database}.{local}\n"
        f"ENGINE = Distributed({format_str(cluster)}, '{ddl.database}', '{local}', {SHARDING_KEY});"
    )


def _head(statement: str) -> str:
    return " ".join(statement.split())[:120]
