"""A span for each call, where OpenTelemetry's API is installed (extra `otel`).

One client span a call, its attempts as events, by the semantic conventions for HTTP clients
(https://opentelemetry.io/docs/specs/semconv/http/http-spans/). It carries no token, no body and no
query: an `externalId` may name a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .errors import APIError, ResponseError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from types import TracebackType

    from opentelemetry import trace

    from ._messages import Attempt, Request


def make_tracer() -> Tracer | None:
    """Make what opens spans; `None` without OpenTelemetry."""
    try:
        from opentelemetry import trace
    except ImportError:
        return None
    from . import __version__

    return Tracer(trace.get_tracer("videsk_rooms", __version__))


class Tracer:
    """Opens a span for each call."""

    def __init__(self, tracer: trace.Tracer) -> None:
        from opentelemetry.trace import SpanKind

        self._tracer = tracer
        self._kind = SpanKind.CLIENT

    def open(self, request: Request, url: str) -> Span | None:
        """Begin the span of a call; `None` when nobody records it."""
        name = f"{request.method} {request.template}" if request.template else request.method
        span = self._tracer.start_span(name, kind=self._kind)
        return Span(span, request, url) if span.is_recording() else None


class Span:
    """The span of one call; current while the call runs, as a context manager."""

    def __init__(self, span: trace.Span, request: Request, url: str) -> None:
        self._span = span
        self._current: AbstractContextManager[object] | None = None
        self._attempts = 0
        parts = urlsplit(url)
        span.set_attributes(
            {
                "http.request.method": request.method,
                "url.full": url.partition("?")[0],
                "server.address": parts.hostname or "",
                "server.port": parts.port or (443 if parts.scheme == "https" else 80),
                "videsk.operation": request.operation,
            }
        )
        if request.template:
            span.set_attribute("url.template", request.template)

    def __enter__(self) -> None:
        from opentelemetry.trace import use_span

        self._current = use_span(
            self._span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        )
        self._current.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.failed(error)
        if self._current is not None:
            self._current.__exit__(kind, error, traceback)

    def attempted(self, attempt: Attempt) -> None:
        """Add an attempt that has ended."""
        self._attempts += 1
        told: dict[str, str | int | float] = {
            "videsk.attempt.number": attempt.number,
            "videsk.attempt.duration": attempt.duration,
            "videsk.attempt.delay": attempt.delay,
        }
        if attempt.status is not None:
            told["http.response.status_code"] = attempt.status
            self._span.set_attribute("http.response.status_code", attempt.status)
        else:
            told["error.type"] = (attempt.error or "").partition(":")[0]
        if attempt.request_id is not None:
            told["videsk.request_id"] = attempt.request_id
        self._span.add_event("videsk.attempt", told)
        if self._attempts > 1:
            self._span.set_attribute("http.request.resend_count", self._attempts - 1)

    def failed(self, error: BaseException) -> None:
        """Tell how the call failed."""
        from opentelemetry.trace import StatusCode

        # By the conventions: the status of the answer, else the name of what was raised.
        kind = type(error).__name__
        if isinstance(error, APIError | ResponseError):
            kind = str(error.status)
        self._span.set_attribute("error.type", kind)
        self._span.set_status(StatusCode.ERROR, type(error).__name__)
