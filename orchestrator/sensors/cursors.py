"""Cursors that are long: Dagster keeps a copy of a sensor's cursor with every tick, thousands a day.

So the cursor is a digest, and what it stands for is kept once, in the key-value table of the instance storage. There
are two generations of it: Dagster takes a cursor over only after it has been told, and may be killed between the two.
"""

import json
from typing import Final

from dagster import DagsterInstance

from orchestrator.helpers import sha256_hex

_PREFIX: Final = "touchstone/cursor"


def what_is_kept(instance: DagsterInstance, sensor: str, cursor: str | None) -> str | None:
    """The text that a sensor's cursor stands for; None where nobody kept it."""
    return _generations(instance, sensor).get(cursor or "")


def keep(instance: DagsterInstance, sensor: str, text: str, *, cursor: str | None) -> str:
    """Keep a text beside the one that the present cursor stands for.

    Args:
        instance: Dagster's.
        sensor: its name.
        text: what the next cursor stands for.
        cursor: the present one.

    Returns:
        The next cursor; the present one if it stands for this text already, and then nothing is written.
    """
    following = sha256_hex([text.encode()])
    if following != cursor:
        kept = {cursor: what_is_kept(instance, sensor, cursor), following: text}
        generations = {digest: content for digest, content in kept.items() if digest and content is not None}
        instance.daemon_cursor_storage.set_cursor_values({_key(sensor): json.dumps(generations)})
    return following


def _generations(instance: DagsterInstance, sensor: str) -> dict[str, str]:
    text = instance.daemon_cursor_storage.get_cursor_values({_key(sensor)}).get(_key(sensor))
    generations: dict[str, str] = json.loads(text) if text else {}
    return generations


def _key(sensor: str) -> str:
    return f"{_PREFIX}/{sensor}"
