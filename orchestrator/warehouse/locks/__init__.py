"""The advisory lock of the warehouse's single writer: whoever mints keys in the warehouse holds it, one at a time.

`writer_lock` surrounds a command that appends to dimensions. It keeps its state in the engine itself, so that it holds
between processes and hosts, and needs no Keeper (`registers` has both ways). A lock is a lease: a thread renews it, the
engine's clock judges it, and it is free again when

- it was given back,
- it expired, as its holder was killed, cut off or paused for longer than `Timing.lease_seconds`, or
- its holder is known to be gone: a process of the same machine that has ended, and left no child running (`holders`).

What was not given back in order may have left statements running in the engine; the successor waits for their end
before it begins. ClickHouse cannot refuse the writes of a holder that lost its lease without knowing: `Lease.require`
just before writing, and the end of the context manager, tell it. The lock is advisory, not reentrant, and not fair.

Replicas that share the lock through Keeper need clocks that agree far better than a lease is long.
"""

from orchestrator.warehouse.locks.leases import Lease, Timing
from orchestrator.warehouse.locks.writer import writer_lock

__all__ = ["Lease", "Timing", "writer_lock"]
