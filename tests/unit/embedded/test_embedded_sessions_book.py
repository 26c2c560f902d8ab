"""The book of sessions, with a clock of its own."""

import pytest

from orchestrator.embedded.errors import QueryError
from orchestrator.embedded.execution.sessions import Sessions


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sessions(clock):
    return Sessions(clock)


def code_of(call) -> int:
    with pytest.raises(QueryError) as caught:
        call()
    return caught.value.code


def test_a_session_is_the_same_until_its_time_is_over(sessions, clock):
    first = sessions.acquire("u", "s", 60, must_exist=False)
    sessions.release(first, close=False)
    clock.now = 59
    assert sessions.acquire("u", "s", 60, must_exist=True) is first
    sessions.release(first, close=False)
    clock.now = 59 + 60
    assert code_of(lambda: sessions.acquire("u", "s", 60, must_exist=True)) == 372
    assert sessions.acquire("u", "s", 60, must_exist=False) is not first


def test_a_busy_session_is_refused_even_when_its_time_is_over(sessions, clock):
    sessions.acquire("u", "s", 1, must_exist=False)
    clock.now = 100
    assert code_of(lambda: sessions.acquire("u", "s", 1, must_exist=False)) == 373
    assert sessions.sweep() == []


def test_sessions_of_two_users_are_two(sessions):
    assert sessions.acquire("a", "s", 60, must_exist=False) is not sessions.acquire("b", "s", 60, must_exist=False)


def test_handles_of_sessions_that_are_over_are_given_back_once(sessions, clock):
    first = sessions.acquire("u", "s", 60, must_exist=False)
    first.handle = object()
    sessions.release(first, close=False)
    clock.now = 61
    second = sessions.acquire("u", "s", 60, must_exist=False)
    second.handle = object()
    assert sessions.release(second, close=True) is second.handle
    assert sessions.sweep() == [first.handle]
    assert sessions.sweep() == []


def test_a_broken_session_is_forgotten(sessions):
    session = sessions.acquire("u", "s", 60, must_exist=False)
    session.handle = object()
    session.is_broken = True
    assert sessions.release(session, close=False) is session.handle
    assert code_of(lambda: sessions.acquire("u", "s", 60, must_exist=True)) == 372


def test_closing_all_forgets_busy_sessions_too(sessions):
    session = sessions.acquire("u", "s", 60, must_exist=False)
    session.handle = object()
    assert sessions.close_all() == [session.handle]
