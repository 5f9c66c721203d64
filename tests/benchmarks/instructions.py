"""Machine instructions of a call, which no load changes: `python -m tests.benchmarks.instructions`.

Each client makes some calls in a process of its own under valgrind, and then more; the difference
is what a call costs, without the start of the process. The server runs in another process and is
not counted. It needs valgrind and takes some ten minutes. The system's own work, such as sending,
is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from .clients import HEADERS, PAGE_PATH, ROOM_PATH, TOKEN, UNLIMITED
from .payloads import PAGE_SIZE, ROOM_ID
from .server import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from videsk_rooms import RateLimit

    from .measure import AsyncCall, Call

_FEW, _MANY = 100, 300
_COUNTED = re.compile(r"Collected : (\d+)")

_TABLES = {
    "get of a room, awaited": (
        "awaited",
        "awaited, with the rate limit",
        "aiohttp",
        "httpx awaited",
    ),
    "page of 100 rooms, awaited": ("page", "page by aiohttp"),
    "get of a room, blocking": ("blocking", "requests", "httpx"),
}


# -- the calls, each in a process of its own ------------------------------------------------------


async def _awaited(url: str, calls: int, rate_limit: RateLimit | None = None) -> None:
    from videsk_rooms import AsyncVidesk

    async with AsyncVidesk(TOKEN, base_url=url, rate_limit=rate_limit) as videsk:
        await _repeat(lambda: videsk.rooms.get(ROOM_ID), calls)


def _with_the_rate_limit(url: str, calls: int) -> None:
    from videsk_rooms import RateLimit

    # Under valgrind a call takes some 20 ms, so that a dozen are counted at a time.
    asyncio.run(_awaited(url, calls, RateLimit(1_000, per=0.3)))


async def _page(url: str, calls: int) -> None:
    from videsk_rooms import AsyncVidesk

    async with AsyncVidesk(TOKEN, base_url=url, **UNLIMITED) as videsk:
        await _repeat(lambda: videsk.rooms.list(limit=PAGE_SIZE), calls)


async def _aiohttp(address: str, calls: int) -> None:
    import aiohttp

    async with aiohttp.ClientSession(headers=HEADERS) as session:

        async def call() -> object:
            async with session.get(address) as response:
                return json.loads(await response.read())

        await _repeat(call, calls)


async def _awaited_httpx(address: str, calls: int) -> None:
    import httpx

    async with httpx.AsyncClient(headers=HEADERS) as client:

        async def call() -> object:
            return json.loads((await client.get(address)).content)

        await _repeat(call, calls)


def _blocking(url: str, calls: int) -> None:
    from videsk_rooms import Videsk

    with Videsk(TOKEN, base_url=url, **UNLIMITED) as videsk:
        _repeat_blocking(lambda: videsk.rooms.get(ROOM_ID), calls)


def _requests(address: str, calls: int) -> None:
    import requests

    with requests.Session() as session:
        session.headers.update(HEADERS)
        _repeat_blocking(lambda: json.loads(session.get(address).content), calls)


def _httpx(address: str, calls: int) -> None:
    import httpx

    with httpx.Client(headers=HEADERS) as client:
        _repeat_blocking(lambda: json.loads(client.get(address).content), calls)


async def _repeat(call: AsyncCall, times: int) -> None:
    for _ in range(times):
        await call()


def _repeat_blocking(call: Call, times: int) -> None:
    for _ in range(times):
        call()


_CLIENTS: dict[str, Callable[[str, int], object]] = {
    "awaited": lambda url, calls: asyncio.run(_awaited(url, calls)),
    "awaited, with the rate limit": _with_the_rate_limit,
    "aiohttp": lambda url, calls: asyncio.run(_aiohttp(url + ROOM_PATH, calls)),
    "httpx awaited": lambda url, calls: asyncio.run(_awaited_httpx(url + ROOM_PATH, calls)),
    "page": lambda url, calls: asyncio.run(_page(url, calls)),
    "page by aiohttp": lambda url, calls: asyncio.run(_aiohttp(url + PAGE_PATH, calls)),
    "blocking": _blocking,
    "requests": lambda url, calls: _requests(url + ROOM_PATH, calls),
    "httpx": lambda url, calls: _httpx(url + ROOM_PATH, calls),
}


# -- counting them --------------------------------------------------------------------------------


def instructions(client: str, url: str, *, few: int = _FEW, many: int = _MANY) -> float:
    """Return the instructions of one call of a client."""
    return (_instructions_of(client, url, many) - _instructions_of(client, url, few)) / (many - few)


def _instructions_of(client: str, url: str, calls: int) -> int:
    done = subprocess.run(
        [
            *("valgrind", "--tool=callgrind", f"--callgrind-out-file={os.devnull}"),
            *(
                sys.executable,
                "-m",
                "tests.benchmarks.instructions",
                client,
                "--url",
                url,
                "--calls",
                str(calls),
            ),
        ],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    counted = _COUNTED.search(done.stderr)
    if done.returncode or counted is None:
        raise SystemExit(f"valgrind failed:\n{done.stderr}")
    return int(counted[1])


def _main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.instructions",
        description="Counts the machine instructions of a call of this package and of its peers.",
    )
    parser.add_argument("clients", nargs="*", metavar="client", help=f"of {', '.join(_CLIENTS)}")
    parser.add_argument("--quick", action="store_true", help="a few calls, to see it work")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--calls", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if unknown := set(given.clients).difference(_CLIENTS):
        parser.error(f"no client {', '.join(sorted(unknown))}; there are {', '.join(_CLIENTS)}")
    if given.url is not None:  # in a process that is counted
        _CLIENTS[given.clients[0]](given.url, given.calls)
        return
    if shutil.which("valgrind") is None:
        parser.error("valgrind is missing; install it with the system's packages")
    few, many = (2, 4) if given.quick else (_FEW, _MANY)
    with serving() as url:
        for title, clients in _TABLES.items():
            chosen = [each for each in clients if each in (given.clients or clients)]
            counts = {each: instructions(each, url, few=few, many=many) for each in chosen}
            for line in _lines(title, counts):
                print(line, flush=True)


def _lines(title: str, counts: dict[str, float]) -> Iterator[str]:
    if counts:
        yield title
    first = next(iter(counts.values()), 0.0)
    for client, count in counts.items():
        yield f"  {client:30}{count / 1000:10,.0f} k{count / first:8.2f} x"


if __name__ == "__main__":
    _main()
