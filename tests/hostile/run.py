"""Runs: many calls at once against the server, and how they were."""

from __future__ import annotations

import asyncio
import random
import resource
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from time import sleep, thread_time
from typing import TYPE_CHECKING, Any

import attrs

from tests.hostile.api import new_key
from tests.hostile.judge import TIMEOUT, Call, Fault, behaviour_at
from tests.hostile.operations import OPERATIONS, awaited, blocking
from tests.hostile.server import LATER, converse
from tests.peers import serving
from tests.support import TOKEN
from videsk_rooms import AsyncVidesk, Retry, Videsk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager

AT_ONCE = 32
_PATIENT = 30.0  # for the call after, which is answered well

_OPTIONS: dict[str, Any] = {
    "timeout": TIMEOUT,
    "retry": Retry(attempts=2, base_delay=0.01, max_delay=0.02, max_retry_after=0.1),
    "rate_limit": None,
}

under_test: ContextVar[str] = ContextVar("under_test")


@attrs.define
class Figures:
    """What was seen."""

    calls: int = 0
    faults: list[Fault] = attrs.field(factory=list)
    worst_stall: float = 0.0
    worst_stall_by: str = ""

    def add(self, calls: Iterable[Call]) -> None:
        """Count calls that have ended."""
        for call in calls:
            self.calls += 1
            self.faults += call.faults


def worst_memory() -> float:
    """Return the most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def stalls(figures: Figures) -> AbstractContextManager[None]:
    """Measure how long the client's callbacks keep asyncio's loop, in time of the processor."""
    run: Any = asyncio.Handle._run  # noqa: SLF001 - nothing else sees each of them

    def timed(handle: Any) -> None:
        began = thread_time()
        run(handle)
        took = thread_time() - began
        if took > figures.worst_stall:
            context = handle._context  # noqa: SLF001 - likewise
            by = context.get(under_test, "") if context else ""
            if by:
                figures.worst_stall, figures.worst_stall_by = took, by

    @contextmanager
    def measuring() -> Iterator[None]:
        asyncio.Handle._run = timed  # type: ignore[method-assign, assignment]  # noqa: SLF001 - likewise
        try:
            yield
        finally:
            asyncio.Handle._run = run  # type: ignore[method-assign]  # noqa: SLF001 - as it was

    return measuring()


def _mixed(numbers: Iterable[int], operations: Iterable[str]) -> list[tuple[int, str]]:
    """Pair them, so that not all calls of one costly behaviour come together."""
    names = list(operations)
    pairs = [(number, name) for number in numbers for name in names]
    random.Random(len(pairs)).shuffle(pairs)
    return pairs


async def run_awaited(numbers: Iterable[int], operations: Iterable[str], figures: Figures) -> None:
    """Call operations of one awaited client, each behaviour with each, many at once.

    The calls share their connections, so that what one leaves on its connection meets the others.
    """
    waiting = iter(_mixed(numbers, operations))
    async with serving(converse) as port:
        url = f"http://127.0.0.1:{port}"

        async def work(client: AsyncVidesk) -> None:
            for number, name in waiting:
                under_test.set(f"{name} [{behaviour_at(number)}]")
                if behaviour_at(number).is_late:
                    async with AsyncVidesk(TOKEN, base_url=url, **_OPTIONS) as alone:
                        figures.add(await _two_calls(alone, number, name))
                else:
                    figures.add(await _two_calls(client, number, name))

        async with AsyncVidesk(TOKEN, base_url=url, **_OPTIONS) as client:
            await asyncio.gather(*(work(client) for _ in range(AT_ONCE)))


async def _two_calls(client: AsyncVidesk, number: int, name: str) -> list[Call]:
    """Make a call that is answered by a behaviour, and one that is answered well."""
    hostile = Call(name, OPERATIONS[name], behaviour_at(number))
    key = new_key(number)
    try:
        hostile.gave(await awaited(hostile.operation, client, key), key)
    except BaseException as error:
        hostile.raised(error)
    if behaviour_at(number).is_late:
        await asyncio.sleep(2 * LATER)
    after = Call(name, OPERATIONS[name], None)
    key = new_key()
    try:
        view = client.with_options(timeout=_PATIENT)
        after.gave(await awaited(after.operation, view, key), key)
    except BaseException as error:
        after.raised(error)
    return [hostile, after]


async def run_blocking(numbers: Iterable[int], operations: Iterable[str], figures: Figures) -> None:
    """Do the same with one blocking client, many threads at once."""
    waiting = _mixed(numbers, operations)
    loop = asyncio.get_running_loop()
    async with serving(converse) as port:
        url = f"http://127.0.0.1:{port}"

        def work(number: int, name: str) -> list[Call]:
            if not behaviour_at(number).is_late:
                return _two_blocking_calls(client, number, name)
            with Videsk(TOKEN, base_url=url, **_OPTIONS) as alone:
                return _two_blocking_calls(alone, number, name)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            client = Videsk(TOKEN, base_url=url, **_OPTIONS)
            try:
                jobs = [loop.run_in_executor(pool, work, *one) for one in waiting]
                for job in asyncio.as_completed(jobs):
                    figures.add(await job)
            finally:
                await asyncio.to_thread(client.close)


def _two_blocking_calls(client: Videsk, number: int, name: str) -> list[Call]:
    hostile = Call(name, OPERATIONS[name], behaviour_at(number), client)
    key = new_key(number)
    try:
        hostile.gave(blocking(hostile.operation, client, key), key)
    except BaseException as error:
        hostile.raised(error)
    if behaviour_at(number).is_late:
        sleep(2 * LATER)
    after = Call(name, OPERATIONS[name], None, client)
    key = new_key()
    try:
        view = client.with_options(timeout=_PATIENT)
        after.gave(blocking(after.operation, view, key), key)
    except BaseException as error:
        after.raised(error)
    return [hostile, after]
