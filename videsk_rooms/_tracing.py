"""A span for each call, where OpenTelemetry's API is installed (extra `otel`).

One client span a call, its attempts as events, by the semantic conventions for HTTP clients
(https://opentelemetry.io/docs/specs/semconv/http/http-spans/). It carries no token, no body and no
query: an `externalId` may name a person.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .errors import APIError, ResponseError

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        self._tracer = tracer

    @contextmanager
    def call(self, request: Request, url: str) -> Iterator[Span | None]:
        """Open the span of one call; `None` when nobody records it."""
        from opentelemetry.trace import SpanKind

        name = f"{request.method} {request.template}" if request.template else request.method
        with self._tracer.start_as_current_span(
            name, kind=SpanKind.CLIENT, record_exception=False, set_status_on_exception=False
        ) as raw:
            if not raw.is_recording():
                yield None
                return
            span = Span(raw, request, url)
            try:
                yield span
            except BaseException as error:
                span.failed(error)
                raise


class Span:
    """The span of one call."""

    def __init__(self, span: trace.Span, request: Request, url: str) -> None:
        self._span = span
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
