"""The API token: where it comes from, and the middleware that adds it to requests.

The middleware belongs to the aiohttp session and serves every client that shares the session.
Each attempt carries a `RequestContext` (`_http/attempt.py`) with its token in a context variable,
and the middleware notes there that the token was sent, so that a refused one is known. Whether a
call is retried after a 401 is decided in `_http/call.py`: it is an attempt like any other, paced
and counted.
"""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import inspect
import os
import re
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientOSError,
    ConnectionTimeoutError,
    ServerDisconnectedError,
    hdrs,
)

from videsk_rooms._concurrency.fork import leak, register_after_fork
from videsk_rooms._concurrency.loops import call_soon_in, start_daemon
from videsk_rooms._quoting import Secret
from videsk_rooms.errors import ConfigurationError

from .attempt import StrayCancellationError, current_request, result_within

if TYPE_CHECKING:
    from collections.abc import Hashable
    from types import TracebackType

    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
    from yarl import URL

    from .attempt import Origin

TokenCallable: TypeAlias = Callable[[], str | Awaitable[str]]

_PRINTABLE = re.compile(r"[\x21-\x7e]+")


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

    def at_hand(self) -> Secret | None:
        """Return the token to send now, if nobody has to be asked for it."""
        ...

    async def current(self) -> Secret:
        """Return the token to send now."""
        ...

    async def renewed(self, refused: Secret) -> bool:
        """Look for another token than the refused one; tell whether there is one."""
        ...

    def in_pickle(self, *, secrets: bool) -> str | TokenCallable | UnpickledToken:
        """Return what is pickled in its place, a token only where secrets are allowed."""
        ...


class StaticToken:
    """A token that was given once: a refused one stays refused."""

    def __init__(self, token: Secret, *, from_environment: bool = False) -> None:
        self._token = token
        self._from_environment = from_environment

    def at_hand(self) -> Secret:
        """Return the token."""
        return self._token

    async def current(self) -> Secret:
        """Return the token."""
        return self._token

    async def renewed(self, refused: Secret) -> bool:
        """Return false: there is no other token."""
        return False

    def in_pickle(self, *, secrets: bool) -> str | UnpickledToken:
        """Return the token only if it was given as an argument: an environment has another."""
        if secrets and not self._from_environment:
            return self._token.reveal()
        return UnpickledToken(from_environment=self._from_environment)


class TokenFile:
    """A token in a file, such as a mounted secret; read again when the file changes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._token: Secret | None = None
        self._read_if_changed()  # a missing file is told at construction

    def at_hand(self) -> Secret:
        """Return the token in the file."""
        # A stat and a read of one line: less than handing them to a thread would cost.
        return self._read_if_changed()

    async def current(self) -> Secret:
        """Return the token in the file."""
        return self._read_if_changed()

    async def renewed(self, refused: Secret) -> bool:
        """Read the file again, whatever its time says."""
        self._seen = None
        return self._read_if_changed().reveal() != refused.reveal()

    def in_pickle(self, *, secrets: bool) -> UnpickledToken:
        """Leave it to the environment there, which names a file of that place."""
        return UnpickledToken(from_environment=True)

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
_token_calls: ContextVar[tuple[_Question, ...]] = ContextVar("videsk_rooms_questions")


class CallableToken:
    """A token that a callable gives: asked first when needed, and again after a 401."""

    def __init__(self, ask: TokenCallable) -> None:
        self._ask = ask
        self._token: Secret | None = None
        self._question: _Question | None = None
        self._lock = threading.Lock()
        register_after_fork(self)

    def at_hand(self) -> Secret | None:
        """Return the token that was given last."""
        return self._token

    async def current(self) -> Secret:
        """Return the token that was given last."""
        return self._token or await self._asked(None)

    async def renewed(self, refused: Secret) -> bool:
        """Ask once for all calls that wait with the same refused token."""
        return (await self._asked(refused)).reveal() != refused.reveal()

    def in_pickle(self, *, secrets: bool) -> TokenCallable:
        """Return the callable, to be asked anew."""
        return self._ask

    def named_by(self) -> Hashable:
        """Return the callable, which is the same for one account; or this, if it has no hash."""
        try:
            hash(self._ask)
        except TypeError:
            return self
        return self._ask

    def reset_after_fork(self) -> None:
        """Forget what the parent asks, in a child after a fork: no thread answers it there."""
        leak(self._question)
        self._question = None
        self._lock = threading.Lock()

    async def _asked(self, stale: Secret | None) -> Secret:
        # Compared by identity: whoever waited while another asked takes that answer, even if it is
        # the same token again. Asked again where the loop that awaited the answer has ended.
        while self._token is stale:
            question, is_new = self._joined()
            await question.answered(begins=is_new)
        assert self._token is not None  # noqa: S101 - told to the type checker
        return self._token

    def _joined(self) -> tuple[_Question, bool]:
        """Return the question that is open, or a new one; tell whether it is new."""
        with self._lock:
            question = self._question
            if question is not None and not question.is_over():
                return question, False
            question = self._question = _Question(self._ask, self._take)
            return question, True

    def _take(self, question: _Question, token: Secret) -> None:
        if question is self._question:  # not one that another has taken the place of
            self._token = token


class _Question:
    """One call of the callable for all who wait for its answer, in whichever loops.

    It belongs to none of them: whoever has no more time leaves it, and the next call finds it. One
    that fails fails for all who wait. A plain callable runs in a daemon thread, so that one that
    never returns keeps no process from leaving; an awaitable is awaited in the loop of whoever
    asked first, and is asked for anew if that loop ends before.
    """

    def __init__(self, ask: TokenCallable, take: Callable[[_Question, Secret], None]) -> None:
        self._ask = ask
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._in_loop = False
        self._task: asyncio.Task[None] | None = None  # a loop alone keeps no task alive
        self._over = False
        self._waiting: list[asyncio.Future[_Failed | None]] = []
        self._waits_for: list[_Question] = []

    def is_over(self) -> bool:
        """Return whether there is an answer, or none can come any more."""
        return self._over or (self._in_loop and self._loop.is_closed())

    def begin(self) -> None:
        """Call the callable."""
        context = contextvars.copy_context()
        context.run(_token_calls.set, (*_token_calls.get(()), self))
        if inspect.iscoroutinefunction(self._ask):
            context.run(self._await, self._ask)
            return
        try:
            context.run(start_daemon, partial(self._call, context))
        except RuntimeError as error:  # no more threads
            self._settle(error)

    async def answered(self, *, begins: bool) -> None:
        """Wait for the answer, having asked if it is a new question; raise what it failed with.

        Whoever comes as it is over is told of no failure, and looks for the token or asks anew.
        """
        asking = [question for question in _token_calls.get(()) if not question.is_over()]
        for question in asking:
            question._waits_for.append(self)
        try:
            if any(self._leads_to(question) for question in asking):
                raise RuntimeError(_CALLED_ITSELF)
            failed = await self._outcome(begins=begins)
        finally:
            for question in asking:
                question._waits_for.remove(self)
        if failed is not None:
            failed.raise_error()

    def _leads_to(self, other: _Question) -> bool:
        seen: list[_Question] = []
        ahead = [self]
        while ahead:
            question = ahead.pop()
            if question is other:
                return True
            if question not in seen:
                seen.append(question)
                ahead += question._waits_for
        return False

    async def _outcome(self, *, begins: bool) -> _Failed | None:
        waiting: asyncio.Future[_Failed | None] = asyncio.get_running_loop().create_future()
        # Noted before it is asked for: an answer that comes in another thread finds either.
        self._waiting.append(waiting)
        if begins:
            self.begin()
        elif self._over:
            with suppress(ValueError):  # it is told, though it came as there was an outcome
                self._waiting.remove(waiting)
                return None
        try:
            return await waiting
        finally:
            with suppress(ValueError):
                self._waiting.remove(waiting)

    def _call(self, context: contextvars.Context) -> None:
        """Call a plain callable, in its thread."""
        try:
            given = self._ask()
            if not inspect.isawaitable(given):
                self._succeed(given)
                return
        except BaseException as error:
            self._settle(_passable(error))
            return
        self._in_loop = True
        if not call_soon_in(
            self._loop, partial(context.run, self._await, partial(_returned, given))
        ):
            self._settle()

    def _await(self, ask: Callable[[], Any]) -> None:
        self._in_loop = True
        self._task = asyncio.ensure_future(self._awaited(ask))

    async def _awaited(self, ask: Callable[[], Any]) -> None:
        async def given() -> object:
            return await ask()

        try:
            self._succeed(await result_within(inf, given))
        except asyncio.CancelledError:
            self._settle()  # the loop ends
            raise
        except StrayCancellationError as error:
            self._settle(_passable(error))
        except BaseException as error:
            self._settle(error)

    def _succeed(self, given: object) -> None:
        self._take(self, _checked(given, "the callable given as api_token"))
        self._settle()

    def _settle(self, error: BaseException | None = None) -> None:
        """Wake all who wait: with a failure, or to look for the token."""
        self._over = True
        traceback = None if error is None else error.__traceback__
        while self._waiting:
            with suppress(IndexError):
                waiting = self._waiting.pop()
                failed = None if error is None else _Failed(error, traceback)
                call_soon_in(waiting.get_loop(), _release, waiting, failed)


class _Failed:
    """The failure of a question, for one of those who wait.

    The question does not keep it: it lasts until the next one, and an error leads, by its
    traceback, to whatever its callers hold.
    """

    __slots__ = ("_error", "_traceback")

    def __init__(self, error: BaseException, traceback: TracebackType | None) -> None:
        self._error: BaseException | None = error
        self._traceback = traceback  # without those who wait

    def raise_error(self) -> None:
        error, self._error = self._error, None
        assert error is not None  # noqa: S101 - told to the type checker
        try:
            raise error.with_traceback(self._traceback)
        finally:
            del error  # or the traceback and this frame keep each other alive


_CALLED_ITSELF = (
    "the callable given as api_token called its own client, which waits for the token that the "
    "callable has yet to give; use a client with a token of its own in there"
)


def _passable(error: BaseException) -> BaseException:
    """Return what can be raised in a task: a `CancelledError` would look like its cancellation."""
    if not isinstance(error, asyncio.CancelledError | StrayCancellationError):
        return error
    passable = RuntimeError(
        "the callable given as api_token ended with a CancelledError: something that it waited for "
        "was cancelled; have it raise an error of its own, or give the token"
    )
    passable.__cause__ = error
    return passable


def _returned(given: Any) -> Any:
    return given


def _release(waiting: asyncio.Future[_Failed | None], failed: _Failed | None) -> None:
    if not waiting.done():
        waiting.set_result(failed)


class UnpickledToken:
    """Stands in a pickle for a token: it is looked for in the environment that the pickle comes to.

    At the first call and not when unpickled: a process of a pool dies of what it cannot unpickle,
    and its caller waits for ever or is told no reason.
    """

    def __init__(self, *, from_environment: bool) -> None:
        self._was_from_environment = from_environment
        self._source: TokenSource | None = None

    def at_hand(self) -> Secret | None:
        """Return the token that is found here."""
        return self._found().at_hand()

    async def current(self) -> Secret:
        """Return the token that is found here."""
        return await self._found().current()

    async def renewed(self, refused: Secret) -> bool:
        """Look where it was found."""
        return await self._found().renewed(refused)

    def in_pickle(self, *, secrets: bool) -> UnpickledToken:
        """Return what it was made as: what was found here stays here."""
        return UnpickledToken(from_environment=self._was_from_environment)

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


def account_of(source: TokenSource, base_url: str) -> tuple[Hashable, Callable[[], str]]:
    """Return what names the account of a source in this process, and what does so elsewhere.

    Equal tokens of one server, and equal callables, stand for one account.
    """
    known: Hashable
    if isinstance(source, StaticToken | TokenFile):
        known = hashlib.sha256(source.at_hand().reveal().encode()).digest()
    elif isinstance(source, CallableToken):
        known = source.named_by()
    else:
        known = id(source)

    def token() -> str:
        found = source.at_hand()
        return "" if found is None else found.reveal()

    return (base_url, known), token


def token_source(api_token: str | TokenCallable | UnpickledToken | None) -> TokenSource:
    """Choose where the token comes from: the argument, the environment, or a file it names."""
    if isinstance(api_token, UnpickledToken):
        return api_token
    if callable(api_token):
        return CallableToken(api_token)
    if api_token is not None:
        return StaticToken(_checked(api_token, "api_token"))
    source = _token_of_environment()
    if source is None:
        raise ConfigurationError(
            "there is no API token; pass api_token=, or set VIDESK_API_TOKEN to the token, or "
            "VIDESK_API_TOKEN_FILE to a file that holds it. Tokens come from Videsk's dashboard."
        )
    return source


def _token_of_environment() -> TokenSource | None:
    if token := os.environ.get("VIDESK_API_TOKEN", "").strip():
        return StaticToken(_checked(token, "VIDESK_API_TOKEN"), from_environment=True)
    if path := os.environ.get("VIDESK_API_TOKEN_FILE"):
        return TokenFile(path)
    return None


class ConnectionLostError(ClientConnectionError):
    """The connection broke.

    A class of our own, because aiohttp silently sends a request again after its own two.
    """


def origin_of(url: URL) -> Origin:
    """Return scheme, host and port of a URL, without making a new URL as `URL.origin()` does."""
    return url.scheme, url.raw_host, url.port


async def authorize(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Send the bearer token, to the configured origin only. An aiohttp client middleware."""
    ticket = current_request.get(None)
    if ticket is not None and origin_of(request.url) == ticket.origin:
        ticket.used = True
        request.headers[hdrs.AUTHORIZATION] = f"Bearer {ticket.token.reveal()}"
    try:
        return await handler(request)
    except (ClientConnectorError, ConnectionTimeoutError):
        raise
    except (ClientOSError, ServerDisconnectedError) as error:
        raise ConnectionLostError(f"{type(error).__name__}: {error}") from None
