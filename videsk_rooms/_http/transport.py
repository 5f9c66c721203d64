"""Sends one attempt of a request through aiohttp; returns a response or a failure."""

from __future__ import annotations

import asyncio
import copy
import platform
import re
import ssl as _ssl
from functools import lru_cache, partial
from io import BytesIO
from math import inf
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from videsk_rooms._concurrency.fork import notice_fork, register_after_fork
from videsk_rooms._quoting import sent_with, shown
from videsk_rooms._version import __version__
from videsk_rooms._wire.message import RawResponse, TransportFailure, headers_without
from videsk_rooms._wire.remedies import PROXY_CREDENTIALS
from videsk_rooms.errors import CLOSED, ClosedError, ConfigurationError

from .attempt import (
    InFlightRequests,
    OutOfTimeError,
    RequestContext,
    StrayCancellationError,
    current_request,
)
from .connection import BODY_LIMIT, ConnectionLostError, RefuseUnreadBytes, UnreadBytesError
from .environment import read_environment
from .session import Sessions, authorize, origin_of

if TYPE_CHECKING:
    from videsk_rooms._quoting import Secret
    from videsk_rooms._wire.message import Request

    from .attempt import Origin
    from .environment import Environment
    from .settings import Settings

# A shorter token, such as a test's, may occur in a response that does not echo it.
_SHORTEST_ECHO = 8

_SURELY_NOT_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ServerFingerprintMismatch,
    UnreadBytesError,
)
_TRUST = (
    "Check base_url and this machine's clock; name your own authority in ssl=, or in SSL_CERT_FILE."
)
_PIN = "Check base_url; if the certificate was renewed, give its new fingerprint in ssl=."


def user_agent() -> str:
    """Return the name and version of this package, Python and aiohttp."""
    return (
        f"videsk-rooms/{__version__} python/{platform.python_version()} "
        f"aiohttp/{aiohttp.__version__}"
    )


class Transport:
    """Sends requests to one origin. Each event loop gets a session with its first request.

    The transports of a client and of its views share sessions: aiohttp separates the connections of
    a session by address and proxy.
    """

    def __init__(self, settings: Settings) -> None:
        _check(settings.session, settings.ssl)
        self._external_session = settings.session
        self.in_flight: InFlightRequests = InFlightRequests()
        own = {"Accept": "application/json", "User-Agent": user_agent()}
        self._sessions = Sessions(own)
        self._headers = {} if settings.session is None else own  # what the session does not add
        register_after_fork(self._sessions)
        self._lead_to(settings)

    def towards(self, settings: Settings) -> Transport:
        """Return a transport to another address or by another proxy, on the same sessions."""
        other = copy.copy(self)
        other._lead_to(settings)
        return other

    def _lead_to(self, settings: Settings) -> None:
        session = settings.session
        environment = read_environment(
            settings.base_url,
            trusted=settings.trust_env and session is None,
            has_proxy=settings.proxy is not None,
            has_ssl=settings.ssl is not None,
        )
        self.base_url: str = settings.base_url
        # Videsk is reached by https only, so plain http means a sandbox.
        self.is_plain_http: bool = self.base_url.startswith("http://")
        self.origin: Origin = origin_of(URL(self.base_url))
        self._hint = _hint(environment, session)
        proxy = settings.proxy or environment.proxy
        ssl = environment.ssl if settings.ssl is None else settings.ssl
        # What differs from aiohttp's defaults, and from our sessions' settings.
        options: dict[str, Any] = {"allow_redirects": False}  # a redirect would get the token
        if proxy is not None:
            options["proxy"] = proxy
        if ssl is not None:
            options["ssl"] = ssl
        if session is not None:
            options["raise_for_status"] = False
            # A request's middlewares replace its session's, which have no public name.
            middlewares = getattr(session, "_middlewares", ())
            options["middlewares"] = (*middlewares, authorize, RefuseUnreadBytes())
        self._options = options

    async def attempt(
        self, request: Request, context: RequestContext, settings: Settings, remaining: float
    ) -> RawResponse | TransportFailure:
        """Send a request once, within the remaining seconds of its call.

        Args:
            request: The request.
            context: Data for the session, which also records what happened.
            settings: The settings of the client or view that calls.
            remaining: The remaining seconds.

        Raises:
            ClosedError: The client is closed, or was closed meanwhile.
        """
        # Here, because the task of the attempt gets a copy of the context.
        sent_with.set(context.token)
        url = self.url_of(request)
        most = settings.timeout.attempt
        seconds = remaining if most is None else min(remaining, most)
        outcome: RawResponse | TransportFailure
        try:
            exchange = partial(self._exchange, request, context, settings, url)
            outcome = await self.in_flight.within(seconds, exchange)
        except OutOfTimeError:
            outcome = _out_of_time(context, url)
        except StrayCancellationError:
            detail = "the request was cancelled within the session"
            outcome = TransportFailure(detail, url, maybe_sent=context.maybe_sent)
        except ClosedError:
            raise closed(sent=context.maybe_sent) from None
        finally:
            context.permit.release()
        if isinstance(outcome, TransportFailure):
            if self.closed:
                raise closed(sent=outcome.maybe_sent)
            outcome.hint = "" if outcome.maybe_sent else self._hint
        if context.used:
            _remove_token(outcome, context.token)
        return outcome

    async def _exchange(
        self, request: Request, context: RequestContext, settings: Settings, url: str
    ) -> RawResponse | TransportFailure:
        current_request.set(context)  # in the context of this attempt's own task
        session = self._external_session
        headers, options = {**self._headers, **settings.headers}, self._options
        if request.body is not None:
            headers["Content-Type"] = "application/json"
        elif not request.safe:
            # aiohttp declares a POST without a body as application/octet-stream.
            options = {**options, "skip_auto_headers": ("Content-Type",)}
        try:
            if session is not None:
                # In a caller's own session, nothing shows when the request has its connection.
                await context.commit()
            else:
                session = self._sessions.here() or await self._sessions.open()
            response = await session.request(
                request.method,
                URL(url, encoded=True),
                data=request.body,
                headers=headers,
                timeout=_connecting_within(settings.timeout.connect),
                **options,
            )
            context.permit.answered(response.status)
            body, too_long = _arrived(response) or await _read(response)
            return RawResponse(response.status, response.headers, body, url, too_long)
        except (Exception, asyncio.CancelledError) as error:
            failure = _failure_of(error, context, url)
            if failure is not None:
                return failure
            # When a session is closed during a request, aiohttp cancels the request if it waits for
            # a connection, and otherwise raises one of several errors, AssertionError among them.
            if self._is_gone(session):
                raise closed(sent=context.maybe_sent) from None
            raise

    def url_of(self, request: Request) -> str:
        """Return the URL of a request."""
        url = f"{self.base_url}{request.path}"
        return f"{url}?{request.query}" if request.query else url

    @property
    def closed(self) -> bool:
        """Whether the client was closed."""
        return self.in_flight.closed

    def _is_gone(self, session: aiohttp.ClientSession | None) -> bool:
        return self.closed or (session is not None and session.closed)

    def stop(self) -> None:
        """Cancel all requests and refuse new ones; the task that closes the client runs on."""
        notice_fork()
        self.in_flight.close(but=asyncio.current_task())

    async def close(self) -> None:
        """Close the connections, but not the session of the caller. May be called again."""
        await self._sessions.close()


def closed(*, sent: bool = False) -> ClosedError:
    """Make the error of a closed client; `sent` if the request may have been processed."""
    error = ClosedError(CLOSED)
    error.outcome_unknown = sent
    return error


@lru_cache
def _connecting_within(seconds: float | None) -> aiohttp.ClientTimeout:
    # aiohttp does not bound the whole attempt: see `_http/attempt.py`. It rounds timeouts above the
    # threshold up to whole seconds; ours are exact.
    return aiohttp.ClientTimeout(total=None, sock_connect=seconds, ceil_threshold=inf)


def _arrived(response: aiohttp.ClientResponse) -> tuple[bytes, bool] | None:
    """Return a body that arrived together with the head, as most do: 3 µs faster than awaiting it.

    Its connection has been released already.
    """
    content = response.content
    if response.connection is not None or content.at_eof() or content.total_bytes > BODY_LIMIT:
        return None
    return content.read_nowait(), False


async def _read(response: aiohttp.ClientResponse) -> tuple[bytes, bool]:
    """Read a body up to `BODY_LIMIT`, because aiohttp has no bound; return whether it was cut."""
    body = BytesIO()  # grows in place, and returns its content without a copy
    try:
        if response.content.at_eof():
            # Empty, or read by a middleware of the caller's; then the response has kept it.
            return await response.read(), False
        async for chunk in response.content.iter_any():
            body.write(chunk)
            if body.tell() > BODY_LIMIT:
                body.truncate(BODY_LIMIT)
                return body.getvalue(), True
        return body.getvalue(), False
    finally:
        # Even if there was nothing to read: aiohttp never releases an upgraded connection.
        response.close()


def _remove_token(outcome: RawResponse | TransportFailure, token: Secret) -> None:
    """Remove the token from a response, because a proxy may have echoed the request."""
    if len(token.reveal()) < _SHORTEST_ECHO or isinstance(outcome, TransportFailure):
        return
    for echo in token.echoes:
        if echo in outcome.body:
            outcome.body = outcome.body.replace(echo, b"[removed]")
    outcome.headers = headers_without(outcome.headers, token.reveal())


def _failure_of(error: BaseException, context: RequestContext, url: str) -> TransportFailure | None:
    """Return plain data about why no response arrived; `None` for any other error.

    aiohttp's exceptions hold the request with its headers, and so the token.
    """
    if isinstance(error, _SURELY_NOT_SENT):
        failure = TransportFailure(_described(error), url)
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            failure.remedy = _TRUST
        elif isinstance(error, aiohttp.ServerFingerprintMismatch):
            failure.remedy = _PIN
        elif isinstance(error, aiohttp.ClientHttpProxyError) and error.status == 407:
            failure.remedy = PROXY_CREDENTIALS
        return failure
    if isinstance(error, ValueError) and not context.maybe_sent:
        # A proxy's URL that only aiohttp refuses. It is not shown, because it may hold a password.
        return TransportFailure("the proxy cannot be used", url)
    if isinstance(error, asyncio.TimeoutError):
        return _out_of_time(context, url)
    if isinstance(error, aiohttp.ClientError | OSError):
        # While a tunnel is made, the same errors come from the proxy, before anything is sent.
        return TransportFailure(_described(error), url, maybe_sent=not context.connects)
    return None


def _out_of_time(context: RequestContext, url: str) -> TransportFailure:
    maybe_sent = context.maybe_sent
    return TransportFailure("the time was up", url, maybe_sent=maybe_sent, timed_out=True)


def _hint(environment: Environment, session: aiohttp.ClientSession | None) -> str:
    """Return a hint for when nothing can be reached; empty for none."""
    if environment.ignored is None or (session is not None and session.trust_env):
        return ""
    why = "trust_env=False" if session is None else "session=, which has no trust_env=True"
    return f" {environment.ignored} is set but not used, because of {why}."


def _check(session: object, ssl: object) -> None:
    if session is not None and not isinstance(session, aiohttp.ClientSession):
        raise ConfigurationError(
            f"session is a {type(session).__name__}; give an aiohttp.ClientSession"
        )
    if ssl is not None and not isinstance(ssl, bool | _ssl.SSLContext | aiohttp.Fingerprint):
        raise ConfigurationError(
            f"ssl={ssl!r}: give an ssl.SSLContext, an aiohttp.Fingerprint, or False"
        )


# aiohttp quotes up to 8 KiB of bytes that are not HTTP.
_QUOTED = 16_384
_CREDENTIALS = re.compile(r"//\S*@")
# The status with which a server would refuse what aiohttp's parser refuses; nobody sent it.
_PARSERS_STATUS = re.compile(r"\b400, (?:message[:=]\s*)?")
_CONTEXT = re.compile(r" ssl:(?:default|<[^>]*>)")


def _described(error: BaseException) -> str:
    name = type(error).__name__
    text = _PARSERS_STATUS.sub("", str(error))
    if isinstance(error, aiohttp.ClientResponseError):
        text = error.message  # without the URL, whose query may name a person
    elif isinstance(error, aiohttp.ClientConnectorError):
        # Without the TLS context, whose memory address differs between processes.
        text = _CONTEXT.sub("", text)
        if text.endswith("[None]"):  # the connection ended within the handshake of TLS
            text = text.replace("[None]", f"[{error.os_error!r}]")
    elif isinstance(error, aiohttp.ServerFingerprintMismatch):
        text = f"the certificate of {error.host}:{error.port} has {error.got.hex()}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        text = f"{error.status}, {text}"
    # aiohttp quotes a proxy's URL with its password, and bytes that are not HTTP with line breaks.
    text = shown(" ".join(_CREDENTIALS.sub("//", text[:_QUOTED]).split()))
    if isinstance(error, ConnectionLostError | UnreadBytesError):
        return text  # the name of the class would say nothing
    return f"{name}: {text}" if text else name
