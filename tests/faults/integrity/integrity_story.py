"""The life of one file: it is loaded, replayed, given up or backfilled; every act is disturbed, then a person repeats it."""

from collections.abc import Callable
from pathlib import Path
from random import Random

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from integrity_faults import Fault
from integrity_judge import (
    places_of,
    require_consistent_trail,
    require_exactly,
    require_landed,
    require_never_broken,
    require_no_orphans,
    require_possible,
    require_reconciled,
)
from integrity_plans import Act, Plan
from integrity_rows import BAD_VALUE, UNKNOWN_INSTRUMENT, late_codes, numbered, rows_of, year_of
from integrity_world import CODES, DONE, FEED, INSTRUMENTS, PATIENCE_SECONDS, World

from orchestrator.exceptions import TouchstoneError
from orchestrator.helpers import sha256_hex
from orchestrator.warehouse.backfilling import backfill
from orchestrator.warehouse.batches import identify
from orchestrator.warehouse.gate import pass_gate
from orchestrator.warehouse.loader import Circumstances, load_file
from orchestrator.warehouse.quarantine import Selection, discard, replay

_TRIES = 3

Operation = Callable[[Client], object]


class Story:
    """One story, from its file to the last judgement.

    Attributes:
        known: late codes that dictionaries know for certain.
        settled: row numbers that are in the fact for certain.
        discarded: row numbers that were given up.
        fired: faults that came, of all.
    """

    def __init__(self, world: World, plan: Plan, folder: Path) -> None:
        self.world = world
        self.plan = plan
        chance = Random(f"{plan.seed}/{plan.number}/rows")
        self.late = late_codes(plan.number)
        self.rows = rows_of(chance, plan.number, rows=plan.rows, mix=plan.mix, years=plan.years)
        self.path = folder / f"{plan.number}.csv"
        lines = [",".join(FEED.columns), *(",".join(row.cells) for row in self.rows)]
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.batch_id = identify(FEED, sha256_hex([self.path.read_bytes()]), self.path.name, "").batch_id
        self.circumstances = Circumstances(
            spool_dir=folder / "spool", lock_wait_seconds=PATIENCE_SECONDS, statements=plan.statements
        )
        self.known: set[str] = set()
        self.settled: set[int] = set()
        self.discarded: set[int] = set()
        self.fired: list[bool] = []
        self._is_whole = True

    def tell(self) -> None:
        """All of it."""
        client = self.world.client
        for act in self.plan.acts:
            self._play(act)
        if self.plan.ends_with_replay:
            self.codes_are_taught()
            self.known = set(self.late)
            replay(client, FEED, self._of_batch(), wait_seconds=PATIENCE_SECONDS)
            self._judge(is_exact=True)
        require_landed(client, self.batch_id, self.rows)
        require_consistent_trail(client, self.batch_id, len(self.rows))
        require_no_orphans(client)
        require_reconciled(client, require_never_broken(client))

    def _play(self, act: Act) -> None:
        if act.name in {"replay", "gate"}:
            self._add_a_code(reload=act.name == "replay")
        elif act.name == "backfill":
            self._lose(act.loss)
        if not self._disturb(self._operation(act, act.name), act.faults[0]):
            self._recover(act)
        self._is_whole = True
        self._note(act)
        has_learned = any(event in told for event in ("taught", "replays") for told in self._events(act))
        self._judge(is_exact=act.name == "load" and not has_learned)

    def _operation(self, act: Act, name: str) -> Operation:
        wait = {"wait_seconds": PATIENCE_SECONDS}
        match name:
            case "load":
                return self._load
            case "replay":
                return lambda client: replay(client, FEED, self._selection(act), **wait)
            case "gate":
                return lambda client: self._pass_gate_and_replay(client, act)
            case "backfill":
                return self._backfill
            case "discard":
                return lambda client: discard(client, FEED, self._of_batch(BAD_VALUE), "of no use", **wait)
            case _:
                given_up = Selection(batches=(self.batch_id,), discarded=True)
                return lambda client: replay(client, FEED, given_up, **wait)

    def _load(self, client: Client) -> None:
        load_file(client, FEED, self.path, self.circumstances)

    def _backfill(self, client: Client) -> None:
        backfill(client, FEED, (), self.circumstances)

    def _pass_gate_and_replay(self, client: Client, act: Act) -> None:
        pass_gate(client, (INSTRUMENTS, CODES), deadline_seconds=PATIENCE_SECONDS, reload=True)
        replay(client, FEED, self._selection(act), wait_seconds=PATIENCE_SECONDS)

    def _selection(self, act: Act) -> Selection:
        match act.selection:
            case "reason":
                return self._of_batch(UNKNOWN_INSTRUMENT)
            case "code":
                return Selection(codes={"instrument": self.late[0]})
            case "all":
                return Selection()
            case _:
                return self._of_batch()

    def _of_batch(self, *reasons: str) -> Selection:
        return Selection(batches=(self.batch_id,), reasons=reasons)

    def _add_a_code(self, *, reload: bool) -> None:
        self.known.add(self.late[len(self.known) % len(self.late)])
        self.world.add_codes(self.known)
        if reload:
            self.world.reload()

    def _lose(self, loss: str) -> None:
        """Lose some rows, by one of the ways in which that happens."""
        self._is_whole = False
        if loss in {"partition", "both"}:
            self.world.client.command(f"ALTER TABLE {FEED.fact} DROP PARTITION {year_of(self.plan.number)}")
        if loss in {"quarantine", "both"}:
            # a row that was given up is not to come back
            given_up = ", ".join(map(str, self.discarded))
            self.world.client.command(
                f"ALTER TABLE {FEED.quarantine} DELETE WHERE batch_id = {{batch_id:UInt64}} "
                f"AND row_number NOT IN [{given_up}] SETTINGS mutations_sync = 1",
                {"batch_id": self.batch_id},
            )

    def _note(self, act: Act) -> None:
        """What is certain now that the act has succeeded."""
        bad = {number for number, row in numbered(self.rows) if BAD_VALUE in row.faults(())}
        if act.name == "discard":
            self.discarded |= bad
            return
        if act.name == "undo":
            self.discarded.clear()
        asked = self.late[:1] if act.selection == "code" else self.late
        self.settled |= {
            number
            for number, row in numbered(self.rows)
            if not row.faults(self.known) and (row.instrument not in self.late or row.instrument in asked)
        }

    def codes_are_taught(self) -> None:
        """An event: the dimension gains the codes and both dictionaries are reloaded."""
        self.world.add_codes(self.late)
        self.world.reload()

    def codes_are_half_taught(self) -> None:
        """An event: rows resolve to IDs that the foreign key's dictionary does not have yet."""
        self.world.add_codes(self.late)
        self.world.reload(CODES)

    def the_fact_refuses(self) -> None:
        """An event: the view in front of the fact throws, that of quarantine does not."""
        self.world.refuse(FEED.fact)

    def the_quarantine_refuses(self) -> None:
        """An event: the other way round."""
        self.world.refuse(FEED.quarantine)

    def somebody_loads(self) -> None:
        """An event: the same file is loaded by somebody else."""
        self.world.meanwhile(self._load)

    def somebody_replays(self) -> None:
        """An event: somebody else replays what is open of the file."""
        self.world.meanwhile(lambda client: replay(client, FEED, self._of_batch(), wait_seconds=PATIENCE_SECONDS))

    def somebody_backfills(self) -> None:
        """An event: somebody else backfills the whole feed."""
        self.world.meanwhile(self._backfill)

    def _events(self, act: Act) -> list[str]:
        return [fault.event for fault in act.faults]

    def _disturb(self, operation: Operation, fault: Fault, *, may_fail: bool = False) -> bool:
        """Do it with a fault, and look at what must hold even then; gives whether it was done all the same."""
        outcome = self.world.disturbed(operation, fault, getattr(self, fault.event, lambda: None))
        assert not outcome.said.startswith("unexpected"), outcome.said
        assert may_fail or outcome.has_fired or outcome.said == DONE, f"failed without a fault: {outcome.said}"
        self.fired.append(outcome.has_fired)
        if self.plan.kills_engine:
            self.world.start_engine()
        if fault.event.endswith("refuses"):
            self.world.refuse_nothing()
        require_never_broken(self.world.client, is_whole=self._is_whole)
        return outcome.said == DONE

    def _recover(self, act: Act) -> None:
        """Repeat it as a person would, who has had the dictionaries loaded; what was cut off last is repeated first."""
        repeated = [act.name]
        is_half_taught = "codes_are_half_taught" in self._events(act)
        if act.next_one:
            next_one = self._operation(act, act.next_one)
            is_done = self._disturb(next_one, act.faults[1], may_fail=is_half_taught)
            repeated = list(dict.fromkeys((act.next_one, act.name)))[is_done and act.next_one != act.name :]
        if is_half_taught:
            self.world.reload()
        for name in repeated:
            self._repeat(self._operation(act, name), begins_with_backfill=act.is_recovered_by_backfill)

    def _repeat(self, operation: Operation, *, begins_with_backfill: bool) -> None:
        failures = []
        for _ in range(_TRIES):
            try:
                if begins_with_backfill:
                    self._backfill(self.world.client)
                operation(self.world.client)
            except (ClickHouseError, TouchstoneError) as error:
                failures.append(f"{type(error).__name__}: {error}")
            else:
                return
        raise AssertionError("\n".join(["it cannot be recovered:", *failures]))

    def _judge(self, *, is_exact: bool) -> None:
        places = places_of(self.world.client, self.batch_id, self.rows)
        require_possible(self.rows, places, self.late, self.discarded)
        assert self.settled <= places.facts.keys()
        if is_exact:
            require_exactly(self.rows, places, self.known, self.discarded)
