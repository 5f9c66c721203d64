"""The rate limit: when the next request may be sent. `make_limiter` chooses the limiter.

limiter.py         the limiter of a client, with a queue for each event loop
loop_queue.py       the queue of an event loop, and the task that asks the store
queue.py            waiting requests, by rank
permit.py          the permission to send one request
limit.py            the limit, as configured or from the server's headers
latency.py          how long responses take, from the shortest to the longest
status.py           the remaining requests, from the last responses
schedule.py        the rule: who goes first, and when. No I/O
store.py           the interface of stores
memory_store.py    a store: the clients of this process
file_store.py      a store: a file, for all processes of this machine
redis_store.py     a store: one script in Redis, for many machines
ceiling_store.py    this process's lower limit below another store's
fallback_store.py  the limit of a process while its store is out of reach
account.py         what the clients of one process share

A new store is a file beside these, its scheme in `account.py`, and in `_config.py`, which checks
`RateLimit.shared`.
"""

from __future__ import annotations

from .account import make_limiter
from .limiter import RateLimiter
from .permit import Permit
from .schedule import Rank
from .status import RateLimitStatus, ServerWindow

__all__ = [
    "Permit",
    "Rank",
    "RateLimitStatus",
    "RateLimiter",
    "ServerWindow",
    "make_limiter",
]
