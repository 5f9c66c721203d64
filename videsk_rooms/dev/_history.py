"""The latest requests with their responses, within bounds of number and size."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from videsk_rooms._emulator.clock import monotonic, to_wire
from videsk_rooms.dev._calls import HEADER, read_call

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping
    from threading import RLock

    from videsk_rooms._emulator.fault import Fault
    from videsk_rooms._emulator.limit import Verdict
    from videsk_rooms._emulator.log import RequestRecord
    from videsk_rooms._emulator.messages import Reply
    from videsk_rooms.dev._masking import Masking

KEPT_REQUESTS = 10_000
KEPT_BYTES = 32 * 1024 * 1024
SHOWN_BYTES = 64 * 1024
# The approximate size of a request without a body.
_BYTES_EACH = 1024


class ObservedRequest:
    """A request, and its outcome.

    The status, duration and response are set once it was answered. A status of `None` then means
    that no response was sent.
    """

    __slots__ = (
        "answered",
        "call",
        "duration",
        "held",
        "processed",
        "record",
        "response_body",
        "response_headers",
        "second",
        "size",
        "status",
        "verdict",
    )

    def __init__(
        self, record: RequestRecord, verdict: Verdict | None, fault: Fault | None, second: int
    ) -> None:
        self.record = record
        self.verdict = verdict
        self.second = second
        # Such a fault delays a response that is already built.
        self.held = 0.0 if fault is None or fault.delayed_first else fault.delay
        self.call = read_call(record.headers.get(HEADER))
        self.answered = False
        self.status: int | None = None
        self.processed = False
        self.duration = 0.0
        self.response_headers: Mapping[str, str] = {}
        self.response_body = b""
        self.size = _BYTES_EACH + len(record.body)

    def finish(self, reply: Reply, status: int | None, *, processed: bool) -> None:
        """Record the response."""
        self.answered = True
        self.status = status
        self.processed = processed
        self.duration = monotonic() - self.record.monotonic + self.held
        if status is not None:
            self.response_headers = reply.headers
            body = reply.body
            # Keep no more than is shown.
            self.response_body = body if len(body) <= SHOWN_BYTES else body[:SHOWN_BYTES]
            self.size += len(self.response_body)

    @property
    def raw_query(self) -> str:
        """The query as it is sent, without the question mark."""
        return urlencode(self.record.query)

    @property
    def refused(self) -> bool:
        """Whether the rate limit refused it."""
        return self.verdict is not None and not self.verdict.allowed

    def summary(self, masking: Masking) -> dict[str, object]:
        """Return the summary of docs/reference/dev.md, Requests."""
        record, verdict = self.record, self.verdict
        return {
            "number": record.number,
            "call": self.call.call or f"request-{record.number}",
            "attempt": self.call.attempt,
            "operation": record.operation,
            "method": record.method,
            "path": masking.text(record.path),
            "query": masking.text(self.raw_query) if record.query else "",
            "status": self.status,
            "answered": self.answered,
            "fault": record.fault,
            "processed": self.processed,
            "priority": self.call.priority,
            "receivedAt": to_wire(record.received_at),
            "second": self.second,
            "durationMs": round(self.duration * 1000, 1) if self.answered else None,
            "remaining": None if verdict is None else verdict.remaining,
            "limit": None if verdict is None else verdict.limit,
            "refused": self.refused,
            "requestId": record.request_id,
        }


class RequestHistory:
    """The latest requests, within bounds of number and size.

    Call everything except `waiting_for` under the sandbox's lock.
    """

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        self._requests: OrderedDict[int, ObservedRequest] = OrderedDict()
        self._bytes = 0
        self._began = monotonic()
        self._waiting: dict[str, asyncio.Future[int]] = {}
        self.total = 0

    def second(self) -> int:
        """Whole seconds since the sandbox was created; `advance` does not move them."""
        return int(monotonic() - self._began)

    def arrived(
        self, record: RequestRecord, verdict: Verdict | None, fault: Fault | None
    ) -> ObservedRequest:
        """Keep a request that has arrived.

        It counts in the second in which its window began. So a limit of 20 never shows more than 20
        allowed requests in a second, even if windows begin in the middle of seconds.
        """
        elapsed = 0.0 if verdict is None else verdict.elapsed
        second = max(0, int(record.monotonic - elapsed - self._began))
        request = ObservedRequest(record, verdict, fault, second)
        self._requests[record.number] = request
        self._bytes += request.size
        self.total += 1
        if len(self._requests) > KEPT_REQUESTS or self._bytes > KEPT_BYTES:
            self._make_room()
        if self._waiting:
            future = self._waiting.get(request.call.call or "")
            # Requests arrive on the server's loop, to which the future belongs.
            if future is not None and not future.done():
                future.set_result(record.number)
        return request

    def answered(self, number: int, reply: Reply, status: int | None, *, processed: bool) -> None:
        """Record the response to a request, if the request is still kept."""
        request = self._requests.get(number)
        if request is not None:
            before = request.size
            request.finish(reply, status, processed=processed)
            self._bytes += request.size - before
            if self._bytes > KEPT_BYTES:
                self._make_room()

    def get(self, number: int) -> ObservedRequest | None:
        """Find a request by its number, if it is still kept."""
        return self._requests.get(number)

    def newest(self, before: int | None, limit: int) -> list[ObservedRequest]:
        """Return the newest requests, newest first; with `before`, those with lower numbers."""
        found = reversed(self._requests.values())
        older = (each for each in found if before is None or each.record.number < before)
        return list(islice(older, limit))

    def clear(self) -> None:
        """Clear the history."""
        self._requests.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._requests)

    def waiting_for(self, call: str, future: asyncio.Future[int]) -> Callable[[], object]:
        """Resolve `future` with the number of a call's next request; return its cancellation."""
        with self._lock:
            self._waiting[call] = future

        def forget() -> None:
            with self._lock:
                self._waiting.pop(call, None)

        return forget

    def _make_room(self) -> None:
        while len(self._requests) > KEPT_REQUESTS or self._bytes > KEPT_BYTES:
            if len(self._requests) <= 1:
                break
            _, request = self._requests.popitem(last=False)
            self._bytes -= request.size
