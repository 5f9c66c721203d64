"""The log of what reached the sandbox."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, overload

from multidict import CIMultiDictProxy

from videsk_rooms._emulator.fault import FaultKind
from videsk_rooms._emulator.messages import OPERATIONS, Operation

if TYPE_CHECKING:
    from threading import RLock

KEPT_RECORDS = 100_000
KEPT_BODIES = 256 * 1024 * 1024  # bytes


@dataclass(frozen=True, repr=False, eq=False)
class RequestRecord:
    """One request as it came, and what was made of it.

    Its repr shows no headers, because one of them is the API token.

    Attributes:
        number: 1 for the first request of the sandbox, and so on; `clear()` does not restart it.
        operation: Which operation was asked for, `None` when the path or method is none.
        method: The HTTP method.
        path: The path as it was sent, without the query.
        query: The decoded pairs of the query, in order.
        headers: All headers; look-ups ignore case.
        body: The body as it was sent.
        received_at: When it came, by the sandbox's clock.
        monotonic: When it came, by `time.monotonic()`, which `advance` does not move.
        request_id: The `x-request-id` of the answer.
        status: The status sent, `None` while there is no answer and when none is ever sent.
        fault: The fault applied, if any.
        processed: Whether the API did its part; not so after a 429 and most faults.
    """

    number: int
    operation: Operation | None
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: CIMultiDictProxy[str]
    body: bytes
    received_at: datetime
    monotonic: float
    request_id: str
    status: int | None = None
    fault: FaultKind | None = None
    processed: bool = False

    @property
    def json(self) -> object:
        """The body read as JSON, `None` when it is empty, no JSON or nested too deeply."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # the latter: nested too deeply to be read
            return None

    def __repr__(self) -> str:
        fault = f" fault={self.fault}" if self.fault else ""
        return (
            f"<RequestRecord {self.number} {self.method} {self.path} "
            f"operation={self.operation} status={self.status}{fault}>"
        )


class RequestLog(Sequence[RequestRecord]):
    """The requests in the order of their arrival: a sequence, safe to read from any thread.

    A request is in the log from its arrival on; its `status` comes when it is answered.
    The latest 100,000 are kept, and fewer if their bodies have more than 256 MiB.

    ```python
    videsk.rooms.create(name="Support")
    assert [request.status for request in sandbox.requests.of("create")] == [201]
    ```
    """

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        # A dict finds its first key ever more slowly, the more were taken out before it.
        self._records: OrderedDict[int, RequestRecord] = OrderedDict()
        self._bodies = 0

    def of(self, operation: Operation) -> tuple[RequestRecord, ...]:
        """Pick the requests of one operation.

        Args:
            operation: `create`, `list`, `get`, `update`, `delete`, `join` or `stats`.

        Returns:
            Its requests in the order of their arrival.

        Raises:
            ValueError: There is no such operation.

        ```python
        videsk.rooms.create(name="Support")
        created = sandbox.requests.of("create")[-1]
        assert created.json["name"] == "Support"
        ```
        """
        if operation not in OPERATIONS:
            raise ValueError(f"unknown operation {operation!r}; use one of {', '.join(OPERATIONS)}")
        return tuple(record for record in self._snapshot() if record.operation == operation)

    def clear(self) -> None:
        """Forget all requests; those still unanswered do not come back.

        ```python
        sandbox.requests.clear()
        ```
        """
        with self._lock:
            self._records.clear()
            self._bodies = 0

    def _arrived(self, record: RequestRecord) -> None:
        with self._lock:
            self._records[record.number] = record
            self._bodies += len(record.body)
            while len(self._records) > KEPT_RECORDS or self._bodies > KEPT_BODIES:
                _, dropped = self._records.popitem(last=False)
                self._bodies -= len(dropped.body)

    def _answered(self, number: int, status: int | None, *, processed: bool) -> None:
        with self._lock:
            record = self._records.get(number)
            if record is not None:
                self._records[number] = replace(record, status=status, processed=processed)

    def _snapshot(self) -> list[RequestRecord]:
        with self._lock:
            return list(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> RequestRecord: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[RequestRecord]: ...

    def __getitem__(self, index: int | slice) -> RequestRecord | Sequence[RequestRecord]:
        return self._snapshot()[index]

    def __iter__(self) -> Iterator[RequestRecord]:
        return iter(self._snapshot())

    def __repr__(self) -> str:
        return f"<RequestLog of {len(self)} requests>"
