"""Programs that close all descriptors, as a daemon does, given the URL and the token of a sandbox.

They do so without a fork, as python-daemon does with `detach_process=False`, so that threads go on.
`test_daemon.py` runs them; each says nothing and ends with 0 if all went well.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from videsk_rooms import AsyncVidesk, ClosedError, RateLimit, Retry, Videsk

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def everything_closed(folder: str) -> Iterator[None]:
    """Close all, open other files under the same numbers, and see that they stay as they are."""
    os.closerange(3, 256)
    others = [os.open(f"{folder}/other-{number}", os.O_RDWR | os.O_CREAT) for number in range(40)]
    yield
    for number, other in enumerate(others):
        assert os.fstat(other).st_size == 0, "it was written into"
        assert os.path.samestat(os.fstat(other), os.stat(f"{folder}/other-{number}"))


def awaited(url: str, token: str, redis: str) -> None:
    """A client that a file paces writes into no other."""
    for shared in ("file:{}/pace", redis):
        with tempfile.TemporaryDirectory() as folder:
            pace = RateLimit(100, shared=shared.format(folder))
            client = AsyncVidesk(token, base_url=url, rate_limit=pace)
            asyncio.run(call(client))
            with everything_closed(folder):
                asyncio.run(call(client))


def blocking(url: str, token: str, redis: str) -> None:
    """A client begins anew, however it is paced, and can be closed."""
    for shared in (None, "file:{}/pace", redis):
        with tempfile.TemporaryDirectory() as folder:
            pace = RateLimit(100, shared=shared and shared.format(folder))
            client = Videsk(token, base_url=url, rate_limit=pace, timeout=20)
            client.rooms.list()
            with everything_closed(folder):
                client.rooms.list()
                client.close()


def under_way(url: str, token: str, redis: str) -> None:
    """A call under way ends, soon, and what its loop had still to do is not done to other files."""
    client = Videsk(token, base_url=url, rate_limit=RateLimit(2, per=1.0), retry=Retry(attempts=1))
    for _ in range(2):
        client.rooms.list()
    ended: list[str] = []

    def wait_for_the_rate_limit() -> None:
        try:
            client.rooms.list()
        except ClosedError as error:
            ended.append(str(error))

    thread = threading.Thread(target=wait_for_the_rate_limit)
    thread.start()
    time.sleep(0.2)  # until it stands in line: nothing tells of it
    with tempfile.TemporaryDirectory() as folder, everything_closed(folder):
        thread.join(10)
        assert "closed all its descriptors" in ended[0]
        time.sleep(1.5)  # until its turn would have come
        client.rooms.list()


def never_called_again(url: str, token: str, redis: str) -> None:
    """The process exits soon; what was open is not closed by its number."""
    client = Videsk(token, base_url=url)
    client.rooms.list()
    kept.append(client)
    folder = tempfile.mkdtemp()
    with everything_closed(folder):
        pass


async def call(client: AsyncVidesk) -> None:
    """Make a call."""
    await client.rooms.list()


kept: list[object] = []
PROGRAMS = {
    program.__name__: program for program in (awaited, blocking, under_way, never_called_again)
}


def main(program: str, *arguments: str) -> None:
    """Run one of them."""
    PROGRAMS[program](*arguments)
