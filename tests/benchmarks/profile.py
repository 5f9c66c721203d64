"""Where the time of a call goes, by layer: `python -m tests.benchmarks.profile`.

What is watched is slowed down, and not evenly; what is printed above the figures says so.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from videsk_rooms import AsyncVidesk, Videsk

from .blocking import aiohttp_without_thread
from .clients import TOKEN, UNLIMITED
from .measure import in_a_row, in_a_row_awaited
from .payloads import ROOM_ID
from .server import serving
from .watching import SYSTEM, Counts, Times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .measure import Run
    from .watching import Watch

_EXPLANATION = """\
For each call, by module of the package and by other packages, waiting left out.

"µs" is the time from one call or return to the next, given to the layer that ran meanwhile or that
had called into C; the median of many. Watching has a price for each, so layers of many small
functions look slower than they are, and what C does looks faster; all together it is several times
what an unwatched call takes. "calls" (of functions in Python; a coroutine that goes on is one) and
"steps" (bytecodes) are counted. They are the same on any machine, but for how the answers arrive;
what C does, such as sockets, orjson and aiohttp's parser, has none.
"""
_LEAST_SHARE = 0.01


def _token(watch: Watch) -> Callable[[], Any]:
    async def token() -> str:
        watch()  # the client asks for it in the thread of its event loop
        return TOKEN

    return token


@contextmanager
def _awaited(url: str, watch: Watch) -> Iterator[Run]:
    with closing(asyncio.new_event_loop()) as loop:
        videsk = AsyncVidesk(_token(watch), base_url=url, **UNLIMITED)
        run = in_a_row_awaited(lambda: videsk.rooms.get(ROOM_ID))
        yield lambda times: loop.run_until_complete(run(times))
        loop.run_until_complete(videsk.close())


@contextmanager
def _blocking(url: str, watch: Watch) -> Iterator[Run]:
    with Videsk(_token(watch), base_url=url, **UNLIMITED) as videsk:
        watch()
        yield in_a_row(lambda: videsk.rooms.get(ROOM_ID))


@contextmanager
def _bare(url: str, watch: Watch) -> Iterator[Run]:
    watch()
    with aiohttp_without_thread(url) as run:
        yield run


def _print(title: str, columns: tuple[dict[str, float], ...]) -> None:
    seconds = columns[0]
    in_system = seconds.pop(SYSTEM, 0.0)
    whole = sum(seconds.values())
    told = [
        layer for layer, spent in Counter(seconds).most_common() if spent > _LEAST_SHARE * whole
    ]
    rest = {layer for column in columns for layer in column}.difference(told)
    lines = [*((layer, {layer}) for layer in told), ("others", rest), ("all", rest.union(told))]
    print(f"{title:36}{'share':>8}{'µs':>8}{'calls':>8}{'steps':>8}")
    for name, layers in lines:
        spent, calls, steps = (
            sum(column.get(layer, 0.0) for layer in layers) for column in columns
        )
        print(f"  {name:34}{spent / whole:8.1%}{spent * 1e6:8.1f}{calls:8.1f}{steps:8.0f}")
    print(f"  besides, {SYSTEM}: {in_system * 1e6:.1f} µs\n")


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.profile", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few calls only, to see it work")
    times = 3 if parser.parse_args().quick else 60
    subjects = {"bare aiohttp + json": _bare, "awaited get": _awaited, "blocking get": _blocking}
    print(_EXPLANATION)
    with serving() as url:
        # Before any is counted: code whose bytecodes were watched stays slower.
        seconds = {title: Times().measure(it, url, times) for title, it in subjects.items()}
        for title, subject in subjects.items():
            _print(title, (seconds[title], *Counts().measure(subject, url, times)))


if __name__ == "__main__":
    _main()
