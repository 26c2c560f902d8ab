"""Statements that do not wait for each other, a few at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


def at_once(tasks: Iterable[Callable[[], _T]], most: int) -> Iterator[_T]:
    """Do the tasks, at most so many at once; gives their results in the order of the tasks.

    No further task is begun, or taken from the iterable, before there is room for it. The first failure is raised once
    those that have begun are done: none of them runs on behind the back of who asked.
    """
    if most == 1:
        for task in tasks:
            yield task()
        return
    with ThreadPoolExecutor(most, thread_name_prefix="statement") as pool:
        begun: deque[Future[_T]] = deque()
        for task in tasks:
            begun.append(pool.submit(task))
            if len(begun) == most:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
