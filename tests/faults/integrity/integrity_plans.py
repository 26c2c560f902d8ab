"""Plans: the acts of one file's life and what goes wrong in each of them, all of it drawn from a seed and a number.

The suite tries two hundred faults, in plans that between them break each operation in each way.
"""

import random
from dataclasses import dataclass

from integrity_faults import Fault, Kind, Of
from integrity_rows import MIXES

SEED = 1
# faults that the suite tries, at least
SCHEDULES = 200
EVENTS = (
    "codes_are_taught",
    "codes_are_half_taught",
    "the_fact_refuses",
    "the_quarantine_refuses",
    "somebody_loads",
    "somebody_replays",
    "somebody_backfills",
)
SELECTIONS = {"all": 1, "batch": 3, "reason": 2, "code": 2}
LOSSES = ("partition", "quarantine", "both")
_LATER_ACTS = {"replay": 5, "gate": 4, "backfill": 4, "discard": 3, "undo": 3}
OPERATIONS = ("load", *_LATER_ACTS)
_MOST_ACTS = 4
# from so many the suite's are chosen
_POOL = 1000
# in every so many plans it is the engine that is killed
_ENGINE_KILL_EVERY = 8
ENGINE_KILLED = "engine killed"
_ENGINE_KILLS = (Kind.ENGINE_KILLED_BEFORE, Kind.ENGINE_KILLED_AFTER)
_CALM_KINDS = {
    Kind.REFUSED: 3,
    Kind.ANSWER_LOST: 3,
    Kind.DISCONNECTED: 2,
    Kind.CUT: 3,
    Kind.PROCESS_KILLED_BEFORE: 2,
    Kind.PROCESS_KILLED_AFTER: 5,
    Kind.HAPPENS: 7,
}
WAYS = {ENGINE_KILLED, *EVENTS, *(kind.name for kind in _CALM_KINDS if kind is not Kind.HAPPENS)}
_WEIGHTS_OF = {Of.ALL: 4, Of.WRITES: 3, Of.PLACING: 4}
# how many requests an act sends, mostly, and how many more for each statement's worth of rows: all, writing ones, those
# that write rows of the feed
_REQUESTS = {
    "load": ((28, 6, 0), (8, 4, 2)),
    "backfill": ((22, 5, 0), (4, 2, 1)),
    "replay": ((16, 6, 0), (3, 1, 1)),
    "gate": ((24, 8, 0), (3, 1, 1)),
    "discard": ((15, 6, 1), (0, 0, 0)),
    "undo": ((18, 6, 1), (0, 0, 0)),
}


@dataclass(frozen=True)
class Act:
    """One operation that is disturbed, and then repeated.

    Attributes:
        name: the operation.
        faults: of the operation, and of what is tried next, before anything is repeated in peace.
        next_one: what is tried next if the second fault is for it: the operation again, or another one.
        selection: what a replay is about.
        loss: what is missing before a backfill.
        is_recovered_by_backfill: whether the person who recovers begins with a backfill of the feed.
    """

    name: str
    faults: tuple[Fault, Fault]
    selection: str = ""
    loss: str = ""
    next_one: str = ""
    is_recovered_by_backfill: bool = False


@dataclass(frozen=True)
class Plan:
    """One story: acts that are disturbed, each by one schedule of its own or two.

    Attributes:
        rows, mix, years: of its file.
        chunk_rows: rows of a statement.
        statements: how many a load has running at once.
        acts: the first one loads the file.
        kills_engine: whether it needs an engine of its own.
        ends_with_replay: whether every late code is taught at last, and what is open replayed.
    """

    seed: int
    number: int
    rows: int
    mix: str
    years: int
    chunk_rows: int
    statements: int
    acts: tuple[Act, ...]
    kills_engine: bool
    ends_with_replay: bool

    @property
    def faults(self) -> int:
        """How many things go wrong."""
        return sum(fault.kind is not Kind.NOTHING for act in self.acts for fault in act.faults)

    @property
    def replays_all(self) -> bool:
        """Whether rows of other files are replayed, too."""
        return any(act.selection == "all" for act in self.acts)

    @property
    def tries(self) -> frozenset[tuple[str, ...]]:
        """What it is good for: which operation breaks how, at which requests, what is tried next, and on what rows."""
        found = {("file", "has", self.mix), ("file", "at once", str(self.statements))}
        for act in self.acts:
            found |= {(act.name, "of", act.selection), (act.name, "after", act.loss), (act.name, "then", act.next_one)}
            for name, fault in zip((act.name, act.next_one), act.faults, strict=True):
                if fault.kind is not Kind.NOTHING and fault.at <= _sure_requests(name, fault.of):
                    how = ENGINE_KILLED if fault.kind in _ENGINE_KILLS else fault.event or fault.kind.name
                    found |= {(name, "breaks", how), (fault.kind.name, "at", fault.of.name)}
        return frozenset(found)

    def told(self) -> str:
        """All of it, and how to repeat it alone."""
        alone = f"pytest tests/faults/integrity --schedule-seed {self.seed} --first-story {self.number} --schedules 1"
        lines = [f"Story {self.number} of seed {self.seed}; alone: {alone}"]
        lines += [
            f"  {self.rows} rows, {self.mix}, {self.years} years, {self.chunk_rows} rows a statement, {self.statements} at once"
        ]
        for act in self.acts:
            told = f"{act.name} {act.selection}{act.loss}: {act.faults[0].told()}"
            second = f"; then {act.next_one}: {act.faults[1].told()}" * bool(act.next_one)
            lines.append(f"  {told}{second}{'; recovered by a backfill first' * act.is_recovered_by_backfill}")
        return "\n".join(lines)


def plan_of(seed: int, number: int) -> Plan:
    """The plan with this number; the same for ever, as long as this module does not change."""
    chance = random.Random(f"{seed}/{number}")
    chunk_rows = chance.choice((10, 14, 20))
    rows = chance.randint(chunk_rows // 2, chance.choice((1, 2, 2, 3)) * chunk_rows)
    chunks = -(-rows // chunk_rows)
    kills_engine = number % _ENGINE_KILL_EVERY == _ENGINE_KILL_EVERY - 1
    names = _names(chance)
    return Plan(
        seed=seed,
        number=number,
        rows=rows,
        mix=chance.choices(list(MIXES), (6, 1, 3, 1))[0],
        years=chance.choice((1, 2, 4)),
        chunk_rows=chunk_rows,
        statements=chance.choice((1, 2)),
        acts=tuple(_act(chance, name, chunks, kills_engine=kills_engine) for name in names),
        kills_engine=kills_engine,
        ends_with_replay=chance.random() < 0.4,
    )


def chosen_plans(seed: int) -> list[Plan]:
    """Plans with so many faults that between them try all that any of a thousand of this seed tries, short ones rather
    than long ones."""
    plans = [plan_of(seed, number) for number in range(_POOL)]
    tries = [plan.tries for plan in plans]
    costs = [_cost(plan) for plan in plans]
    left = frozenset().union(*tries)
    chosen: list[int] = []
    while left:
        chosen.append(max(range(_POOL), key=lambda number: len(tries[number] & left) / costs[number]))
        left -= tries[chosen[-1]]
    for number in tuple(chosen):
        if tries[number] <= frozenset().union(*(tries[other] for other in chosen if other != number)):
            chosen.remove(number)
    others = sorted(set(range(_POOL)) - set(chosen), key=lambda number: costs[number] / max(plans[number].faults, 0.1))
    for number in others:
        if sum(plans[one].faults for one in chosen) >= SCHEDULES:
            break
        chosen.append(number)
    return [plans[number] for number in chosen]


def _sure_requests(act: str, of: Of) -> int:
    """How many an act sends, whatever there is to do."""
    return max(1, _REQUESTS[act][0][list(Of).index(of)])


def _cost(plan: Plan) -> float:
    """In acts; an engine that is killed takes as long to start as two of them, and some files leave acts little to do."""
    return ((3 if plan.kills_engine else 1) * len(plan.acts) + 0.5) * (1 if plan.mix == "mixed" else 1.5)


def _names(chance: random.Random) -> list[str]:
    names = ["load"]
    for _ in range(chance.randrange(_MOST_ACTS)):
        name = chance.choices(list(_LATER_ACTS), list(_LATER_ACTS.values()))[0]
        if name == "undo" and "discard" not in names:
            name = "discard"
        names.append(name)
    return names


def _act(chance: random.Random, name: str, chunks: int, *, kills_engine: bool) -> Act:
    has_second = chance.random() < 0.25
    next_one = chance.choice((name, "replay", "backfill"))
    second = _fault(chance, next_one, chunks, kills_engine) if has_second else Fault()
    return Act(
        name,
        (_fault(chance, name, chunks, kills_engine), second),
        next_one=next_one if has_second else "",
        selection=chance.choices(list(SELECTIONS), list(SELECTIONS.values()))[0] if name in {"replay", "gate"} else "",
        loss=chance.choice(LOSSES) if name == "backfill" else "",
        is_recovered_by_backfill=chance.random() < 0.2,
    )


def _fault(chance: random.Random, act: str, chunks: int, kills_engine: bool) -> Fault:
    kinds = dict.fromkeys(_ENGINE_KILLS, 1) if kills_engine else _CALM_KINDS
    [kind] = chance.choices(list(kinds), list(kinds.values()))
    [of] = chance.choices(list(_WEIGHTS_OF), list(_WEIGHTS_OF.values()))
    always, for_each_chunk = (dict(zip(Of, requests, strict=True))[of] for requests in _REQUESTS[act])
    return Fault(
        kind=kind,
        at=chance.randint(1, always + for_each_chunk * chunks),
        of=of,
        milliseconds=round(chance.uniform(0.5, 15), 1),
        restarts=kills_engine and chance.random() < 0.3,
        event=chance.choice(EVENTS) if kind is Kind.HAPPENS else "",
    )
