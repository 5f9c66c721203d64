"""Callers in threads, through one `Videsk`."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any, TypeVar

from tests import inside
from videsk_rooms import Hooks, Videsk

from .at_once import as_awaited, run_at_once
from .manners import MANNERS, PACE
from .report import Report
from .stage import PATIENCE, staged
from .watch import check_connections, check_pace

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

    from .caller import Caller
    from .stage import Stage

T = TypeVar("T")

_THREADS = 16


def run(*, creates: int, share: float, seed: int) -> Report:
    """Let so many callers get their rooms, from several threads."""
    report = Report("threads", seed, share, creates, figures={"threads": _THREADS})
    with staged(report) as stage:
        _play(stage)
    return report


def _play(stage: Stage) -> None:
    with Videsk(
        stage.sandbox.api_token,
        base_url=stage.sandbox.url,
        rate_limit=None,
        hooks=Hooks(on_attempt=stage.tally.attempted),
    ) as client:
        callers = _Shared(stage.callers(_Blocking(client)))
        threads = [
            threading.Thread(target=run_at_once, args=(stage.in_turn(callers),))
            for _ in range(_THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            _end_of(thread, stage)
        awaited = inside.awaited(client)
        inside.run_in_loop(client, check_connections, awaited, stage.report.findings)
        inside.run_in_loop(client, check_pace, awaited, PACE, stage.report.findings)


def _end_of(thread: threading.Thread, stage: Stage) -> None:
    """Wait for a thread, as long as any caller gets anywhere."""
    while thread.is_alive():
        before = len(stage.ledger.entries)
        thread.join(PATIENCE)
        if thread.is_alive() and len(stage.ledger.entries) == before:
            frame = sys._current_frames()[thread.ident or 0]  # noqa: SLF001 - there is no other way
            stage.report.findings.append(f"hangs: {''.join(traceback.format_stack(frame))}")
            return  # closing the client ends what it waits for


class _Blocking:
    """The blocking client, as a caller sees it: nothing that it awaits ever waits."""

    can_interrupt = False

    def __init__(self, client: Videsk) -> None:
        self.rooms = {
            name: as_awaited(client.with_options(**manner.all_options).rooms)
            for name, manner in MANNERS.items()
        }

    async def pause(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)  # noqa: ASYNC251 - there is no loop here

    async def interrupted(self, call: Coroutine[Any, Any, T], seconds: float) -> T | None:
        """Run a call: nobody can cancel it, for its thread is inside."""
        return await call


class _Shared:
    """An iterator for several threads: a generator itself serves one at a time."""

    def __init__(self, callers: Iterator[Caller]) -> None:
        self._callers = callers
        self._lock = threading.Lock()

    def __iter__(self) -> _Shared:
        return self

    def __next__(self) -> Caller:
        with self._lock:
            return next(self._callers)
