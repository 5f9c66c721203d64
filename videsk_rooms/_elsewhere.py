"""Doing things in other threads, and in the event loops that belong to them."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import anyio.to_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

# For a loop that stops at this very moment, which will never say that it has done anything.
_PATIENCE = 5.0
_NAME = "videsk-rooms token"


def run_in(loop: asyncio.AbstractEventLoop, do: Callable[..., object], *arguments: Any) -> bool:
    """Call a function in a loop, now or soon; tell whether the loop is there to do it."""
    if loop is asyncio._get_running_loop():
        do(*arguments)
        return True
    try:
        loop.call_soon_threadsafe(do, *arguments)
    except RuntimeError:
        return False  # it has ended
    return True


async def await_in(
    loop: asyncio.AbstractEventLoop, do: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Await a coroutine function in a running loop, this one or another."""
    if loop is asyncio.get_running_loop():
        await do()
        return
    there = asyncio.run_coroutine_threadsafe(do(), loop)
    await asyncio.wait([asyncio.wrap_future(there)], timeout=_PATIENCE)


async def in_the_executor(function: Callable[[], T]) -> T:
    """Call what may block in a thread of the running loop's executor."""
    try:
        answered = asyncio.get_running_loop().run_in_executor(None, function)
    except RuntimeError:
        # Once the main thread has ended no executor takes anything, though other threads go on for
        # as long as they like; they start threads as before.
        return await in_a_thread(function)
    return await answered


async def in_a_thread(function: Callable[[], T]) -> T:
    """Call what may block, beside the running loop; cancelled, it is left to itself."""
    own_way = getattr(asyncio.get_running_loop(), "in_a_thread", None)
    if own_way is not None:  # a loop beside gevent, where anyio would start a greenlet
        return await own_way(function)  # type: ignore[no-any-return]  # ours: RealLoop's
    return await anyio.to_thread.run_sync(function, abandon_on_cancel=True)


def start_daemon(run: Callable[[], object]) -> None:
    """Run what may block, beside the running loop and in this context.

    It keeps no interpreter from leaving, as a thread of anyio's or of an executor would.
    """
    own_way = getattr(asyncio.get_running_loop(), "in_a_thread", None)
    if own_way is not None:  # a loop beside gevent, where Python's thread is a greenlet
        own_way(run)
        return
    within = contextvars.copy_context().run
    threading.Thread(target=within, args=(run,), name=_NAME, daemon=True).start()
