"""`touchstone sql`: one statement, its result as the engine writes it."""

from collections.abc import Callable

from clickhouse_connect.driver.exceptions import ClickHouseError

from orchestrator.exceptions import EngineError
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect

_CHUNK_BYTES = 1 << 16


def run_statement(settings: Settings, statement: str, output_format: str, write: Callable[[bytes], None]) -> None:
    """Run the statement in the warehouse's database and hand its result on as it comes.

    Args:
        settings: whose engine to ask.
        statement: any one statement; a FORMAT clause of its own beats `output_format`.
        output_format: a ClickHouse format such as PrettyCompact or TSV.
        write: receives the bytes of the result.

    Raises:
        EngineError: the engine refused the statement; the message is its own.
    """
    client = connect(settings, database=settings.clickhouse_database if _exists(settings) else None)
    try:
        with client.raw_stream(statement, settings={"default_format": output_format}) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                write(chunk)
    except ClickHouseError as error:
        raise EngineError(str(error)) from error


def _exists(settings: Settings) -> bool:
    client = connect(settings)
    name = settings.clickhouse_database
    return bool(
        client.query("SELECT count() FROM system.databases WHERE name = {n:String}", {"n": name}).result_rows[0][0]
    )
