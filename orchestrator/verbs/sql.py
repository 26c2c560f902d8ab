"""`touchstone sql`: one statement, its result as the engine writes it."""

from collections.abc import Callable, Iterator
from typing import cast

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from orchestrator.exceptions import EngineError
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect

_CHUNK_BYTES = 1 << 16
_TAG_HEADER = "X-ClickHouse-Exception-Tag"


def run_statement(settings: Settings, statement: str, output_format: str, write: Callable[[bytes], None]) -> None:
    """Run the statement in the warehouse's database and hand its result on as it comes.

    Args:
        settings: whose engine to ask.
        statement: any one statement; a FORMAT clause of its own beats `output_format`. Unqualified names are looked up
            in the warehouse's database if there is one, else in the server's default.
        output_format: a ClickHouse format such as PrettyCompact or TSV.
        write: receives the bytes of the result.

    Raises:
        EngineError: the engine refused the statement or failed half-way; the message is its own.
    """
    client = connect(settings)
    try:
        if _has_database(client, settings.clickhouse_database):
            client.database = settings.clickhouse_database
        with client.raw_stream(statement, settings={"default_format": output_format}) as stream:
            for part in _until_exception(cast(BaseHTTPResponse, stream)):
                write(part)
    except ClickHouseError as error:
        raise EngineError(str(error)) from error
    except HTTPError as error:
        raise EngineError(f"The answer broke off: {error}.", "See whether the engine still runs.") from error
    finally:
        client.close()


def _until_exception(stream: BaseHTTPResponse) -> Iterator[bytes]:
    """The result without the frame that ClickHouse appends when a statement fails after its first bytes have left.

    The status says 200 by then. The frame is CRLF `__exception__` CRLF tag CRLF message LF length SP tag and so on; the
    connection then ends without its last chunk.
    """
    tag = stream.headers.get(_TAG_HEADER, "")
    opening = f"\r\n__exception__\r\n{tag}\r\n".encode()
    held = b""
    failed = False
    try:
        for part in stream.stream(_CHUNK_BYTES, decode_content=True):
            held += part
            failed = failed or (bool(tag) and opening in held)
            if not failed:
                # The beginning of a frame may be the end of this part.
                ready = len(held) - len(opening)
                if ready > 0:
                    yield held[:ready]
                    held = held[ready:]
    except HTTPError:
        if not failed:
            raise
    result, _, frame = held.partition(opening) if failed else (held, b"", b"")
    yield result
    if failed:
        raise EngineError(frame.partition(f" {tag}".encode())[0].rpartition(b"\n")[0].decode(errors="replace").strip())


def _has_database(client: Client, name: str) -> bool:
    found = client.query("SELECT count() FROM system.databases WHERE name = {name:String}", {"name": name})
    return bool(found.result_rows[0][0])
