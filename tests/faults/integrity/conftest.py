"""Options of the schedules; they are known when this folder is named on the command line, else the suite's 200 run."""

import pytest

SCHEDULES = 200
SEED = 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--schedules", type=int, default=SCHEDULES, help="How many schedules of faults are tried.")
    parser.addoption("--schedule-seed", type=int, default=SEED, help="What schedules are drawn from.")
    parser.addoption("--first-schedule", type=int, default=0, help="Number of the first one.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for a plan is one test for each schedule."""
    if "schedule" not in metafunc.fixturenames:
        return
    config = metafunc.config
    seed = config.getoption("--schedule-seed", SEED)
    first = config.getoption("--first-schedule", 0)
    numbers = range(first, first + config.getoption("--schedules", SCHEDULES))
    metafunc.parametrize(
        "schedule", [(seed, number) for number in numbers], ids=[f"{seed}-{number}" for number in numbers]
    )
