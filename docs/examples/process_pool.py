"""Rooms from a pool of processes: `python process_pool.py`."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import cache

from videsk_rooms import RateLimit, Videsk


@cache  # one per process, on first use: importing this file needs no token
def videsk() -> Videsk:
    """Return the client."""
    return Videsk(rate_limit=RateLimit(shared="file:videsk-rooms.limit"))


def open_room(appointment: int) -> str:
    """Create the room of an appointment, once; return its id."""
    return videsk().rooms.get_or_create(f"appointment-{appointment}", name="Check-up").id


if __name__ == "__main__":
    with ProcessPoolExecutor(max_workers=4) as pool:
        for room in pool.map(open_room, range(1, 9)):
            print(room)
