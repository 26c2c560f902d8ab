"""Taking a TCP port, and saying who has it when it cannot be had."""

import errno
import socket
from ipaddress import ip_address
from typing import Final

from orchestrator.constants import DEFAULT_HTTP_PORT, LOOPBACK
from orchestrator.exceptions import EngineError, EnginePortInUseError

_BACKLOG: Final = 1024
_TRIES: Final = 200
_EVERY_ADDRESS: Final = ("0.0.0.0", "::")


def is_loopback(host: str) -> bool:
    """True for a name or address that only this machine can reach."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int | None) -> list[socket.socket]:
    """Listening sockets, one of which this machine reaches at 127.0.0.1; connections wait in them until served.

    Args:
        host: an address of this machine, or 0.0.0.0 or :: for all of them.
        port: None takes ClickHouse's 8123 or, if that is busy, the next port that is free.

    Raises:
        EnginePortInUseError: the port is taken; the message says by which program, if the system tells.
        EngineError: the system does not let this user open the port, or the address is not this machine's.
    """
    # The project's own verbs ask at the loopback address, whoever else is served.
    hosts = [host] if host in (LOOPBACK, *_EVERY_ADDRESS) else [LOOPBACK, host]
    ports = [port] if port is not None else range(DEFAULT_HTTP_PORT, DEFAULT_HTTP_PORT + _TRIES)
    for candidate in ports:
        socks = [sock for name in hosts if (sock := _try_listen(name, candidate)) is not None]
        if len(socks) == len(hosts):
            return socks
        for sock in socks:
            sock.close()
    wanted = ports[0]
    owner = port_owner(wanted)
    by = f"by {owner}" if owner else "by another program"
    raise EnginePortInUseError(
        f"Port {wanted} is in use {by}.", "Take another one: `touchstone up --port N`, or set CLICKHOUSE_PORT."
    )


def port_owner(port: int) -> str | None:
    """`nginx (pid 123)` for the program that listens on a port, None when the system does not tell."""
    import psutil  # noqa: PLC0415  slow to load, and needed for this message only

    try:
        connections = psutil.net_connections(kind="tcp")
        for connection in connections:
            is_it = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if is_it and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        return None
    return None


def _try_listen(host: str, port: int) -> socket.socket | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        sock = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_open(host, port, error) from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        # Listening at once, not only when served: of two sockets that are merely bound, both would believe they won.
        sock.listen(_BACKLOG)
    except OSError as error:
        sock.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise _cannot_open(host, port, error) from error
    return sock


def _cannot_open(host: str, port: int, error: OSError) -> EngineError:
    return EngineError(
        f"{host} port {port} cannot be opened: {error.strerror}.",
        "The address has to be one of this machine's, the port one above 1023.",
    )
