"""Options of the schedules; pytest knows them when this folder is named on the command line, else the suite's 200 run."""

from itertools import count

import pytest
from integrity_plans import Plan, plan_of

SCHEDULES = 200
SEED = 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--schedules", type=int, default=SCHEDULES, help="How many faults are tried, at least.")
    parser.addoption("--schedule-seed", type=int, default=SEED, help="What they are drawn from.")
    parser.addoption("--first-story", type=int, default=0, help="Number of the first story with some of them.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for a plan is one test for each story, so many that their faults are as many as wanted."""
    if "plan" not in metafunc.fixturenames:
        return
    config = metafunc.config
    seed = config.getoption("--schedule-seed", SEED)
    wanted = config.getoption("--schedules", SCHEDULES)
    plans: list[Plan] = []
    for number in count(config.getoption("--first-story", 0)):
        if sum(plan.faults for plan in plans) >= wanted:
            break
        plans.append(plan_of(seed, number))
    metafunc.parametrize("plan", plans, ids=[f"{seed}-{plan.number}" for plan in plans])
