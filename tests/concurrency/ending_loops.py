"""Programs whose loops end in the middle of a call, given the URL and the token of a sandbox.

`test_ending_loops.py` runs them. What a loop leaves behind asyncio complains of when it is
collected, so each ends its process before that.
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading

from videsk_rooms import AsyncVidesk, RateLimit

kept: list[AsyncVidesk | asyncio.Task[None]] = []


def paced(url: str, token: str, per: float) -> AsyncVidesk:
    """Make a client that may send one request in so many seconds."""
    rate_limit = RateLimit(requests=1, per=per)
    client = AsyncVidesk(token, base_url=url, rate_limit=rate_limit, timeout=20)
    kept.append(client)  # or, where its call ends before its loop, aiohttp complains of its session
    return client


async def call(client: AsyncVidesk) -> None:
    """Make a call."""
    await client.rooms.list()


def before_it_has_left(url: str, token: str, closed: bool) -> None:
    """Wherever the request stands when its loop ends, it takes no slot of the limit along."""
    for steps in range(1, 12):
        client = paced(url, token, per=0.01)
        loop = asyncio.new_event_loop()
        kept.append(loop.create_task(call(client)))
        for _ in range(steps):
            loop.run_until_complete(asyncio.sleep(0))
        if closed:
            loop.close()
        asyncio.run(call(client))


def first_in_line(url: str, token: str, closed: bool) -> None:
    """Who waits in another loop is woken, though the timer for both was set in this one."""
    client = paced(url, token, per=0.5)
    loop = asyncio.new_event_loop()
    waits = threading.Event()

    async def wait_in_line() -> None:
        await call(client)
        kept.append(asyncio.create_task(call(client)))
        await asyncio.sleep(0.05)
        waits.set()
        await asyncio.sleep(0.2)  # while the second caller comes

    def run() -> None:
        loop.run_until_complete(wait_in_line())
        if closed:
            loop.close()

    threading.Thread(target=run).start()
    assert waits.wait(20)
    asyncio.run(call(client))


PROGRAMS = {program.__name__: program for program in (before_it_has_left, first_in_line)}


def main(program: str, url: str, token: str, how: str) -> None:
    """Run one of them."""
    gc.disable()  # coverage.py allocates at the end, which may collect what a closed loop left
    PROGRAMS[program](url, token, how == "closed")
    os._exit(0)
