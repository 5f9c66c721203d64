"""Beside OpenTelemetry's instrumentation of aiohttp: one client span a call, without a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind

from tests.http.test_tracing import attributes, exporter, provider
from tests.retrying import client
from videsk_rooms import AsyncVidesk, Hooks, Videsk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from videsk_rooms import RetryEvent
    from videsk_rooms.sandbox import Sandbox

aiohttp_client = pytest.importorskip(
    "opentelemetry.instrumentation.aiohttp_client",
    reason="opentelemetry-instrumentation-aiohttp-client is not installed",
)

__all__ = ["exporter", "provider"]  # the fixtures of the tests without it


@pytest.fixture(autouse=True)
def instrumentor(provider: TracerProvider) -> Iterator[None]:
    """The real one, which every session made from here on is traced by."""
    instrumentor = aiohttp_client.AioHttpClientInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield
    instrumentor.uninstrument()


class WithoutOurs(Sampler):
    """Samples all spans but those of this package."""

    def should_sample(
        self, parent_context: Any, trace_id: int, name: str, *_: Any, **__: Any
    ) -> SamplingResult:
        wanted = Decision.DROP if "/vpaas" in name else Decision.RECORD_AND_SAMPLE
        return SamplingResult(wanted)

    def get_description(self) -> str:
        return "WithoutOurs"


def client_spans(exporter: InMemorySpanExporter) -> list[str]:
    spans = exporter.get_finished_spans()
    return [span.name for span in spans if span.kind is SpanKind.CLIENT]


async def test_a_call_has_one_client_span(
    sandbox: Sandbox,
    exporter: InMemorySpanExporter,
) -> None:
    """However many attempts it takes; none of them shows the query."""
    async with client(sandbox) as videsk:
        await videsk.rooms.list(external_id="ana@example.com")
        sandbox.faults.status(503)
        await videsk.rooms.create(name="Support")
    assert client_spans(exporter) == ["GET /vpaas/rooms", "POST /vpaas/rooms"]
    assert len(sandbox.requests) == 3
    told = "".join(str(attributes(span)) for span in exporter.get_finished_spans())
    assert "ana" not in told
    assert "?" not in told


def test_a_blocking_call_has_one_client_span(
    sandbox: Sandbox,
    exporter: InMemorySpanExporter,
) -> None:
    """Its requests are sent in a thread, where the call's context goes along."""
    with Videsk(sandbox.api_token, base_url=sandbox.url) as videsk:
        videsk.rooms.list(external_id="ana@example.com")
    assert client_spans(exporter) == ["GET /vpaas/rooms"]


async def test_so_has_a_call_by_a_session_of_the_callers(
    sandbox: Sandbox,
    exporter: InMemorySpanExporter,
) -> None:
    """The caller's own requests by that session are traced as before."""
    async with aiohttp.ClientSession() as session:
        async with AsyncVidesk(sandbox.api_token, base_url=sandbox.url, session=session) as videsk:
            await videsk.rooms.list(external_id="ana@example.com")
        async with session.get(sandbox.url):
            pass
    assert client_spans(exporter) == ["GET /vpaas/rooms", "GET"]


async def test_a_call_that_is_not_sampled_has_no_span_at_all(
    sandbox: Sandbox,
    provider: TracerProvider,
    exporter: InMemorySpanExporter,
) -> None:
    """The instrumentation draws no lot of its own for it."""
    provider.sampler = WithoutOurs()
    async with client(sandbox) as videsk:
        await videsk.rooms.list(external_id="ana@example.com")
    assert client_spans(exporter) == []


async def test_requests_of_the_token_and_of_hooks_are_traced(
    sandbox: Sandbox,
    exporter: InMemorySpanExporter,
) -> None:
    """They are the caller's own, sent while a call runs."""

    async def fetch() -> str:
        async with aiohttp.ClientSession() as session, session.put(sandbox.url):
            return sandbox.api_token

    async def told(_: RetryEvent) -> None:
        async with aiohttp.ClientSession() as session, session.delete(sandbox.url):
            pass

    sandbox.faults.status(503, on="list")
    async with client(sandbox, hooks=Hooks(on_retry=told)) as videsk:
        await videsk.with_options(api_token=fetch).rooms.list()
    assert client_spans(exporter) == ["PUT", "DELETE", "GET /vpaas/rooms"]
