"""`Videsk`: the blocking client, one line for each method."""

from __future__ import annotations

import ssl as _ssl
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Concatenate, Final, NoReturn, ParamSpec, Protocol, TypeVar, cast, overload

import aiohttp

from ._blocking.access_stock import blocking_stock
from ._blocking.facade import blocking, blocking_bulk, blocking_iterator
from ._blocking.portal import Portal
from ._config import RateLimit, Retry, Timeout
from ._http.hooks import Hooks
from ._http.settings import PickledBySettings, Settings
from ._operations.derived import derived
from ._ratelimit import RateLimitStatus
from .client import AsyncVidesk
from .rooms import NOT_PICKLED, AsyncRooms, AsyncRoomsWithResponse

if sys.version_info >= (3, 11):
    from typing import Self
else:
    from typing_extensions import Self

P = ParamSpec("P")
T = TypeVar("T")

__all__ = ["Rooms", "RoomsWithResponse", "Videsk"]


class Rooms:
    """The rooms of an account, blocking: `Videsk.rooms`. `AsyncRooms` describes each call."""

    def __init__(self, portal: Portal, awaited: AsyncRooms) -> None:
        self._portal = portal
        self._async = awaited

    def __reduce__(self) -> NoReturn:
        raise TypeError(NOT_PICKLED)

    # Final, because type checkers know the type of a call only where no subclass replaces it.
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
    iter: Final = blocking_iterator(AsyncRooms.iter, AsyncRooms._batches)
    list: Final = blocking(AsyncRooms.list)
    create_many: Final = blocking_bulk(AsyncRooms.create_many)
    update_many: Final = blocking_bulk(AsyncRooms.update_many)
    delete_many: Final = blocking_bulk(AsyncRooms.delete_many)
    join_many: Final = blocking_bulk(AsyncRooms.join_many)

    @property
    def with_response(self) -> RoomsWithResponse:
        """The same methods, which also return the last response: status, headers, attempts.

        Each takes the same arguments and returns an `Answer` with `value` and `response`. Iterators
        and bulk methods are not included.

        Example:
            ```python
            from videsk_rooms import Videsk

            with Videsk() as videsk:
                answer = videsk.rooms.with_response.create(name="Support")
                print(answer.value.id, answer.response.status, answer.response.request_id)
            ```
        """
        return RoomsWithResponse(self._portal, self._async.with_response)


class RoomsWithResponse:
    """The methods of `Rooms` that return one result, each returning an `Answer`.

    See `Rooms.with_response`. `AsyncRooms` describes each call.
    """

    def __init__(self, portal: Portal, awaited: AsyncRoomsWithResponse) -> None:
        self._portal = portal
        self._async = awaited

    def __reduce__(self) -> NoReturn:
        raise TypeError(NOT_PICKLED)

    create: Final = blocking(AsyncRoomsWithResponse.create)
    get: Final = blocking(AsyncRoomsWithResponse.get)
    get_by_external_id: Final = blocking(AsyncRoomsWithResponse.get_by_external_id)
    get_or_create: Final = blocking(AsyncRoomsWithResponse.get_or_create)
    update: Final = blocking(AsyncRoomsWithResponse.update)
    end: Final = blocking(AsyncRoomsWithResponse.end)
    delete: Final = blocking(AsyncRoomsWithResponse.delete)
    join: Final = blocking(AsyncRoomsWithResponse.join)
    stats: Final = blocking(AsyncRoomsWithResponse.stats)
    list: Final = blocking(AsyncRoomsWithResponse.list)


class _ViewMethod(Protocol[P]):
    """The type of a method that makes a view: of the same class as the object."""

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: T, owner: type) -> Callable[P, T]: ...


def blocking_view(method: Callable[Concatenate[Any, P], AsyncVidesk]) -> _ViewMethod[P]:
    """Derive a method that makes a blocking view from one that makes an awaited view."""

    def call(self: Videsk, *arguments: P.args, **keywords: P.kwargs) -> Videsk:
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)
        view._async = method(self._async, *arguments, **keywords)
        view._settings = view._async._settings
        view._is_view = True
        view.rooms = Rooms(self._portal, view._async.rooms)
        return view

    return cast("_ViewMethod[P]", derived(call, method))


class Videsk(PickledBySettings):
    """The client for blocking code.

    Use it in a `with` block, or call `close()`. Threads may share it. It has the same methods as
    `AsyncVidesk` and runs them on an event loop in a thread. It works before and after `os.fork()`,
    under gevent, and in notebooks. In a coroutine it warns once that it blocks the loop. Ctrl-C
    cancels the request.

    Open clients are closed at exit. `atexit` functions may still use them, except for a first call
    and for resolving a host name, which need a new thread: `ClosedError`.

    Copying or unpickling gives a new, open client with the same settings. A pickle contains no
    token: the other process takes one from its environment or calls the callable.
    `with_options(secrets_in_pickles=True)` includes it.

    Args:
        api_token: The API token, or a callable that returns it, plain or async, as in
            `AsyncVidesk`. Default: `VIDESK_API_TOKEN`, else the file that `VIDESK_API_TOKEN_FILE`
            names.
        base_url: The API's address. Default: `VIDESK_BASE_URL`, else `https://api.videsk.io`. Plain
            http is for this machine only, unless `allow_http` is set.
        timeout: Seconds for a whole call, retries included, or a `Timeout`. `None`: no bound.
        retry: When to retry; `Retry(attempts=1)` never retries.
        rate_limit: The maximum rate of requests, and who shares it. `None`: no limit.
        hooks: Functions that run during calls, in the client's thread.
        headers: Sent with every request, such as your gateway's key. `Authorization` is refused.
        proxy: URL of a proxy.
        trust_env: Whether to take the proxy from `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, and
            certificate authorities from `SSL_CERT_FILE`, `SSL_CERT_DIR` or `REQUESTS_CA_BUNDLE`.
            They are read once, here, and ignored for this machine.
        ssl: An `ssl.SSLContext`, an `aiohttp.Fingerprint`, or `False` to skip the certificate
            check.
        allow_http: Whether `base_url` may be plain http to another machine, such as a sandbox in
            your network. Anybody on the path can read the token. Default: `VIDESK_ALLOW_HTTP` (`1`
            or `0`), else not.

    Attributes:
        rooms: The rooms of the account.

    Raises:
        ConfigurationError: There is no API token, an argument is invalid, or eventlet has patched
            the process.

    Example:
        ```python
        from videsk_rooms import Videsk

        with Videsk() as videsk:
            room = videsk.rooms.create(name="Support", external_id="ticket-12345")
        ```
    """

    # Each client has its own. This one is for mocks, which look for the attributes of the class.
    rooms: Rooms = Rooms(cast("Portal", None), AsyncVidesk.rooms)

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
        headers: Mapping[str, str] | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
        ssl: bool | _ssl.SSLContext | aiohttp.Fingerprint | None = None,
        allow_http: bool | None = None,
    ) -> None:
        self._wrap(
            AsyncVidesk(
                api_token,
                base_url=base_url,
                timeout=timeout,
                retry=retry,
                rate_limit=rate_limit,
                hooks=hooks,
                headers=headers,
                proxy=proxy,
                trust_env=trust_env,
                ssl=ssl,
                allow_http=allow_http,
            )
        )

    def _set_up(self, settings: Settings) -> None:
        awaited = object.__new__(AsyncVidesk)
        awaited._set_up(settings)
        self._wrap(awaited)

    def _wrap(self, awaited: AsyncVidesk) -> None:
        self._settings = awaited._settings
        self._async = awaited
        self._portal = Portal(last=awaited.close)
        self._is_view = False
        self.rooms = Rooms(self._portal, awaited.rooms)

    request: Final = blocking(AsyncVidesk.request)

    with_options: Final = blocking_view(AsyncVidesk.with_options)

    @property
    def rate_limit_status(self) -> RateLimitStatus:
        """The rate limit according to the last responses, and how many calls wait for it.

        Sends no request.

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

        Running and later calls raise `ClosedError`.

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

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._settings.base_url!r})"
