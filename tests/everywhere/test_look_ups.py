"""What a fork waits for, and what waits for a fork."""

from __future__ import annotations

import threading

import pytest

from tests.blocking.support import Thread, eventually
from videsk_rooms._concurrency import fork
from videsk_rooms._concurrency.fork import LookUps


@pytest.fixture
def look_ups() -> LookUps:
    """None of them is of this process, whose own forks are another's."""
    return LookUps()


def test_a_look_up_returns_what_it_finds_and_raises_what_it_raises(look_ups: LookUps) -> None:
    """And is over then."""

    def fail() -> None:
        raise OSError("no such name")

    assert look_ups.run(lambda: "found") == "found"
    with pytest.raises(OSError, match="no such name"):
        look_ups.run(fail)
    assert not look_ups._under_way


def test_none_begins_while_a_process_forks(look_ups: LookUps) -> None:
    """It begins as soon as the fork is over."""
    begun = threading.Event()
    look_ups.before_fork()
    other = Thread(look_ups.run, begun.set)
    assert not begun.wait(0.05)
    look_ups.after_fork()
    other.result()
    assert begun.is_set()


def test_one_that_does_not_end_holds_no_fork_up_for_long(
    look_ups: LookUps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that does not answer is not waited for."""
    monkeypatch.setattr(fork, "_PATIENCE", 0.01)
    go_on = threading.Event()
    other = Thread(look_ups.run, go_on.wait)
    eventually(lambda: look_ups._under_way)
    look_ups.before_fork()
    look_ups.after_fork()
    go_on.set()
    other.result()


def test_a_fork_in_the_middle_of_a_fork_ends(
    look_ups: LookUps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the handler of a signal may do it; look-ups go on after both."""
    monkeypatch.setattr(fork, "_PATIENCE", 0.01)
    look_ups.before_fork()
    look_ups.before_fork()
    look_ups.after_fork()
    look_ups.after_fork()
    assert look_ups.run(lambda: "found") == "found"


def test_a_child_waits_for_nothing_of_its_parent(look_ups: LookUps) -> None:
    """Whatever was under way, and whoever was forking."""
    go_on = threading.Event()
    other = Thread(look_ups.run, go_on.wait)
    eventually(lambda: look_ups._under_way)
    look_ups.begin_anew()
    assert look_ups.run(lambda: "found") == "found"
    assert not look_ups._under_way
    go_on.set()
    other.result()
