"""Calls functions and coroutines in event loops of other threads, and starts daemon threads."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

# For a loop that stops at this very moment, which will never say that it has done anything.
_PATIENCE = 5.0
_NAME = "videsk-rooms beside"


def call_soon_in(
    loop: asyncio.AbstractEventLoop, do: Callable[..., object], *arguments: Any
) -> bool:
    """Call a function in a loop, now or soon; tell whether the loop is there to do it."""
    if loop is asyncio._get_running_loop():
        do(*arguments)
        return True
    try:
        loop.call_soon_threadsafe(do, *arguments)
    except RuntimeError:
        return False  # it has ended
    return True


async def run_coroutine_in(
    loop: asyncio.AbstractEventLoop, do: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Await a coroutine function in a running loop, this one or another."""
    if loop is asyncio.get_running_loop():
        await do()
        return
    there = asyncio.run_coroutine_threadsafe(do(), loop)
    await asyncio.wait([asyncio.wrap_future(there)], timeout=_PATIENCE)


async def call_in_thread(function: Callable[[], T]) -> T:
    """Call what may block, beside the running loop; cancelled, it is left to itself."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[T] = loop.create_future()
    start_daemon(partial(_run_beside, loop, answered, function))
    return await answered


def start_daemon(run: Callable[[], object]) -> None:
    """Run what may block, beside the running loop and in this context.

    It keeps no interpreter from leaving, as a thread of anyio's or of an executor would for as long
    as the function hangs.
    """
    within = partial(contextvars.copy_context().run, run)
    # A loop beside gevent has its own way, for a thread would be a greenlet there.
    start = getattr(asyncio.get_running_loop(), "start_thread", _start_thread)
    start(within)


def _start_thread(run: Callable[[], object]) -> None:
    threading.Thread(target=run, name=_NAME, daemon=True).start()


def _run_beside(
    loop: asyncio.AbstractEventLoop, answered: asyncio.Future[T], function: Callable[[], T]
) -> None:
    try:
        result = function()
    except BaseException as error:
        call_soon_in(loop, _set_exception, answered, error)
    else:
        call_soon_in(loop, _set_result, answered, result)  # where the loop has ended, nobody waits


def _set_result(answered: asyncio.Future[T], result: T) -> None:
    if not answered.done():
        answered.set_result(result)


def _set_exception(answered: asyncio.Future[Any], error: BaseException) -> None:
    if isinstance(error, StopIteration):  # no future takes one
        error = RuntimeError(f"a function called in a thread raised {error!r}")
    if not answered.done():
        answered.set_exception(error)
