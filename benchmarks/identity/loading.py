"""`load_ledger` in a process of its own, without the engine: `desk` starts it, and reads the seconds it writes."""

import sys
import time
from pathlib import Path

import clickhouse_connect

from orchestrator.constants import DEFAULT_DATABASE, LOOPBACK
from orchestrator.helpers import configure_logging
from orchestrator.warehouse.ledger import load_ledger


def main() -> None:
    """Load the file that the second argument names, into the warehouse behind the port that the first one names."""
    configure_logging("WARNING", "console")
    port, ledger = int(sys.argv[1]), Path(sys.argv[2]).read_bytes()
    client = clickhouse_connect.get_client(
        host=LOOPBACK, port=port, database=DEFAULT_DATABASE, autogenerate_session_id=False
    )
    began = time.perf_counter()
    load_ledger(client, ledger)
    sys.stdout.write(f"{time.perf_counter() - began}\n")


if __name__ == "__main__":
    main()
