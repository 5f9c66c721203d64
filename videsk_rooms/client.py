"""`AsyncVidesk`: composes the layers and owns their lifetime."""

from __future__ import annotations

import ssl as _ssl
import sys
import weakref
from collections.abc import Awaitable, Callable, Container, Mapping
from types import EllipsisType
from typing import TYPE_CHECKING, Any, cast

import aiohttp
import attrs

from ._config import (
    Priority,
    RateLimit,
    Retry,
    Timeout,
    checked_allow_http,
    checked_base_url,
    checked_priority,
)
from ._http.attempt import check_loop, completed
from ._http.call import Sender
from ._http.hooks import Hooks, log_as_environment_says
from ._http.retry_policy import RetryBudget
from ._http.settings import PickledBySettings, Settings
from ._http.tokens import account_of
from ._http.transport import Transport
from ._ratelimit import RateLimitStatus, ServerWindow, make_limiter
from ._wire import operations
from ._wire.message import Response
from .rooms import AsyncRooms

if sys.version_info >= (3, 11):
    from typing import Self
else:
    from typing_extensions import Self

if TYPE_CHECKING:
    from ._ratelimit import RateLimiter

__all__ = ["AsyncVidesk"]


class AsyncVidesk(PickledBySettings):
    """The client for asyncio code.

    Use it in an `async with` block, or call `close()`. One client serves any number of concurrent
    calls, also in several event loops and after `os.fork()`: each loop and each child process has
    separate connections.

    Copying or unpickling gives a new, open client with the same settings. A pickle contains no
    token: the other process takes one from its environment or calls the callable.
    `with_options(secrets_in_pickles=True)` includes it.

    Args:
        api_token: The API token, or a callable that returns it, plain or async. The callable is
            called on first use, and again when the API refuses the token. A plain one runs in a
            thread. Default: `VIDESK_API_TOKEN`, else the file that `VIDESK_API_TOKEN_FILE` names,
            which is read again when it changes.
        base_url: The API's address. Default: `VIDESK_BASE_URL`, else `https://api.videsk.io`. Plain
            http is for this machine only, unless `allow_http` is set.
        timeout: Seconds for a whole call, retries included, or a `Timeout`. `None`: no bound.
        retry: When to retry; `Retry(attempts=1)` never retries.
        rate_limit: The maximum rate of requests, and who shares it. `None`: no limit.
        hooks: Functions that run during calls.
        headers: Sent with every request, such as your gateway's key. `Authorization` is refused.
        session: Your own `aiohttp.ClientSession`, which stays open. It has aiohttp's weaknesses: no
            bound on headers and interim responses, and a partial response on an idle connection
            fails the next call. `aiohttp.TCPConnector(force_close=True)` avoids the latter.
        proxy: URL of a proxy.
        trust_env: Whether to take the proxy from `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, and
            certificate authorities from `SSL_CERT_FILE`, `SSL_CERT_DIR` or `REQUESTS_CA_BUNDLE`.
            They are read once, here, and ignored for this machine and for a `session`.
        ssl: An `ssl.SSLContext`, an `aiohttp.Fingerprint`, or `False` to skip the certificate
            check.
        allow_http: Whether `base_url` may be plain http to another machine, such as a sandbox in
            your network. Anybody on the path can read the token. Default: `VIDESK_ALLOW_HTTP` (`1`
            or `0`), else not.

    Attributes:
        rooms: The rooms of the account.

    Raises:
        ConfigurationError: There is no API token, or an argument is invalid.

    Example:
        ```python
        from videsk_rooms import AsyncVidesk

        async with AsyncVidesk() as videsk:
            room = await videsk.rooms.create(name="Support", external_id="ticket-12345")
        ```
    """

    # Each client has its own. This one is for mocks, which look for the attributes of the class.
    rooms: AsyncRooms = AsyncRooms(cast("Any", None))

    _parts = frozenset({"_is_view", "_limiters", "_sender", "_settings", "rooms"})

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
        session: aiohttp.ClientSession | None = None,
        proxy: str | None = None,
        trust_env: bool = True,
        ssl: bool | _ssl.SSLContext | aiohttp.Fingerprint | None = None,
        allow_http: bool | None = None,
    ) -> None:
        log_as_environment_says()
        http = checked_allow_http(allow_http)
        self._set_up(
            Settings(
                source=api_token,
                base_url=checked_base_url(base_url, allow_http=http),
                timeout=timeout,
                retry=retry,
                rate_limit=rate_limit,
                hooks=hooks,
                session=session,
                proxy=proxy,
                trust_env=trust_env,
                ssl=ssl,
                headers=headers,
                allow_http=http,
            )
        )

    def _set_up(self, settings: Settings) -> None:
        self._settings = settings
        # Weak, so that a collected view leaves nothing behind.
        self._limiters: weakref.WeakValueDictionary[int, RateLimiter] = (
            weakref.WeakValueDictionary()
        )
        self._is_view = False
        self._sender = Sender(settings, Transport(settings), self._make_limiter(settings))
        self.rooms = AsyncRooms(self._sender)

    def _make_limiter(self, settings: Settings) -> RateLimiter:
        """Make a limiter that is closed with the client."""
        account = account_of(settings.source, settings.base_url)
        limiter = make_limiter(settings.rate_limit, *account)
        self._limiters[id(limiter)] = limiter
        return limiter

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, object] | None = None,
        json: object = None,
    ) -> Response:
        """Call any path of the API, with the same token, retries, rate limit and errors.

        Args:
            method: The HTTP method.
            path: The path, percent-encoded, such as `/vpaas/rooms`.
            query: A mapping to strings, numbers, booleans, aware datetimes, sequences or mappings,
                encoded for Feathers (`{"$sort": {"createdAt": -1}}`). `None` values are omitted.
            json: The body. `None`: no body.

        Returns:
            The response, unchanged.

        Raises:
            InvalidRequestError: An argument is invalid; nothing was sent.
            VideskError: Any other error of `videsk_rooms.errors`.

        API: any path

        Example:
            ```python
            response = await videsk.request("GET", "/vpaas/rooms", query={"$limit": 1})
            print(response.status, response.json())
            ```
        """
        return await self._sender(*operations.any_request(method, path, query=query, json=json))

    def with_options(
        self,
        *,
        timeout: Timeout | float | EllipsisType | None = ...,
        retry: Retry | EllipsisType = ...,
        rate_limit: RateLimit | EllipsisType | None = ...,
        hooks: Hooks | EllipsisType = ...,
        api_token: str | Callable[[], str | Awaitable[str]] | EllipsisType = ...,
        priority: Priority | EllipsisType = ...,
        headers: Mapping[str, str] | EllipsisType | None = ...,
        base_url: str | EllipsisType | None = ...,
        proxy: str | EllipsisType | None = ...,
        allow_http: bool | EllipsisType | None = ...,
        secrets_in_pickles: bool | EllipsisType = ...,
    ) -> Self:
        """Return a view of this client with other options and the same connections.

        Args:
            timeout: Seconds for a whole call, retries included, or a `Timeout`. `None`: no bound.
            retry: When to retry.
            rate_limit: Another rate limit. `None`: no limit.
            hooks: Other hooks.
            api_token: Another API token, with a separate rate limit.
            priority: `"background"` calls wait for `"interactive"` ones while the rate limit is
                used up. Default: interactive, except `iter` and the `…_many` methods.
            headers: Other headers. `None`: none.
            base_url: Another address, with a separate rate limit. `None`: the default.
            proxy: Another proxy. `None`: the environment's, if `trust_env` is set, else none.
            allow_http: Whether `base_url` may be plain http to another machine.
            secrets_in_pickles: Whether pickles contain secrets given as arguments: a string token,
                headers, and passwords in the URLs of the proxy and of Redis. Use it for a process
                that you start, never for a task queue, whose broker others may read.

        Returns:
            The view. Closing it has no effect on the connections.

        Raises:
            ConfigurationError: An argument is invalid.

        Example:
            ```python
            patient = videsk.with_options(timeout=120.0)
            page = await patient.rooms.list()
            ```
        """
        given = {
            "timeout": timeout,
            "retry": retry,
            "rate_limit": rate_limit,
            "hooks": hooks,
            "source": api_token,
            "priority": priority if priority is ... else checked_priority(priority),
            "headers": headers,
            "proxy": proxy,
            "secrets_in_pickles": secrets_in_pickles,
        }
        changes: dict[str, Any] = {name: value for name, value in given.items() if value is not ...}
        http = self._settings.allow_http if allow_http is ... else checked_allow_http(allow_http)
        url = self._settings.base_url if base_url is ... else base_url
        changes |= {"allow_http": http, "base_url": checked_base_url(url, allow_http=http)}
        return self._view(attrs.evolve(self._settings, **changes), changes.keys())

    def _view(self, settings: Settings, changed: Container[str]) -> Self:
        sender, changes = self._sender, dict[str, Any](settings=settings)
        elsewhere = settings.base_url != self._settings.base_url
        if elsewhere or "proxy" in changed:
            # Failures on one network path say nothing about another.
            changes |= {"transport": sender.transport.towards(settings), "budget": RetryBudget()}
        # Another token may belong to another account, with a separate limit and perhaps another
        # version of the API. So may the same token at another address.
        other_account = elsewhere or "source" in changed
        if other_account or "rate_limit" in changed:
            changes["limiter"] = self._make_limiter(settings)
        if other_account:
            changes["server_window"] = ServerWindow()
        view = object.__new__(type(self))
        view.__dict__.update(self.__dict__)
        view._is_view = True
        view._settings = settings
        view._sender = attrs.evolve(sender, **changes)
        view.rooms = AsyncRooms(view._sender, None if other_account else self.rooms._account)
        return view

    @property
    def rate_limit_status(self) -> RateLimitStatus:
        """The rate limit according to the last responses, and how many calls wait for it.

        Sends no request.

        Example:
            ```python
            status = videsk.rate_limit_status
            print(status.waiting, "calls wait for", status.limit, "requests a second")
            ```
        """
        sender = self._sender
        return sender.server_window.status(sender.limiter)

    async def close(self) -> None:
        """Close the connections. Running and later calls raise `ClosedError`.

        If cancelled, it closes all of them first, then raises `CancelledError`.

        Example:
            ```python
            from videsk_rooms import AsyncVidesk

            client = AsyncVidesk()
            await client.close()
            ```
        """
        check_loop()
        if not self._is_view:
            self._sender.transport.stop()
            await completed(self._close())

    async def _close(self) -> None:
        try:
            await self._sender.transport.close()
        finally:
            # Views may be created meanwhile; their calls are refused.
            for limiter in [reference() for reference in self._limiters.valuerefs()]:
                if limiter is not None:
                    await limiter.close()

    async def __aenter__(self) -> Self:
        check_loop()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._settings.base_url!r})"
