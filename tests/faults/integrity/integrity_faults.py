"""Faults of one connection: at a chosen request something breaks, or something else happens first; the engine does the rest.

The driver sends every statement through its pool of connections; here is a pool that counts them and breaks one. So the
driver's own retries and errors are the real ones, too. A lock's heartbeat is not counted.
"""

import os
import re
import signal
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from http.client import RemoteDisconnected
from typing import Any
from urllib.parse import parse_qs, urlsplit

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import ProtocolError, ReadTimeoutError
from urllib3.response import BaseHTTPResponse

HEARTBEAT = "writer-lock"


class Kind(StrEnum):
    """What goes wrong with a request."""

    NOTHING = "nothing"
    REFUSED = "the connection is refused"
    ANSWER_LOST = "the engine does it and its answer does not come"
    DISCONNECTED = "the engine does it and the connection is closed before the answer"
    CUT = "the client hangs up while it runs"
    PROCESS_KILLED_BEFORE = "the process is killed before it is sent"
    PROCESS_KILLED_AFTER = "the process is killed shortly after it is sent"
    ENGINE_KILLED_BEFORE = "the engine is killed before it is sent"
    ENGINE_KILLED_AFTER = "the engine is killed shortly after it is sent"
    HAPPENS = "something else happens before it is sent"


class Of(StrEnum):
    """Which requests count."""

    ALL = "requests"
    WRITES = "writing requests"
    PLACING = "requests that write rows of the feed"


_COUNTED = {
    Of.ALL: re.compile(""),
    Of.WRITES: re.compile(r"^\s*(INSERT|CREATE|DROP|SYSTEM)"),
    Of.PLACING: re.compile(r"^\s*INSERT INTO (feed_|landing_|quarantine_)"),
}


@dataclass(frozen=True)
class Fault:
    """At the `at`-th request of those that count: what goes wrong.

    Attributes:
        at: from 1.
        milliseconds: until the blow, for what comes shortly after.
        restarts: whether a killed engine is there again before the operation goes on.
        event: what happens, for HAPPENS: name of a method of the world.
    """

    kind: Kind = Kind.NOTHING
    at: int = 1
    of: Of = Of.ALL
    milliseconds: float = 0
    restarts: bool = False
    event: str = ""

    def told(self) -> str:
        """In words."""
        if self.kind is Kind.NOTHING:
            return "nothing goes wrong"
        more = f"; {self.event}" * bool(self.event) + "; the engine is started again at once" * self.restarts
        return f"{self.kind}: number {self.at} of the {self.of}, blow after {self.milliseconds} ms{more}"


class FaultyPool(PoolManager):
    """Connections of which one request breaks as the fault says.

    Attributes:
        has_fired: True once it did.
    """

    def __init__(self, fault: Fault, kill_engine: Callable[[], None], start_engine: Callable[[], None]) -> None:
        super().__init__()
        self._fault = fault
        self._kill_engine = kill_engine
        self._start_engine = start_engine
        self._seen = 0
        self._one_counts = threading.Lock()
        self.happening: Callable[[], None] = lambda: None
        self.has_fired = False

    def request(self, method: str, url: str, **options: Any) -> BaseHTTPResponse:  # type: ignore[override]
        """Send it, unless it is the one."""
        if self._is_the_one(_statement(url, options)):
            return self._broken(method, url, options)
        return self._send(method, url, options)

    def _is_the_one(self, statement: str) -> bool:
        with self._one_counts:
            if self.has_fired or self._fault.kind is Kind.NOTHING or threading.current_thread().name == HEARTBEAT:
                return False
            self._seen += bool(_COUNTED[self._fault.of].match(statement))
            self.has_fired = self._seen == self._fault.at
            return self.has_fired

    def _send(self, method: str, url: str, options: dict[str, Any]) -> BaseHTTPResponse:
        return super().request(method, url, **options)

    def _broken(self, method: str, url: str, options: dict[str, Any]) -> BaseHTTPResponse:
        fault = self._fault
        match fault.kind:
            case Kind.REFUSED:
                # nobody listens on port 1
                url = re.sub(r":\d+/", ":1/", url, count=1)
            case Kind.ANSWER_LOST:
                self._send(method, url, options).read()
                raise ReadTimeoutError(self.connection_from_url(url), url, "Read timed out.")
            case Kind.DISCONNECTED:
                self._send(method, url, options).read()
                gone = RemoteDisconnected("Remote end closed connection without response")
                raise ProtocolError("Connection aborted.", gone) from gone
            case Kind.CUT:
                options |= {"timeout": Timeout(connect=10, read=fault.milliseconds / 1000), "retries": 0}
            case Kind.PROCESS_KILLED_BEFORE:
                os.kill(os.getpid(), signal.SIGKILL)
            case Kind.PROCESS_KILLED_AFTER:
                with self._blow(lambda: os.kill(os.getpid(), signal.SIGKILL)):
                    return self._send(method, url, options)
            case Kind.ENGINE_KILLED_BEFORE:
                self._kill_engine()
                if fault.restarts:
                    self._start_engine()
            case Kind.ENGINE_KILLED_AFTER:
                with self._blow(self._kill_engine):
                    return self._send(method, url, options)
            case Kind.HAPPENS:
                self.happening()
        return self._send(method, url, options)

    @contextmanager
    def _blow(self, deal: Callable[[], None]):
        """Deal a blow from a thread after the fault's time, also when what is within is over by then."""
        timer = threading.Timer(self._fault.milliseconds / 1000, deal)
        timer.start()
        try:
            yield
        finally:
            timer.join()
            if self._fault.restarts:
                self._start_engine()


def _statement(url: str, options: dict[str, Any]) -> str:
    """The head of what the request asks for; rows that the driver makes on the way are an insert's."""
    [asked] = parse_qs(urlsplit(url).query).get("query", [""])
    body = options.get("body")
    if body is not None and not isinstance(body, bytes | bytearray):
        return "INSERT"
    return asked or bytes(body or b"")[:100].decode(errors="replace")
