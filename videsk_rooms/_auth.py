"""As whom: the bearer token, where it comes from, and the middleware that sends it.

The middleware belongs to the aiohttp session and serves every client that shares the session: each
attempt carries a `Ticket` (`_under_way.py`) through a context variable, the middleware stamps it
with the token that it used, and a refused token is thereby known exactly. The replay after a 401 is
decided above, in `_retry.py`, not in here: it is an attempt like any other, to be paced and
counted.
"""

from __future__ import annotations

import inspect
import os
import re
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeAlias
from weakref import WeakKeyDictionary

import anyio
from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientOSError,
    ConnectionTimeoutError,
    ServerDisconnectedError,
    hdrs,
)

from ._elsewhere import in_a_thread
from ._quoting import sent_with
from ._under_way import ticket_in_hand
from .errors import ConfigurationError

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
    from yarl import URL

    from ._under_way import Origin

TokenCallable: TypeAlias = Callable[[], str | Awaitable[str]]

_PRINTABLE = re.compile(r"[\x21-\x7e]+")


class Secret:
    """A token that shows in no repr and goes into no pickle."""

    __slots__ = ("_value", "echoes")

    def __init__(self, value: str) -> None:
        self._value = value
        # As a body may repeat it: some write a slash in JSON as \\/.
        self.echoes = {value.encode("ascii"), value.replace("/", "\\/").encode("ascii")}

    def reveal(self) -> str:
        """Return the token, for the one header that it belongs into."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not pickled; give it to the other process by its environment")


def _checked(value: object, source: str) -> Secret:
    """Check a token; the refusal does not show it."""
    if not isinstance(value, str):
        raise ConfigurationError(
            f"{source} gave a {type(value).__name__}; an API token is a string"
        )
    if not value:
        raise ConfigurationError(f"{source} is empty; give the API token from Videsk's dashboard")
    if value[:7].lower() == "bearer ":
        raise ConfigurationError(f"{source} begins with 'Bearer'; give the token alone")
    if not _PRINTABLE.fullmatch(value):
        raise ConfigurationError(
            f"{source} holds a control character, a space or a letter beyond ASCII; "
            "give the API token as the dashboard shows it"
        )
    return Secret(value)


class TokenSource(Protocol):
    """Where the token comes from."""

    async def current(self) -> Secret:
        """Return the token to send now."""
        ...

    async def renewed(self, refused: Secret) -> bool:
        """Look for another token than the refused one; tell whether there is one."""
        ...

    def in_pickle(self, *, secrets: bool) -> str | TokenCallable | TokenOnArrival:
        """Return what is pickled in its place, a token only where secrets are allowed."""
        ...


class FixedToken:
    """A token that was given once: a refused one stays refused."""

    def __init__(self, token: Secret, *, from_environment: bool = False) -> None:
        self._token = token
        self._from_environment = from_environment

    async def current(self) -> Secret:
        """Return the token."""
        return self._token

    async def renewed(self, refused: Secret) -> bool:
        """Tell that there is no other."""
        return False

    def in_pickle(self, *, secrets: bool) -> str | TokenOnArrival:
        """Return the token only if it was given as an argument: an environment has another."""
        if secrets and not self._from_environment:
            return self._token.reveal()
        return TokenOnArrival(from_environment=self._from_environment)


class TokenFile:
    """A token in a file, such as a mounted secret; read again when the file changes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._token: Secret | None = None
        self._read_if_changed()  # a missing file is told at construction

    async def current(self) -> Secret:
        """Return the token in the file."""
        # A stat and a read of one line: less than handing them to a thread would cost.
        return self._read_if_changed()

    async def renewed(self, refused: Secret) -> bool:
        """Read the file again, whatever its time says."""
        self._seen = None
        return self._read_if_changed().reveal() != refused.reveal()

    def in_pickle(self, *, secrets: bool) -> TokenOnArrival:
        """Leave it to the environment there, which names a file of that place."""
        return TokenOnArrival(from_environment=True)

    def _read_if_changed(self) -> Secret:
        source = f"the file {self._path!r} (VIDESK_API_TOKEN_FILE)"
        try:
            state = os.stat(self._path)
            seen = (state.st_mtime_ns, state.st_size, state.st_ino)
            if self._token is None or seen != self._seen:
                with open(self._path, encoding="utf-8") as file:
                    content = file.read().strip()
                # Empty later on: being written just now, so it is read again the next time.
                if content or self._token is None:
                    self._token = _checked(content, source)
                    self._seen = seen
        except (OSError, UnicodeDecodeError) as error:
            if self._token is None:
                reason = getattr(error, "strerror", None) or "it is not text"
                raise ConfigurationError(
                    f"{source} cannot be read: {reason}; write the API token into it"
                ) from None
            # Being replaced just now: the token that we have is the best there is.
        return self._token


# Follows a callable into the thread that it runs in, and into the calls that it makes itself.
_questions_open: ContextVar[tuple[object, ...]] = ContextVar("videsk_rooms_questions", default=())


class AskedToken:
    """A token that a callable gives: asked first when needed, and again after a 401."""

    def __init__(self, ask: TokenCallable) -> None:
        self._ask = ask
        self._token: Secret | None = None
        # A lock belongs to the loop that waits for it.
        self._locks: WeakKeyDictionary[AbstractEventLoop, anyio.Lock] = WeakKeyDictionary()
        self._question: object = None

    async def current(self) -> Secret:
        """Return the token that was given last."""
        return self._token or await self._asked(None)

    async def renewed(self, refused: Secret) -> bool:
        """Ask once for all calls that wait with the same refused token."""
        return (await self._asked(refused)).reveal() != refused.reveal()

    def in_pickle(self, *, secrets: bool) -> TokenCallable:
        """Return the callable, to be asked anew."""
        return self._ask

    async def _asked(self, stale: Secret | None) -> Secret:
        if self._question in _questions_open.get():
            raise RuntimeError(
                "the callable given as api_token called its own client, which waits for the token "
                "that the callable has yet to give; use a client with a token of its own in there"
            )
        async with self._locks.setdefault(get_running_loop(), anyio.Lock()):
            # Compared by identity: whoever waited here while another asked takes that answer, even
            # if it is the same token again.
            if self._token is stale:
                self._token = _checked(await self._answer(), "the callable given as api_token")
            assert self._token is not None  # noqa: S101 - told to the type checker
            return self._token

    async def _answer(self) -> object:
        self._question = object()
        restore = _questions_open.set((*_questions_open.get(), self._question))
        try:
            return await self._call()
        finally:
            _questions_open.reset(restore)
            self._question = None

    async def _call(self) -> object:
        if inspect.iscoroutinefunction(self._ask):
            return await self._ask()
        # In a thread: a plain callable may block, and everything else would wait with it. Left to
        # itself when the time is up: the deadline of the call would wait for it otherwise.
        given = (await in_a_thread(self._ask_unseen))()
        return await given if inspect.isawaitable(given) else given

    def _ask_unseen(self) -> Callable[[], object]:
        # Threads hand their results over as arguments, which asyncio's debug mode may log.
        given = self._ask()
        return lambda: given


class TokenOnArrival:
    """Stands in a pickle for a token: it is looked for in the environment that the pickle comes to.

    At the first call and not when unpickled: a process of a pool dies of what it cannot unpickle,
    and its caller waits for ever or is told no reason.
    """

    def __init__(self, *, from_environment: bool) -> None:
        self._was_from_environment = from_environment
        self._source: TokenSource | None = None

    async def current(self) -> Secret:
        """Return the token that is found here."""
        return await self._found().current()

    async def renewed(self, refused: Secret) -> bool:
        """Look where it was found."""
        return await self._found().renewed(refused)

    def in_pickle(self, *, secrets: bool) -> TokenOnArrival:
        """Return what it was made as: what was found here stays here."""
        return TokenOnArrival(from_environment=self._was_from_environment)

    def _found(self) -> TokenSource:
        if self._source is None:
            self._source = _token_of_environment()
        if self._source is None:
            raise ConfigurationError(
                _NONE_ON_ARRIVAL if self._was_from_environment else _LEFT_BEHIND
            )
        return self._source


_NONE_ON_ARRIVAL = (
    "this client was pickled in another process, where its token came from the environment, and "
    "there is none in the environment of this one; set VIDESK_API_TOKEN here to the token, or "
    "VIDESK_API_TOKEN_FILE to a file that holds it"
)
_LEFT_BEHIND = (
    "this client was pickled in another process, and a token given as a string does not travel in "
    "a pickle. Set VIDESK_API_TOKEN or VIDESK_API_TOKEN_FILE in this process; or give the client a "
    "function of a module as api_token, which travels by its name; or pickle "
    "client.with_options(secrets_in_pickles=True), whose pickles tell the token to whoever reads "
    "them"
)


def token_source(api_token: str | TokenCallable | TokenOnArrival | None) -> TokenSource:
    """Choose where the token comes from: the argument, the environment, or a file it names."""
    if isinstance(api_token, TokenOnArrival):
        return api_token
    if callable(api_token):
        return AskedToken(api_token)
    if api_token is not None:
        return FixedToken(_checked(api_token, "api_token"))
    source = _token_of_environment()
    if source is None:
        raise ConfigurationError(
            "there is no API token; pass api_token=, or set VIDESK_API_TOKEN to the token, or "
            "VIDESK_API_TOKEN_FILE to a file that holds it. Tokens come from Videsk's dashboard."
        )
    return source


def _token_of_environment() -> TokenSource | None:
    if token := os.environ.get("VIDESK_API_TOKEN", "").strip():
        return FixedToken(_checked(token, "VIDESK_API_TOKEN"), from_environment=True)
    if path := os.environ.get("VIDESK_API_TOKEN_FILE"):
        return TokenFile(path)
    return None


class NoTokenError(ClientConnectionError):
    """The token could not be had; the reason is on the ticket."""


class ConnectionLostError(ClientConnectionError):
    """The connection broke.

    A class of our own, because aiohttp silently sends a request again after its own two.
    """


def origin_of(url: URL) -> Origin:
    """Tell where a request goes; what `URL.origin()` is, without a new URL to compare."""
    return url.scheme, url.raw_host, url.port


async def authorize(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Send the bearer token, to the configured origin only. An aiohttp client middleware."""
    ticket = ticket_in_hand.get(None)
    if ticket is not None and origin_of(request.url) == ticket.origin:
        try:
            token = await ticket.source.current()
        except Exception as error:
            # Set aside, for whatever it is must not be taken for a fault of this connection.
            ticket.error = error
            raise NoTokenError from None
        ticket.used = token
        sent_with.set(token)
        request.headers[hdrs.AUTHORIZATION] = f"Bearer {token.reveal()}"
    try:
        return await handler(request)
    except (ClientConnectorError, ConnectionTimeoutError):
        raise
    except (ClientOSError, ServerDisconnectedError) as error:
        raise ConnectionLostError(f"{type(error).__name__}: {error}") from None
