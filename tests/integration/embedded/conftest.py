"""One embedded engine for all tests of this folder, each with a database of its own, and a bare HTTP client."""

import http.client
import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client

from orchestrator.embedded import EngineState, start_engine, stop_engine


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, body undecoded, header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Http:
    """As plain a client as curl: one kept-alive connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def __call__(self, body=b"", *, method="POST", path="/", headers=None, chunked=False, **url) -> Answer:
        target = f"{path}?{urlencode(url)}" if url else path
        self.connection.request(method, target, body, headers or {}, encode_chunked=chunked)
        response = self.connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def close(self) -> None:
        self.connection.close()


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture(scope="session")
def embedded_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineState]:
    """A running engine on a free port."""
    engine_dir: Path = tmp_path_factory.mktemp("engine")
    yield start_engine(engine_dir, free_port()).state
    stop_engine(engine_dir)


@pytest.fixture
def new_http(embedded_engine: EngineState) -> Iterator[Callable[[], Http]]:
    """Makes bare clients, each with a connection of its own."""
    clients: list[Http] = []

    def make() -> Http:
        clients.append(Http(embedded_engine.port))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def http_client(new_http: Callable[[], Http]) -> Http:
    """The bare client."""
    return new_http()


@pytest.fixture
def database(http_client: Http) -> Iterator[str]:
    """A database for one test."""
    name = f"t_{secrets.token_hex(6)}"
    assert http_client(f"CREATE DATABASE {name}".encode()).status == 200
    yield name
    http_client(f"DROP DATABASE {name}".encode())


@pytest.fixture
def client(embedded_engine: EngineState, database: str) -> Iterator[Client]:
    """clickhouse-connect, unmodified, in the test's database."""
    client = clickhouse_connect.get_client(host="127.0.0.1", port=embedded_engine.port, database=database)
    yield client
    client.close()
