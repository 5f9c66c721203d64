"""A program that Ctrl-C interrupts and that goes on; `test_interruption.py` runs it."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from videsk_rooms import Retry, Videsk

if TYPE_CHECKING:
    from collections.abc import Callable

# Python's checks are on, and asyncio's tell of every callback that was slow on a busy machine.
logging.getLogger("asyncio").setLevel(logging.ERROR)


def main(call: Callable[[Videsk], object]) -> None:
    with Videsk(retry=Retry(attempts=1), rate_limit=None, timeout=None) as client:
        try:
            call(client)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        input()
        print(client.rooms.list().total, flush=True)


if __name__ == "__main__":
    calls: dict[str, Callable[[Videsk], object]] = {
        "calling": lambda client: client.rooms.list(),
        "iterating": lambda client: list(client.rooms.iter(page_size=2)),
        "joining": lambda client: list(client.rooms.join_many(client.rooms.list(), concurrency=1)),
    }
    main(calls[sys.argv[1]])
