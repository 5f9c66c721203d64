"""Callers in one event loop, through one `AsyncVidesk`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from videsk_rooms import AsyncVidesk, Hooks

from .manners import MANNERS, PACE
from .report import Report
from .stage import PATIENCE, staged
from .watch import check_connections, check_pace, check_tasks

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from .stage import Stage

T = TypeVar("T")

# More than the 100 connections of a client, so that some calls wait for one.
_AT_ONCE = 128


def run(*, creates: int, share: float, seed: int) -> Report:
    """Let so many callers get their rooms, many at once."""
    report = Report("awaited", seed, share, creates)
    with staged(report) as stage:
        asyncio.run(_play(stage), debug=True)
        report.figures["interrupted"] = stage.tally.interrupted
    return report


async def _play(stage: Stage) -> None:
    findings = stage.report.findings
    async with AsyncVidesk(
        stage.sandbox.api_token,
        base_url=stage.sandbox.url,
        rate_limit=None,
        hooks=Hooks(on_attempt=stage.tally.attempted),
    ) as client:
        callers = stage.callers(_Awaited(client))
        await _end_of([stage.in_turn(callers) for _ in range(_AT_ONCE)], stage)
        await check_connections(client, findings)
        await check_pace(client, PACE, findings)
    await check_tasks(findings)


async def _end_of(plays: list[Coroutine[Any, Any, None]], stage: Stage) -> None:
    """Wait for all, as long as any caller gets anywhere."""
    pending = {asyncio.ensure_future(play) for play in plays}
    while pending:
        before = len(stage.ledger.entries)
        _, pending = await asyncio.wait(pending, timeout=PATIENCE)
        if pending and len(stage.ledger.entries) == before:
            stage.report.findings += [f"hangs: {_where(task.get_coro())}" for task in pending]
            for task in pending:
                task.cancel()
            await asyncio.wait(pending)
            return


def _where(awaited: Any) -> str:
    """Tell what a coroutine waits for: the whole way down, which a task's own stack does not."""
    names = []
    while awaited is not None:
        names.append(f"{getattr(awaited, '__qualname__', awaited)}")
        awaited = getattr(awaited, "cr_await", None)
    return " > ".join(names)


class _Awaited:
    """The awaited client, as a caller sees it."""

    can_interrupt = True

    def __init__(self, client: AsyncVidesk) -> None:
        self.rooms = {
            name: client.with_options(**manner.all_options).rooms
            for name, manner in MANNERS.items()
        }

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def interrupted(self, call: Coroutine[Any, Any, T], seconds: float) -> T | None:
        """Run a call and cancel it after a while."""
        task = asyncio.ensure_future(call)
        await asyncio.wait([task], timeout=seconds)
        task.cancel()
        try:
            return await task
        except asyncio.CancelledError:
            return None
