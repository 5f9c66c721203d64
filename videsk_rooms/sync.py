"""`Videsk`: the blocking client, one line a method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from ._blocking.access_stock import blocking_stock
from ._blocking.facade import blocking, blocking_bulk, blocking_iterator
from ._blocking.portal import Portal
from ._config import RateLimit, Retry
from ._http.hooks import Hooks
from ._pickling import PickledBySettings
from .client import AsyncVidesk
from .rooms import NOT_PICKLED, AsyncRooms

if TYPE_CHECKING:
    import ssl as _ssl
    from collections.abc import Awaitable, Callable
    from types import EllipsisType, TracebackType

    import aiohttp
    from typing_extensions import Self

    from ._config import Priority, Timeout
    from ._pickling import Settings
    from ._ratelimit import RateLimitStatus

__all__ = ["Rooms", "Videsk"]


class Rooms:
    """The rooms of an account, blocking: `Videsk.rooms`. `AsyncRooms` tells of each call."""

    def __init__(self, portal: Portal, mutable_class: AsyncRooms) -> None:
        self._portal = portal
        self._async = mutable_class

    def __reduce__(self) -> NoReturn:
        raise TypeError(NOT_PICKLED)

    # Final: the type of a call counts as known to type checkers only where nothing replaces it.
    create: Final = blocking(AsyncRooms.create)
    get: Final = blocking(AsyncRooms.get)
    get_by_external_id: Final = blocking(AsyncRooms.get_by_external_id)
    get_or_create: Final = blocking(AsyncRooms.get_or_create)
    update: Final = blocking(AsyncRooms.update)
    end: Final = blocking(AsyncRooms.end)
    delete: Final = blocking(AsyncRooms.delete)
    join: Final = blocking(AsyncRooms.join)
    access_stock: Final = blocking_stock(AsyncRooms.access_stock)
    stats: Final = blocking(AsyncRooms.stats)
    iter: Final = blocking_iterator(AsyncRooms.iter)
    list: Final = blocking(AsyncRooms.list)
    create_many: Final = blocking_bulk(AsyncRooms.create_many)
    update_many: Final = blocking_bulk(AsyncRooms.update_many)
    delete_many: Final = blocking_bulk(AsyncRooms.delete_many)
    join_many: Final = blocking_bulk(AsyncRooms.join_many)


class Videsk(PickledBySettings):
    """The client for blocking code.

    Usable with `with`, or without and closed with `close()`. Safe to share between threads. Has
    every method of `AsyncVidesk` and of its resources under the same name, run by one event loop in
    a thread of its own; works after `os.fork()` in both processes, and among gevent's greenlets.
    Works also where a loop is running already, as in a notebook; in a coroutine it warns, once,
    that all else in that loop waits with it. Ctrl-C cancels the request that is waited for.

    At exit, clients that nobody closed are closed. What `atexit` runs before that may call them,
    but a first call, or the look-up of a host's name, needs a thread that Python may refuse by
    then: `ClosedError`.

    A pickle or a copy of it becomes a client of the same settings, open, with connections of its
    own. A pickle holds no token: the process that it comes to looks for one in its environment, or
    asks the callable; `with_options(secrets_in_pickles=True)` is another way.

    Args:
        api_token: The API token, or a callable that returns it, plain or awaitable, as in
            `AsyncVidesk`. Absent: `VIDESK_API_TOKEN`, else the file named by
            `VIDESK_API_TOKEN_FILE`.
        base_url: Where the API is. Absent: `VIDESK_BASE_URL`, else `https://api.videsk.io`.
        timeout: Seconds for a whole call, or a `Timeout`; `None` for no bound.
        retry: How often a call is tried; `Retry(attempts=1)` never retries.
        rate_limit: How many requests may leave a second, and who shares them; `None`: no pacing.
        hooks: Functions that are called as calls go on; they run in the client's own thread.
        proxy: URL of a proxy.
        trust_env: Whether to take the proxy from the environment.
        ssl: An `ssl.SSLContext`, an `aiohttp.Fingerprint`, or `False` to check no certificate.

    Attributes:
        rooms: The rooms of the account.

    Raises:
        ConfigurationError: There is no token, an argument is invalid, or eventlet has patched the
            process.

    Example:
        ```python
        from videsk_rooms import Videsk

        with Videsk() as videsk:
            room = videsk.rooms.create(name="Support", external_id="ticket-12345")
        ```
    """

    rooms: Rooms

    _parts = frozenset({"_is_view", "_portal", "_settings", "_async", "rooms"})

    def __init__(
        self,
        api_token: str | Callable[[], str | Awaitable[str]] | None = None,
        *,
        base_url: str | None = None,
        timeout: Timeout | float | None = 30.0,
        retry: Retry = Retry(),
        rate_limit: RateLimit | None = RateLimit(),
        hooks: Hooks = Hooks(),
        proxy: str | None = None,
        trust_env: bool = False,
        ssl: bool | _ssl.SSLContext | aiohttp.Fingerprint | None = None,
    ) -> None:
        self._stand_for(
            AsyncVidesk(
                api_token,
                base_url=base_url,
                timeout=timeout,
                retry=retry,
                rate_limit=rate_limit,
                hooks=hooks,
                proxy=proxy,
                trust_env=trust_env,
                ssl=ssl,
            )
        )

    def _set_up(self, settings: Settings) -> None:
        mutable_class = object.__new__(AsyncVidesk)
        mutable_class._set_up(settings)
        self._stand_for(mutable_class)

    def _stand_for(self, mutable_class: AsyncVidesk) -> None:
        self._settings = mutable_class._settings
        self._async = mutable_class
        self._portal = Portal(last=mutable_class.close)
        self._is_view = False
        self.rooms = Rooms(self._portal, mutable_class.rooms)

    request: Final = blocking(AsyncVidesk.request)

    def with_options(
        self,
        *,
        timeout: Timeout | float | EllipsisType | None = ...,
        retry: Retry | EllipsisType = ...,
        rate_limit: RateLimit | EllipsisType | None = ...,
        hooks: Hooks | EllipsisType = ...,
        api_token: str | Callable[[], str | Awaitable[str]] | EllipsisType = ...,
        priority: Priority | EllipsisType = ...,
        secrets_in_pickles: bool | EllipsisType = ...,
    ) -> Self:
        """Make a view of this client with other options, on the same connections.

        Args:
            timeout: Seconds for a whole call, or a `Timeout`; `None` for no bound.
            retry: How often a call is tried.
            rate_limit: Another pace than this client's; `None`: no pacing.
            hooks: Other hooks than this client's.
            api_token: Another API token; its requests are paced by themselves.
            priority: `"interactive"`: somebody waits for the calls. `"background"`: while the rate
                limit is used up, interactive calls go first. Absent: interactive, but for `iter`,
                `create_many`, `update_many`, `delete_many` and `join_many`.
            secrets_in_pickles: Whether pickles of the view hold the secrets that were given as
                arguments: a token given as a string, and passwords in the URLs of the proxy and of
                Redis. Whoever reads the pickle has them. In the pipe to a process that is started
                here that is nobody else; in the broker of a task queue it is everyone who may read
                the broker, its backups and its monitoring.

        Returns:
            The view. Closing it closes nothing: the connections are this client's.

        Raises:
            ConfigurationError: An argument is invalid.

        Example:
            ```python
            from videsk_rooms import Videsk

            with Videsk() as videsk:
                patient = videsk.with_options(timeout=120.0)
                page = patient.rooms.list()
            ```
        """
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)
        view._async = self._async.with_options(
            timeout=timeout,
            retry=retry,
            rate_limit=rate_limit,
            hooks=hooks,
            api_token=api_token,
            priority=priority,
            secrets_in_pickles=secrets_in_pickles,
        )
        view._settings = view._async._settings
        view._is_view = True
        view.rooms = Rooms(self._portal, view._async.rooms)
        return view

    @property
    def rate_limit_status(self) -> RateLimitStatus:
        """How much of the account's rate is left, by the last answers, and how many calls wait.

        Costs no request.

        Example:
            ```python
            from videsk_rooms import Videsk

            with Videsk() as videsk:
                status = videsk.rate_limit_status
                print(status.waiting, "calls wait for", status.limit, "requests a second")
            ```
        """
        return self._async.rate_limit_status

    def close(self) -> None:
        """Close the connections and end the thread.

        Calls after it, and calls under way, raise `ClosedError`.

        Example:
            ```python
            from videsk_rooms import Videsk

            client = Videsk()
            client.close()
            ```
        """
        if not self._is_view:
            self._portal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._async._transport.base_url!r})"
