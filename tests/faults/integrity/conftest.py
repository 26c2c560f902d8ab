"""Options of the schedules; pytest knows them when this folder is named on the command line, else the suite's own run."""

from itertools import count

import pytest
from integrity_plans import SEED, Plan, chosen_plans, plan_of


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--schedules", type=int, help="How many faults are tried, at least; else those that are chosen.")
    parser.addoption("--schedule-seed", type=int, default=SEED, help="What they are drawn from.")
    parser.addoption("--first-story", type=int, default=0, help="Number of the first story with some of them.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for a plan is one test for each story."""
    if "plan" not in metafunc.fixturenames:
        return
    seed = metafunc.config.getoption("--schedule-seed", SEED)
    wanted = metafunc.config.getoption("--schedules", None)
    if wanted is None:
        plans = chosen_plans(seed)
    else:
        plans = consecutive_plans(seed, metafunc.config.getoption("--first-story"), wanted)
    metafunc.parametrize("plan", plans, ids=[f"{seed}-{plan.number}" for plan in plans])


def consecutive_plans(seed: int, first: int, wanted: int) -> list[Plan]:
    """So many that their faults are as many as wanted."""
    plans: list[Plan] = []
    for number in count(first):
        if sum(plan.faults for plan in plans) >= wanted:
            break
        plans.append(plan_of(seed, number))
    return plans
