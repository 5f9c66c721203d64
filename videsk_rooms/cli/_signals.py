"""Signal handling while a command runs."""

from __future__ import annotations

import asyncio
import math
import signal
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from types import FrameType

# Seconds after which a second Ctrl-C interrupts work that has not ended after its cancellation.
_PATIENCE = 3.0


@contextmanager
def handled(
    handler: Callable[[int, FrameType | None], object], *numbers: signal.Signals
) -> Iterator[None]:
    """Handle signals while the block runs."""
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, signal.SIG_DFL if earlier is None else earlier)


def leave(number: int, _frame: FrameType | None) -> NoReturn:
    """Exit through the `finally` blocks. A signal handler."""
    raise SystemExit(128 + number)


def run_until_stopped(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine; Ctrl-C and SIGTERM cancel it once, even if they come repeatedly.

    By default, SIGTERM and a second Ctrl-C raise in the middle of asyncio's loop. Pending callbacks
    are then lost, and tasks that wait for them never end.

    Raises:
        KeyboardInterrupt: After Ctrl-C.
        SystemExit: After SIGTERM.
    """
    stops: list[Callable[[], object]] = []

    async def cancelled_by_signals() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker
        patience_ends = math.inf

        def stop(number: int, frame: FrameType | None) -> None:
            nonlocal patience_ends
            way_out = signal.default_int_handler if number == signal.SIGINT else leave
            if not stops:
                stops.append(partial(way_out, number, frame))
                patience_ends = loop.time() + _PATIENCE
                loop.call_soon_threadsafe(task.cancel)
            elif loop.time() > patience_ends:
                way_out(number, frame)

        with handled(stop, *filter(_is_heard, (signal.SIGINT, signal.SIGTERM))):
            await coroutine

    try:
        asyncio.run(cancelled_by_signals())
    except asyncio.CancelledError:
        for stop in stops:
            stop()
        raise


def _is_heard(number: signal.Signals) -> bool:
    # Background jobs of a shell ignore Ctrl-C.
    return signal.getsignal(number) is not signal.SIG_IGN
