"""The one collector of this package: everything is read when somebody asks, and nothing is kept but ended runs."""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from clickhouse_connect.driver.exceptions import ClickHouseError
from dagster import DagsterError
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from orchestrator.exceptions import EngineError, MigrationsMissingError, TouchstoneError
from orchestrator.helpers import get_logger
from orchestrator.metrics import families as names
from orchestrator.metrics.families import FAMILIES, Reading, exposed
from orchestrator.metrics.runs import RunReader
from orchestrator.metrics.warehouse import read_dictionaries, read_feeds, read_storage
from orchestrator.settings import Settings
from orchestrator.warehouse.client import connect, running_address

log = get_logger(__name__)

_PARTS_OF_THE_ENGINE = {"feeds": read_feeds, "dictionaries": read_dictionaries, "storage": read_storage}
_FAULTS = (TouchstoneError, ClickHouseError, DagsterError, SQLAlchemyError, OSError)


class TouchstoneCollector(Collector):
    """Reads the warehouse and Dagster's records on each scrape.

    An engine that is down is left so and told by a metric; a part that cannot be read is told by another one, and the
    other parts are there.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._runs = RunReader(settings)

    def describe(self) -> Iterable[Metric]:
        """Names without values, so that registering the collector reads nothing."""
        return exposed(Reading(family, 0, tuple("" for _label in family.labels)) for family in FAMILIES)

    def collect(self) -> Iterable[Metric]:
        """Everything that can be read now."""
        return list(exposed(list(self._read())))

    def _read(self) -> Iterator[Reading]:
        is_up = True
        try:
            running_address(self._settings)
            client = connect(self._settings, database=self._settings.clickhouse_database)
        except (EngineError, MigrationsMissingError, ClickHouseError) as error:
            log.warning("warehouse does not answer", error=str(error))
            is_up = isinstance(error, MigrationsMissingError)
            yield from (Reading(names.READ, 0, (part,)) for part in _PARTS_OF_THE_ENGINE)
        else:
            for part, read in _PARTS_OF_THE_ENGINE.items():
                yield from _read_part(part, partial(read, client))
        yield Reading(names.ENGINE_UP, is_up)
        yield from _read_part("runs", self._runs.read)


def registry_of(settings: Settings) -> CollectorRegistry:
    """A registry with this collector alone."""
    registry = CollectorRegistry()
    registry.register(TouchstoneCollector(settings))
    return registry


def _read_part(part: str, read: Callable[[], Iterable[Reading]]) -> list[Reading]:
    began = time.monotonic()
    try:
        readings = list(read())
        is_read = True
    except _FAULTS as error:
        log.warning("metrics not read", part=part, error=str(error))
        readings = []
        is_read = False
    return [
        *readings,
        Reading(names.READ, is_read, (part,)),
        Reading(names.READ_SECONDS, time.monotonic() - began, (part,)),
    ]
