"""The rate limit: when the next request may be sent. `make_limiter` chooses among the limiters.

limiter.py        the interfaces of limiters and permits
store_limiter.py  the limiter that asks a store, with a queue for each event loop
loop_queue.py     the queue of an event loop, and the task that asks the store
queue.py          requests that wait, by rank
rank.py           who goes first
ceiling.py        a limit of the caller's own below the account's
no_limit.py       no limit
limit.py          the limit, as it was set or as the server's headers give it
latency.py        how long answers take, at least and at most
status.py         the remaining requests, as the last answers gave them
schedule.py       the rule. No I/O
store.py          the interface of stores
memory_store.py   a store: the clients of this process
file_store.py     a store: a file, for all processes of this machine
redis_store.py    a store: one script in Redis, for many machines
fallback.py       the limit of a process while its store is out of reach
account.py        what the clients of one process share

A new store is a file beside these, its scheme in `account.py`, and in `_config.py`, which checks
`RateLimit.shared`.
"""

from __future__ import annotations

from .account import make_limiter
from .limiter import Permit, RateLimiter
from .rank import Rank
from .status import RateLimitStatus, ServerWindow

__all__ = [
    "Permit",
    "Rank",
    "RateLimitStatus",
    "RateLimiter",
    "ServerWindow",
    "make_limiter",
]
