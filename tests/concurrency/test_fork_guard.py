"""What a fork waits for, and what waits for a fork."""

from __future__ import annotations

import threading

import pytest

from tests import inside
from tests.blocking.support import Thread
from tests.waiting import wait_until
from videsk_rooms._concurrency import fork
from videsk_rooms._concurrency.fork import ForkGuard


@pytest.fixture
def fork_guard() -> ForkGuard:
    """None of them is of this process, whose own forks are another's."""
    return ForkGuard()


def test_a_look_up_returns_what_it_finds_and_raises_what_it_raises(fork_guard: ForkGuard) -> None:
    """And is over then."""

    def fail() -> None:
        raise OSError("no such name")

    assert fork_guard.run(lambda: "found") == "found"
    with pytest.raises(OSError, match="no such name"):
        fork_guard.run(fail)
    assert not inside.has_a_look_up(fork_guard)


def test_none_begins_while_a_process_forks(fork_guard: ForkGuard) -> None:
    """It begins as soon as the fork is over."""
    begun = threading.Event()
    fork_guard.before_fork()
    other = Thread(fork_guard.run, begun.set)
    assert not begun.wait(0.05)
    fork_guard.after_fork()
    other.result()
    assert begun.is_set()


def test_one_that_does_not_end_holds_no_fork_up_for_long(
    fork_guard: ForkGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that does not answer is not waited for."""
    monkeypatch.setattr(fork, "PATIENCE", 0.01)
    go_on = threading.Event()
    other = Thread(fork_guard.run, go_on.wait)
    wait_until(lambda: inside.has_a_look_up(fork_guard))
    fork_guard.before_fork()
    fork_guard.after_fork()
    go_on.set()
    other.result()


def test_a_fork_in_the_middle_of_a_fork_ends(
    fork_guard: ForkGuard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the handler of a signal may do it; look-ups go on after both."""
    monkeypatch.setattr(fork, "PATIENCE", 0.01)
    fork_guard.before_fork()
    fork_guard.before_fork()
    fork_guard.after_fork()
    fork_guard.after_fork()
    assert fork_guard.run(lambda: "found") == "found"


def test_a_child_waits_for_nothing_of_its_parent(fork_guard: ForkGuard) -> None:
    """Whatever was under way, and whoever was forking."""
    go_on = threading.Event()
    other = Thread(fork_guard.run, go_on.wait)
    wait_until(lambda: inside.has_a_look_up(fork_guard))
    fork_guard.reset_after_fork()
    assert fork_guard.run(lambda: "found") == "found"
    assert not inside.has_a_look_up(fork_guard)
    go_on.set()
    other.result()
