"""What the tests see of the package's own objects where no public name shows it.

Whether something was left behind, in the main: a connection, a task, a place in a queue. No other
file of the tests touches what an object keeps to itself; ruff's SLF001 sees to it.
"""

from __future__ import annotations

from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar, cast

import videsk_rooms
from videsk_rooms import AsyncVidesk, VideskError
from videsk_rooms._http.call import RetryingCall
from videsk_rooms._http.deadline import Deadline
from videsk_rooms._wire import json
from videsk_rooms._wire.message import make_attempt

if TYPE_CHECKING:
    import asyncio
    import threading
    from collections.abc import Callable, Coroutine, Sequence

    from aiohttp import ClientSession

    from videsk_rooms import AsyncAccessStock, Videsk
    from videsk_rooms._blocking.loop_thread import LoopThread
    from videsk_rooms._concurrency.fork import ForkGuard
    from videsk_rooms._http.call import Sender
    from videsk_rooms._ratelimit import RateLimiter
    from videsk_rooms._wire.message import RawResponse, Request, Response
    from videsk_rooms.sandbox import Sandbox

T = TypeVar("T")


# -- a client -------------------------------------------------------------------------------------


def settings(client: AsyncVidesk | Videsk) -> Any:
    """Return what a client was made with."""
    return client._settings


def sender(client: AsyncVidesk | Videsk) -> Sender:
    """Return what sends the requests of a client."""
    return (client if isinstance(client, AsyncVidesk) else client._async)._sender


def limiter(client: AsyncVidesk) -> RateLimiter:
    """Return what gives a client's requests their turn."""
    return client._sender.limiter


def limiters(client: AsyncVidesk) -> Sequence[RateLimiter]:
    """Return those of a client and its views."""
    return list(client._limiters.values())


def session_here(client: AsyncVidesk) -> ClientSession | None:
    """Return the session whose connections a client uses in the running loop."""
    return client._sender.transport._external_session or client._sender.transport._sessions.here()


def sessions(client: AsyncVidesk) -> list[ClientSession]:
    """Return the sessions that a client has made, one for each loop."""
    return [session for session, _ in list(client._sender.transport._sessions._open.values())]


def proxy(client: AsyncVidesk) -> str | None:
    """Return the proxy that a client goes by; connecting would take hosts with names."""
    proxy: str | None = client._sender.transport._options.get("proxy")
    return proxy


def waits_for_a_connection(session: ClientSession | None) -> bool:
    """Return whether a request waits for another to give its connection back."""
    connector = None if session is None else session.connector
    return connector is not None and any(connector._waiters.values())


def connections_in_use(session: ClientSession | None) -> int:
    """Count the connections that requests have not given back."""
    connector = None if session is None else session.connector
    return 0 if connector is None else len(connector._acquired)


def reusable_connections(session: ClientSession | None) -> int:
    """Count the idle connections on which nothing has come since their last answer."""
    connector = None if session is None else session.connector
    idle = [] if connector is None else list(connector._conns.values())
    return sum(
        protocol.is_connected() and not protocol.should_close
        for connections in idle
        for protocol, _ in list(connections)
    )


def nothing_is_left(client: AsyncVidesk) -> None:
    """Check that no connection, no place in the queue for the rate limit and no task is in use."""
    assert not client._sender.transport.in_flight._tasks
    for session in [client._sender.transport._external_session, *sessions(client)]:
        assert connections_in_use(session) == 0
        assert not waits_for_a_connection(session)
    assert client.rate_limit_status.waiting == 0


def waiting_for_a_token(client: AsyncVidesk) -> int:
    """Count who waits for the answer of the callable given as `api_token`."""
    fetch = settings(client).source._fetch
    return 0 if fetch is None else len(fetch._waiting)


def token_function(client: AsyncVidesk | Videsk) -> Any:
    """Return the callable given as `api_token`."""
    return settings(client).source._function


def parts(kind: Any) -> frozenset[str]:
    """Return the names of what a copy of a client makes anew."""
    return frozenset(kind._parts)


def read_as_a_call(
    request: Request, answer: RawResponse, read: Callable[[Response], T]
) -> T | VideskError:
    """Read an answer as a call does, after one attempt; nothing is sent."""
    sender: Any = SimpleNamespace(note=None)
    call = RetryingCall(sender, request, Deadline(None), None)
    call._attempts.append(make_attempt(1, datetime.now(timezone.utc), 0.1, answer, 0.0))
    return call._read(answer, read)


# -- a blocking client ----------------------------------------------------------------------------


def awaited(client: Videsk) -> AsyncVidesk:
    """Return the client that a blocking one runs in its loop."""
    return client._async


def loop_thread(client: Videsk) -> LoopThread:
    """Return the loop of a blocking client, and its thread."""
    return client._portal._inner


def loop_thread_ids(client: Videsk) -> set[int]:
    """Return the system's ids of the threads that have been started for a client's loop."""
    started = cast("list[threading.Thread]", loop_thread(client)._threads)
    return {thread.native_id for thread in started if thread.native_id is not None}


def run_in_loop(
    client: Videsk, function: Callable[..., Coroutine[Any, Any, T]], *arguments: object
) -> T:
    """Run a coroutine function in the loop of a blocking client."""
    return client._portal.call(function, *arguments)


# -- the sandbox ----------------------------------------------------------------------------------


def sandbox_clock(sandbox: Sandbox) -> object:
    """Return what tells a sandbox the time, by `now`."""
    return sandbox._parts.clock


def count_ids_from(sandbox: Sandbox, count: int) -> None:
    """Set the counter that the ids of rooms hold."""
    sandbox._parts.identifiers._count = count


def ordered(sandbox: Sandbox, *sort: tuple[str, int]) -> Sequence[object]:
    """Return the rooms in an order, which is kept."""
    return sandbox._parts.store._ordered(sort, sandbox.now)


def orders_kept(sandbox: Sandbox) -> int:
    """Count the orders of rooms that are kept."""
    return len(sandbox._parts.store._orders)


def access_tokens_kept(sandbox: Sandbox, room_id: str) -> Sequence[object]:
    """Return what a console keeps of the access tokens of a room, also of one that is removed."""
    site: Any = sandbox._site
    kept: Sequence[object] = site._observer.tokens.of(room_id)
    return kept


# -- the rest -------------------------------------------------------------------------------------


def fills(stock: AsyncAccessStock) -> bool:
    """Return whether a stock is at work in the background."""
    return bool(stock._stock._running)


def homes() -> dict[str, tuple[str, ...]]:
    """Return which module each public name is imported from."""
    return videsk_rooms._HOMES


def json_in_use() -> tuple[object, object]:
    """Return what reads JSON and what writes it."""
    return json._read, json._write


def has_a_look_up(guard: ForkGuard) -> bool:
    """Return whether a name is being looked up, which a fork waits for."""
    return bool(guard._running)


def silence_pending(task: asyncio.Task[Any]) -> None:
    """Keep asyncio from complaining of a task whose loop is closed before it ends."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio's own
