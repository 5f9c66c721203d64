"""A span for each call, where OpenTelemetry's API is installed (extra `otel`).

One client span for each call, with its attempts as events, by the semantic conventions for HTTP
clients (https://opentelemetry.io/docs/specs/semconv/http/http-spans/). It has no token, no body and
no query, because an `externalId` may name a person.

An instrumentation of aiohttp would make another client span for each attempt, with the query in its
URL. It makes none while this package sends a request.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from videsk_rooms._version import __version__
from videsk_rooms.errors import APIError, ResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from opentelemetry import trace

    from videsk_rooms._attempt import Attempt
    from videsk_rooms._wire.message import Request


# Any other is recorded as `_OTHER`, by the conventions.
_KNOWN_METHODS = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
)


def make_tracer() -> Tracer | None:
    """Return a tracer; `None` without OpenTelemetry."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    return Tracer(trace.get_tracer("videsk_rooms", __version__))


@cache
def _suppression() -> Callable[[], AbstractContextManager[None]] | None:
    """Return a function that suppresses instrumentations; `None` if there are none.

    All of them, because that of aiohttp heeds the switch for HTTP clients only from 0.60 on.
    """
    try:
        from opentelemetry.instrumentation.utils import suppress_instrumentation
    except ImportError:
        return None
    return suppress_instrumentation


class Tracer:
    """Opens a span for each call."""

    def __init__(self, tracer: trace.Tracer) -> None:
        from opentelemetry import trace

        self._tracer = tracer
        self._kind = trace.SpanKind.CLIENT
        self._trace = trace
        self._may_lack_provider = isinstance(tracer, trace.ProxyTracer)

    def open(self, request: Request, base_url: str) -> Span | None:
        """Start the span of a call; return `None` if there is nothing to do for it."""
        # Until a provider is set, nobody records anything. To find that out by a span takes an
        # eighth of a call where instrumentations are installed, which the span would suppress.
        trace = self._trace
        if self._may_lack_provider and isinstance(
            trace.get_tracer_provider(), trace.ProxyTracerProvider
        ):
            return None
        name = request.method if request.method in _KNOWN_METHODS else "HTTP"
        if request.template:
            name = f"{name} {request.template}"
        span = self._tracer.start_span(name, kind=self._kind)
        # A span that is not recorded also has to suppress others, which may be sampled differently.
        needed = span.is_recording() or _suppression() is not None
        return Span(span, request, base_url) if needed else None


class Span:
    """The span of one call."""

    def __init__(self, span: trace.Span, request: Request, base_url: str) -> None:
        self._span = span
        self._attempts = 0
        self._status: int | None = None
        known = request.method in _KNOWN_METHODS
        parts = urlsplit(base_url)
        span.set_attributes(
            {
                "http.request.method": request.method if known else "_OTHER",
                "url.full": base_url + request.shown_path,
                "server.address": parts.hostname or "",
                "server.port": parts.port or (443 if parts.scheme == "https" else 80),
                "videsk.operation": request.operation,
            }
        )
        if request.template:
            span.set_attribute("url.template", request.template)
        if not known:
            span.set_attribute("http.request.method_original", request.method)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make it the current span while the call runs, and end it with the call."""
        from opentelemetry.trace import use_span

        with use_span(
            self._span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ):
            try:
                yield
            except BaseException as error:
                self._failed(error)
                raise
            finally:
                if self._status is not None:
                    self._span.set_attribute("http.response.status_code", self._status)
                if self._attempts > 1:
                    self._span.set_attribute("http.request.resend_count", self._attempts - 1)

    def sending(self) -> AbstractContextManager[None]:
        """Suppress instrumentations' spans, as a context manager around an attempt and no more.

        The token callable and hooks may send requests that should have spans.
        """
        suppress = _suppression()
        return nullcontext() if suppress is None else suppress()

    def attempted(self, attempt: Attempt) -> None:
        """Add an attempt to the span."""
        self._attempts += 1
        self._status = attempt.status
        attributes: dict[str, str | int | float] = {
            "videsk.attempt.number": attempt.number,
            "videsk.attempt.duration": attempt.duration,
            "videsk.attempt.delay": attempt.delay,
        }
        if attempt.status is not None:
            attributes["http.response.status_code"] = attempt.status
        else:
            attributes["error.type"] = (attempt.error or "").partition(":")[0]
        if attempt.request_id is not None:
            attributes["videsk.request_id"] = attempt.request_id
        self._span.add_event("videsk.attempt", attributes)

    def _failed(self, error: BaseException) -> None:
        from opentelemetry.trace import StatusCode

        # By the conventions: the status of a response that is an error, else the exception.
        kind = type(error).__name__
        if isinstance(error, APIError | ResponseError) and error.status >= 400:
            kind = str(error.status)
        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR, type(error).__name__)
