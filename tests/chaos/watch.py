"""What must be left when all is over: nothing."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests import inside
from videsk_rooms._ratelimit import Rank

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videsk_rooms import AsyncVidesk, RateLimit

_PATIENCE = 10.0
_DESCRIPTORS = "/dev/fd"


@contextmanager
def watching(findings: list[str]) -> Iterator[None]:
    """Find what is complained of in the background, and what is left behind.

    Complaints are those that Python makes where nobody is to catch them: of tasks whose exception
    was never retrieved, of resources that were not closed, of threads that ended badly.
    """
    gc.collect()  # of what was before, nobody is to complain here
    complaints = _Complaints(findings)
    logging.getLogger("asyncio").addHandler(complaints)
    hooks = sys.unraisablehook, threading.excepthook
    sys.unraisablehook = complaints.unraisable
    threading.excepthook = complaints.in_thread
    before = _held()
    try:
        yield
        gc.collect()
        findings += _left_over(before)
    finally:
        sys.unraisablehook, threading.excepthook = hooks
        logging.getLogger("asyncio").removeHandler(complaints)


async def check_connections(client: AsyncVidesk, findings: list[str]) -> None:
    """Find the connections that are still taken when no call is."""
    session = inside.session_here(client)
    await _settled(lambda: inside.connections_in_use(session) == 0)
    if in_use := inside.connections_in_use(session):
        findings.append(f"{in_use} connections not given back")


async def check_pace(client: AsyncVidesk, limit: RateLimit, findings: list[str]) -> None:
    """Find the places that are still taken when no call is: after a window, all can be had."""
    await asyncio.sleep(limit.per)
    for limiter in inside.limiters(client):
        at_once = [
            asyncio.ensure_future(limiter.acquire(Rank.INTERACTIVE, "rooms.list"))
            for _ in range(limit.requests)
        ]
        _, missing = await asyncio.wait(at_once, timeout=_PATIENCE)
        if missing:
            findings.append(f"{len(missing)} of {limit.requests} places not given back")
        for place in at_once:
            if place in missing:
                place.cancel()
            else:
                place.result().release()
        await asyncio.wait(at_once)


async def check_tasks(findings: list[str]) -> None:
    """Find the tasks that go on after the client is closed."""
    own = asyncio.current_task()
    await _settled(lambda: asyncio.all_tasks() == {own})
    findings += [f"a task goes on: {task}" for task in asyncio.all_tasks() - {own}]


async def _settled(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not condition() and time.monotonic() < end:  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0.01)


class _Complaints(logging.Handler):
    def __init__(self, findings: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._findings = findings

    def emit(self, record: logging.LogRecord) -> None:
        # A slow callback tells of the machine's load.
        if not record.getMessage().startswith("Executing "):
            self._findings.append(f"asyncio: {self.format(record)}")

    def unraisable(self, complaint: sys.UnraisableHookArgs) -> None:
        self._findings.append(f"unraisable: {complaint.exc_value!r} in {complaint.object!r}")

    def in_thread(self, complaint: threading.ExceptHookArgs) -> None:
        self._findings.append(f"in a thread: {complaint.exc_value!r} in {complaint.thread}")


def _held() -> dict[str, set[str]]:
    """Name the threads and the descriptors of this process."""
    descriptors: set[str] = set()
    if os.path.isdir(_DESCRIPTORS):
        descriptors = {name for name in os.listdir(_DESCRIPTORS) if _is_open(name)}
    threads = {f"{thread.name} {thread.ident}" for thread in threading.enumerate()}
    return {"threads": threads, "descriptors": descriptors}


def _is_open(descriptor: str) -> bool:
    try:
        os.fstat(int(descriptor))
    except OSError:
        return False  # the one that the listing itself was read through
    return True


def _left_over(before: dict[str, set[str]]) -> list[str]:
    end = time.monotonic() + _PATIENCE
    while True:
        more = {what: held - before[what] for what, held in _held().items()}
        if not any(more.values()) or time.monotonic() > end:
            return [f"{what} left open: {names}" for what, names in more.items() if names]
        time.sleep(0.01)
