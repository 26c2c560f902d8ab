"""Many clients at once, selects of several sizes and small inserts: over HTTP, and by as many threads on chdb.

Ends with status 1 when a request failed, or an inserted row is lost or doubled.
"""

import argparse
import os
import sys
import threading
from collections.abc import Callable

import psutil

from benchmarks.embedded.mix import ChdbDoor, Door, HttpDoor, Outcome, lost_or_doubled, prepare, run_mix
from benchmarks.embedded.setting import handle, new_connection, new_engine, new_handle, new_peer, parser, percentile
from benchmarks.embedded.setting import show as show_table
from orchestrator.helpers import stderr_console

_STEP_SECONDS = 10.0
_SHOWN_ERRORS = 20


def main() -> int:
    """Measure, print two tables, tell what went wrong."""
    arguments = _arguments()
    clients, seconds = arguments.clients, arguments.seconds
    with new_engine() as state:

        def new_door() -> Door:
            return HttpDoor(new_connection(state.port))

        prepare(new_door())
        over_http, memory = _watched(state.pid, lambda: run_mix(new_door, clients, seconds))
        wrong = over_http.errors + lost_or_doubled(new_door(), over_http)
    with new_peer() as peer:
        pid = peer.submit(prepare_in_process).result()
        in_process, peer_memory = _watched(pid, lambda: peer.submit(mix_in_process, clients, seconds).result())
        wrong += in_process.errors + peer.submit(check_in_process, in_process).result()
    _show({"HTTP": over_http, "chdb": in_process}, clients, seconds)
    _show_memory({"HTTP": memory, "chdb": peer_memory})
    for line in wrong[:_SHOWN_ERRORS]:
        stderr_console().print(line)
    return 1 if wrong else 0


def prepare_in_process() -> int:
    """`prepare` for the peer, whose pid it gives; runs there."""
    prepare(ChdbDoor(handle()))
    return os.getpid()


def mix_in_process(clients: int, seconds: float) -> Outcome:
    """`run_mix` on a handle for each thread; runs in the peer."""
    return run_mix(lambda: ChdbDoor(new_handle()), clients, seconds)


def check_in_process(outcome: Outcome) -> list[str]:
    """`lost_or_doubled` for the peer; runs there."""
    return lost_or_doubled(ChdbDoor(handle()), outcome)


def _watched(pid: int, run: Callable[[], Outcome]) -> tuple[Outcome, list[int]]:
    """What `run` gives, and the megabytes a process has before, at every step, and after it."""
    process = psutil.Process(pid)
    is_over = threading.Event()
    samples: list[int] = []

    def sample() -> None:
        samples.append(process.memory_info().rss >> 20)

    def sample_on() -> None:
        while not is_over.wait(_STEP_SECONDS):
            sample()

    sample()
    sampler = threading.Thread(target=sample_on)
    sampler.start()
    try:
        outcome = run()
    finally:
        is_over.set()
        sampler.join()
    sample()
    return outcome, samples


def _show(outcomes: dict[str, Outcome], clients: int, seconds: float) -> None:
    rows = []
    for kind in sorted({kind for outcome in outcomes.values() for kind in outcome.seconds}):
        for way, outcome in outcomes.items():
            values = outcome.seconds.get(kind) or [0.0]
            waits = (f"{percentile(values, percent) * 1000:,.1f}" for percent in (50, 99))
            rows.append((kind, way, f"{len(values) / seconds:,.1f}", *waits))
    for way, outcome in outcomes.items():
        rows.append(("all", way, f"{sum(map(len, outcome.seconds.values())) / seconds:,.1f}", "", ""))
    show_table(
        f"{clients} clients for {seconds:g} seconds each way", ("request", "way", "per s", "p50 ms", "p99 ms"), rows
    )


def _show_memory(samples: dict[str, list[int]]) -> None:
    rows = [[way, str(first), " ".join(map(str, steps)), str(last)] for way, (first, *steps, last) in samples.items()]
    show_table(f"MB of the process, every {_STEP_SECONDS:g} seconds", ("way", "before", "during", "after"), rows)


def _arguments() -> argparse.Namespace:
    takes = parser("load", (__doc__ or "").replace("\n\n", " ").strip())
    takes.add_argument("--clients", type=int, default=32, metavar="N", help="clients, each with a connection or handle")
    takes.add_argument("--seconds", type=float, default=60.0, metavar="S", help="how long the clients go on, each way")
    return takes.parse_args()


if __name__ == "__main__":
    sys.exit(main())
