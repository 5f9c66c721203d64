"""OpenTelemetry: one span a call, its attempts as events, nothing secret; all works without it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from tests.http.test_logging import live
from tests.retrying import FAST, ID, LATE, LOST, UNDONE, client, outcome_of
from tests.support import printed_by
from tests.waiting import until
from videsk_rooms import (
    AsyncVidesk,
    AttemptEvent,
    ClosedError,
    ConnectionFailedError,
    Hooks,
    OutcomeUnknownError,
    RateLimit,
    ResponseError,
    Retry,
    ServerError,
    Videsk,
    VideskError,
    __version__,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opentelemetry.sdk.trace import Event, ReadableSpan

    from tests.retrying import Fail
    from videsk_rooms.sandbox import Sandbox

pytestmark = pytest.mark.videsk_sandbox(deletion=True)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> TracerProvider:
    """A provider for one test.

    The global one can be set but once in a process, so the function that asks it is replaced.
    """
    provider = TracerProvider()
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return provider


@pytest.fixture
def exporter(provider: TracerProvider) -> InMemorySpanExporter:
    """Where the spans go that have ended."""
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


def the_only(exporter: InMemorySpanExporter) -> ReadableSpan:
    (span,) = exporter.get_finished_spans()
    return span


def attributes(told: ReadableSpan | Event) -> dict[str, Any]:
    return dict(told.attributes or {})


def port_of(sandbox: Sandbox) -> int:
    return int(sandbox.url.rpartition(":")[2])


# -- one span a call ------------------------------------------------------------------------------

CALLS: dict[str, tuple[Callable[[AsyncVidesk], Awaitable[object]], str, str, str | None, str]] = {
    "create": (
        lambda videsk: videsk.rooms.create(external_id="ticket-1"),
        "rooms.create",
        "POST /vpaas/rooms",
        "/vpaas/rooms",
        "/vpaas/rooms",
    ),
    "list": (
        lambda videsk: videsk.rooms.list(external_id="ticket-1"),
        "rooms.list",
        "GET /vpaas/rooms",
        "/vpaas/rooms",
        "/vpaas/rooms",
    ),
    "get": (
        lambda videsk: videsk.rooms.get(ID),
        "rooms.get",
        "GET /vpaas/rooms/{roomId}",
        "/vpaas/rooms/{roomId}",
        f"/vpaas/rooms/{ID}",
    ),
    "update": (
        lambda videsk: videsk.rooms.update(ID, name="Moved"),
        "rooms.update",
        "PATCH /vpaas/rooms/{roomId}",
        "/vpaas/rooms/{roomId}",
        f"/vpaas/rooms/{ID}",
    ),
    "delete": (
        lambda videsk: videsk.rooms.delete(ID),
        "rooms.delete",
        "DELETE /vpaas/rooms/{roomId}",
        "/vpaas/rooms/{roomId}",
        f"/vpaas/rooms/{ID}",
    ),
    "join": (
        lambda videsk: videsk.rooms.join(ID),
        "rooms.join",
        "POST /vpaas/rooms/{roomId}/join",
        "/vpaas/rooms/{roomId}/join",
        f"/vpaas/rooms/{ID}/join",
    ),
    "stats": (
        lambda videsk: videsk.rooms.stats(ID),
        "rooms.stats",
        "GET /vpaas/rooms/{roomId}/stats",
        "/vpaas/rooms/{roomId}/stats",
        f"/vpaas/rooms/{ID}/stats",
    ),
    "request": (
        lambda videsk: videsk.request("put", "/vpaas/other", query={"secret": "1"}),
        "request",
        "PUT",
        None,
        "/vpaas/other",
    ),
}


@pytest.mark.parametrize(
    ("call", "operation", "name", "template", "path"), CALLS.values(), ids=CALLS
)
async def test_each_call_is_a_client_span(
    sandbox: Sandbox,
    exporter: InMemorySpanExporter,
    call: Callable[[AsyncVidesk], Awaitable[object]],
    operation: str,
    *,
    name: str,
    template: str | None,
    path: str,
) -> None:
    """Named and described by the conventions; the path with its names in place of ids."""
    async with client(sandbox) as videsk:
        outcome = await outcome_of(call(videsk))
    span = the_only(exporter)
    assert (span.name, span.kind) == (name, SpanKind.CLIENT)
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "videsk_rooms"
    assert span.instrumentation_scope.version == __version__
    status = sandbox.requests[0].status
    assert attributes(span) == {
        "http.request.method": name.partition(" ")[0],
        "http.response.status_code": status,
        "url.full": f"{sandbox.url}{path}",
        "server.address": "127.0.0.1",
        "server.port": port_of(sandbox),
        "videsk.operation": operation,
        **({} if template is None else {"url.template": template}),
        **({"error.type": str(status)} if isinstance(outcome, VideskError) else {}),
    }
    expected = StatusCode.ERROR if isinstance(outcome, VideskError) else StatusCode.UNSET
    assert span.status.status_code is expected


async def test_a_method_that_nobody_knows_goes_by_other(
    sandbox: Sandbox, exporter: InMemorySpanExporter
) -> None:
    """Names of spans are counted, so they must be few."""
    async with client(sandbox) as videsk:
        await outcome_of(videsk.request("brew", "/vpaas/rooms"))
    span = the_only(exporter)
    assert span.name == "HTTP"
    assert attributes(span)["http.request.method"] == "_OTHER"
    assert attributes(span)["http.request.method_original"] == "BREW"


async def test_the_port_follows_from_the_scheme(exporter: InMemorySpanExporter) -> None:
    """Where the URL does not name it."""
    url = "https://[::1]/api"
    async with AsyncVidesk("a-token", base_url=url, retry=Retry(attempts=1)) as videsk:
        with pytest.raises(VideskError):
            await videsk.rooms.list()
    span = the_only(exporter)
    assert attributes(span)["server.address"] == "::1"
    assert attributes(span)["server.port"] == 443
    assert attributes(span)["url.full"] == "https://[::1]/api/vpaas/rooms"


# -- the attempts ---------------------------------------------------------------------------------


async def test_each_attempt_is_an_event(sandbox: Sandbox, exporter: InMemorySpanExporter) -> None:
    """With its number, duration, wait, and what came of it."""
    sandbox.faults.drop()
    sandbox.faults.status(503, headers={"Retry-After": "1"})
    async with client(sandbox) as videsk:
        response = await videsk.request("GET", "/vpaas/rooms")
    span = the_only(exporter)
    assert [event.name for event in span.events] == ["videsk.attempt"] * 3
    lost, refused, answered = map(attributes, span.events)
    for told, attempt in zip((lost, refused, answered), response.attempts, strict=True):
        assert told["videsk.attempt.number"] == attempt.number
        assert told["videsk.attempt.duration"] == attempt.duration
        assert told["videsk.attempt.delay"] == attempt.delay
        assert told.get("http.response.status_code") == attempt.status
        assert told.get("videsk.request_id") == attempt.request_id
    assert lost["error.type"] == "ServerDisconnectedError"
    assert "error.type" not in refused
    assert answered["videsk.attempt.delay"] >= 1
    assert attributes(span)["http.request.resend_count"] == 2
    assert attributes(span)["http.response.status_code"] == 200
    assert "error.type" not in attributes(span)
    assert span.status.status_code is StatusCode.UNSET


async def test_a_single_attempt_was_not_resent(
    sandbox: Sandbox, exporter: InMemorySpanExporter
) -> None:
    """By the conventions the count is there only if something was."""
    async with client(sandbox) as videsk:
        await videsk.rooms.list()
    span = the_only(exporter)
    assert len(span.events) == 1
    assert "http.request.resend_count" not in attributes(span)


# -- failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fail", "error", "error_type", "status"),
    [
        (lambda faults: faults.status(503, times=None), ServerError, "503", 503),
        (lambda faults: faults.garbage(times=None), ResponseError, "ResponseError", 200),
        (
            lambda faults: faults.answer(302, headers={"Location": "/"}),
            ResponseError,
            "ResponseError",
            302,
        ),
        (lambda faults: faults.drop(times=None), OutcomeUnknownError, "OutcomeUnknownError", None),
    ],
    ids=["status", "garbage", "redirect", "drop"],
)
async def test_a_failed_call_is_a_failed_span(
    sandbox: Sandbox,
    exporter: InMemorySpanExporter,
    fail: Callable[[Any], object],
    error: type[VideskError],
    *,
    error_type: str,
    status: int | None,
) -> None:
    """By the status of the answer where that is an error, else by what was raised."""
    fail(sandbox.faults)
    async with client(sandbox) as videsk:
        with pytest.raises(error) as caught:
            await videsk.rooms.create(external_id="ticket-1")
    span = the_only(exporter)
    assert attributes(span)["error.type"] == error_type
    assert attributes(span).get("http.response.status_code") == status
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == type(caught.value).__name__
    assert [event.name for event in span.events if event.name != "videsk.attempt"] == []


async def test_the_status_is_that_of_the_last_attempt(
    sandbox: Sandbox, exporter: InMemorySpanExporter
) -> None:
    """Which had none: that of the one before it is told by its event."""
    sandbox.faults.status(503)
    sandbox.faults.drop(times=None)
    async with client(sandbox) as videsk:
        await outcome_of(videsk.rooms.list())
    span = the_only(exporter)
    assert "http.response.status_code" not in attributes(span)
    assert attributes(span.events[0])["http.response.status_code"] == 503


async def test_a_call_that_never_left_is_a_span_without_attempts(
    sandbox: Sandbox, exporter: InMemorySpanExporter
) -> None:
    """Its time was up while it waited for the rate limit."""
    async with client(sandbox, rate_limit=RateLimit(requests=1, per=LATE)) as videsk:
        await videsk.rooms.list()
        exporter.clear()
        await outcome_of(videsk.with_options(timeout=0.3).rooms.list())
    span = the_only(exporter)
    assert attributes(span)["error.type"] == "DeadlineExceededError"
    assert span.events == ()


async def test_a_refused_connection_is_told_by_its_kind(
    sandbox: Sandbox, exporter: InMemorySpanExporter
) -> None:
    """The events say what aiohttp said, without its words."""
    async with client(sandbox) as videsk:
        sandbox.stop()
        with pytest.raises(ConnectionFailedError):
            await videsk.rooms.list()
    span = the_only(exporter)
    assert {attributes(event)["error.type"] for event in span.events} == {"ClientConnectorError"}
    assert attributes(span)["error.type"] == "ConnectionFailedError"


@pytest.mark.parametrize(
    ("close", "error_type"), [(True, "ClosedError"), (False, "CancelledError")]
)
async def test_a_call_that_is_ended_has_an_ended_span(
    sandbox: Sandbox, exporter: InMemorySpanExporter, *, close: bool, error_type: str
) -> None:
    """Closed or cancelled, the span is not left open."""
    sandbox.faults.delay(LATE)
    async with client(sandbox) as videsk:
        call = asyncio.ensure_future(videsk.rooms.list())
        await until(lambda: sandbox.requests)
        if close:
            await videsk.close()
        else:
            call.cancel()
        with pytest.raises(ClosedError if close else asyncio.CancelledError):
            await call
    span = the_only(exporter)
    assert attributes(span)["error.type"] == error_type
    assert span.status.status_code is StatusCode.ERROR


# -- the span of others ---------------------------------------------------------------------------


async def test_the_span_is_current_while_the_call_runs(
    sandbox: Sandbox, provider: TracerProvider, exporter: InMemorySpanExporter
) -> None:
    """Below the caller's own, and above whatever happens within."""
    tracer = provider.get_tracer("of the caller")

    async def work(_: AttemptEvent) -> None:
        with tracer.start_as_current_span("within"):
            await asyncio.sleep(0)

    async with client(sandbox, hooks=Hooks(on_attempt=work)) as videsk:
        with tracer.start_as_current_span("around"):
            await asyncio.gather(videsk.rooms.list(limit=1), videsk.rooms.list(limit=2))
            assert trace.get_current_span().get_span_context().is_valid
        assert not trace.get_current_span().get_span_context().is_valid
    spans = exporter.get_finished_spans()
    around = next(span for span in spans if span.name == "around")
    calls = [span for span in spans if span.name == "GET /vpaas/rooms"]
    within = [span for span in spans if span.name == "within"]
    assert [span.parent for span in calls] == [around.context] * 2
    contexts = [span.context for span in calls]
    assert all(span.parent in contexts for span in within)
    assert within[0].parent != within[1].parent


def test_calls_of_the_blocking_face_are_spans_too(
    sandbox: Sandbox, exporter: InMemorySpanExporter
) -> None:
    """Made in the client's own thread."""
    with Videsk(sandbox.api_token, base_url=sandbox.url, retry=FAST) as videsk:
        videsk.rooms.create(external_id="ticket-1")
    assert the_only(exporter).name == "POST /vpaas/rooms"


# -- what is in no span ---------------------------------------------------------------------------


@pytest.mark.parametrize("fail", [*LOST.values(), *UNDONE.values()], ids=[*LOST, *UNDONE])
async def test_no_span_holds_what_is_nobodys_business(
    sandbox: Sandbox, exporter: InMemorySpanExporter, fail: Fail
) -> None:
    """No token, no body, no query, whatever goes wrong."""
    for operation in ("create", "list", "get", "update", "join", "delete"):
        fail(sandbox, operation)
    async with client(sandbox) as videsk:
        await live(videsk)
    spans = exporter.get_finished_spans()
    assert sum(len(span.events) for span in spans) == len(sandbox.requests)
    text = "\n".join(span.to_json() for span in spans)
    access = [sandbox.api_token, "eyJ", "Bearer"]
    private = ["onfidential", "patient-4711", "diagnosis", "flu", "?", "$limit"]
    assert [each for each in (*access, *private) if each in text] == []


async def test_no_span_holds_what_a_server_may_forge(
    sandbox: Sandbox, exporter: InMemorySpanExporter
) -> None:
    """Neither its name for the request, nor a token that was pasted for an id."""
    token = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiI0NzExIn0.c2lnbmF0dXJl"
    forged = f"\u202e{token}" + "r" * 500
    sandbox.faults.status(404, headers={"X-Request-Id": forged})
    async with client(sandbox) as videsk:
        with pytest.raises(VideskError):
            await videsk.rooms.get(token)
    span = the_only(exporter)
    assert "eyJ" not in f"{attributes(span)} {[attributes(event) for event in span.events]}"
    (event,) = span.events
    assert attributes(event)["videsk.request_id"] == "\\u202e[removed]"
    assert attributes(span)["url.full"] == f"{sandbox.url}/vpaas/rooms/[removed]"


async def test_what_nobody_records_is_no_span(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sampler that wants nothing gets nothing, and the call is as ever."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ALWAYS_OFF)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    sandbox.faults.status(503)
    async with client(sandbox) as videsk:
        await videsk.rooms.list()
    assert exporter.get_finished_spans() == ()


# -- in a process of its own ----------------------------------------------------------------------


def run(program: str, sandbox: Sandbox) -> str:
    """Run a program on the sandbox, and return what it printed."""
    return printed_by("-c", program, sandbox.url, sandbox.api_token)


WITHOUT = """
import asyncio
import sys

sys.modules["opentelemetry"] = None  # which is how an import says that there is none

from videsk_rooms import AsyncVidesk, Retry, Videsk

url, token = sys.argv[1:]
retry = Retry(base_delay=0.01)


async def main():
    async with AsyncVidesk(token, base_url=url, retry=retry) as videsk:
        room = await videsk.rooms.create(name="Support")
        await videsk.rooms.delete(room)


asyncio.run(main())
with Videsk(token, base_url=url, retry=retry) as videsk:
    print(videsk.rooms.list().total)
print([name for name in sys.modules if name.startswith("opentelemetry.")])
"""


def test_all_works_without_opentelemetry(sandbox: Sandbox) -> None:
    """It is an extra; both faces do without."""
    sandbox.faults.drop("after", on="create")
    assert run(WITHOUT, sandbox) == "0\n[]\n"
    assert sandbox.rooms == ()


GLOBAL = """
import asyncio
import sys

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from videsk_rooms import AsyncVidesk

url, token = sys.argv[1:]
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))


async def main():
    async with AsyncVidesk(token, base_url=url) as videsk:
        await videsk.rooms.list()
        trace.set_tracer_provider(provider)
        await videsk.rooms.list()


asyncio.run(main())
print([span.name for span in exporter.get_finished_spans()])
"""


def test_a_provider_may_be_set_after_the_client_was_made(sandbox: Sandbox) -> None:
    """A client that is made when a module is imported is often there before it."""
    assert run(GLOBAL, sandbox) == "['GET /vpaas/rooms']\n"
