"""How long a client waits for SELECT 1: over HTTP, plainly and through clickhouse-connect, and from chdb in process.

The ways take turns in rounds, so that whatever else the machine does meets all of them alike.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPConnection

import clickhouse_connect

from benchmarks.embedded.setting import ask, handle, new_connection, new_engine, new_peer, parser, percentile, show
from orchestrator.constants import LOOPBACK

_MICROSECONDS = 1_000_000


def main() -> None:
    """Measure and print a table."""
    arguments = _arguments()
    seconds: dict[str, list[float]] = {}
    with new_engine() as state, new_peer() as peer:
        plain = new_connection(state.port)
        client = clickhouse_connect.get_client(host=LOOPBACK, port=state.port)
        ways: dict[str, Callable[[int], list[float]]] = {
            "chdb in process": lambda count: peer.submit(in_process, count).result(),
            "HTTP /ping": partial(timed, partial(_ping, plain)),
            "HTTP by http.client": partial(timed, partial(ask, plain, "SELECT 1")),
            "clickhouse-connect command()": partial(timed, partial(client.command, "SELECT 1")),
            "clickhouse-connect query()": partial(timed, partial(client.query, "SELECT 1")),
        }
        for way in ways.values():
            way(arguments.warm_up)
        for _ in range(arguments.rounds):
            for name, way in ways.items():
                seconds.setdefault(name, []).extend(way(arguments.requests))
        client.close()
        plain.close()
    base = percentile(next(iter(seconds.values())), 50)
    show(
        f"SELECT 1, one client, {arguments.rounds * arguments.requests} requests each",
        ("way", "p50 µs", "p99 µs", "p50 more µs", "requests/s"),
        [_row(name, values, base) for name, values in seconds.items()],
    )


def timed(request: Callable[[], object], count: int) -> list[float]:
    """Seconds of each of `count` calls, one after the other."""
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        request()
        taken.append(time.perf_counter() - began)
    return taken


def in_process(count: int) -> list[float]:
    """`timed` for chdb; runs in the peer."""
    return timed(lambda: handle().query("SELECT 1", "TabSeparated").bytes(), count)


def _ping(connection: HTTPConnection) -> None:
    connection.request("GET", "/ping")
    connection.getresponse().read()


def _row(name: str, values: list[float], base: float) -> tuple[str, ...]:
    median = percentile(values, 50)
    figures = (median, percentile(values, 99), median - base)
    return (name, *(f"{value * _MICROSECONDS:,.0f}" for value in figures), f"{len(values) / sum(values):,.0f}")


def _arguments() -> argparse.Namespace:
    takes = parser("latency", (__doc__ or "").partition("\n\n")[0])
    takes.add_argument("--requests", type=int, default=500, metavar="N", help="requests of each way in a round")
    takes.add_argument("--rounds", type=int, default=10, metavar="N", help="rounds, in which the ways take turns")
    takes.add_argument("--warm-up", type=int, default=200, metavar="N", help="requests of each way that do not count")
    return takes.parse_args()


if __name__ == "__main__":
    main()
