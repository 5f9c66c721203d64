"""Signals, while a command runs an event loop."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from videsk_rooms.cli._signals import handled, leave, run_until_stopped

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """Whatever the tests were started by, signals are as in a terminal."""
    with handled(signal.default_int_handler, signal.SIGINT), handled(leave, signal.SIGTERM):
        yield


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_raised_when_the_work_has_ended(number: signal.Signals) -> None:
    """And not where the loop happens to be, which would never do what it was about to."""
    done: list[str] = []

    async def work() -> None:
        signal.raise_signal(number)
        done.append("what was going on")
        try:
            await asyncio.sleep(3600)
        finally:
            signal.raise_signal(number)  # as by somebody who is impatient
            await asyncio.sleep(0)
            done.append("cleaning up")

    with pytest.raises((KeyboardInterrupt, SystemExit)) as left:
        run_until_stopped(work())
    assert done == ["what was going on", "cleaning up"]
    assert left.type is (KeyboardInterrupt if number == signal.SIGINT else SystemExit)
    if isinstance(left.value, SystemExit):
        assert left.value.code == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_work_that_is_done_all_the_same_is_done(number: signal.Signals) -> None:
    """What comes too late to stop it does not undo it, and is no error."""
    done: list[str] = []

    async def work() -> None:
        signal.raise_signal(number)
        done.append("all")

    run_until_stopped(work())
    assert done == ["all"]


def test_a_cancellation_by_nobody_s_signal_is_one() -> None:
    """It is not taken for Ctrl-C."""

    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run_until_stopped(work())


def test_signals_are_handled_as_before_when_the_work_is_over() -> None:
    """However it has ended."""

    async def work() -> None:
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        assert signal.getsignal(signal.SIGTERM) is not leave
        raise LookupError

    with pytest.raises(LookupError):
        run_until_stopped(work())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) is leave


@contextmanager
def in_the_background() -> Iterator[None]:
    """Ignore Ctrl-C, as a shell has its jobs in the background do."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_job_in_the_background_hears_no_ctrl_c() -> None:
    """Its shell wants it so: Ctrl-C is meant for what is in front."""
    done: list[str] = []

    async def work() -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
        done.append("all")

    with in_the_background():
        run_until_stopped(work())
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert done == ["all"]


def test_a_job_in_the_background_is_ended_by_sigterm() -> None:
    """As anything is."""

    async def work() -> None:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(3600)

    with in_the_background(), pytest.raises(SystemExit) as left:
        run_until_stopped(work())
    assert left.value.code == 128 + signal.SIGTERM


@pytest.mark.parametrize(
    ("number", "left_by"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)]
)
def test_work_that_does_not_let_itself_be_stopped_is_left(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals, left_by: type[BaseException]
) -> None:
    """By a signal that comes after a while; nobody has to look for the number of the process."""
    monkeypatch.setattr("videsk_rooms.cli._signals._PATIENCE", 0.0)
    ended: list[bool] = []

    async def work() -> None:
        signal.raise_signal(signal.SIGINT)
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
            signal.raise_signal(number)
            ended.append(True)

    with pytest.raises(left_by):
        run_until_stopped(work())
    assert ended == []
