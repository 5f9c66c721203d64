"""The log of the requests to the sandbox."""

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
    """One request to the sandbox, and its outcome.

    Its repr leaves out the headers, because one of them is the API token.

    Attributes:
        number: 1 for the first request of the sandbox, and so on; `clear()` does not reset it.
        operation: The operation; `None` if the path or the method has none.
        method: The HTTP method.
        path: The path as sent, without the query.
        query: The decoded pairs of the query, in order.
        headers: All headers; look-ups ignore case.
        body: The body as sent.
        received_at: When the request arrived, by the sandbox's clock.
        monotonic: When the request arrived, by `time.monotonic()`; `advance` does not move it.
        request_id: The `x-request-id` of the response.
        status: The status of the response; `None` until it is sent, and if none is ever sent.
        fault: The kind of fault applied, if any.
        processed: Whether the API processed the request. After a 429 and most faults it did not.
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
        """The body parsed as JSON; `None` if it is empty, not JSON or nested too deeply."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):  # RecursionError: nested too deeply
            return None

    def __repr__(self) -> str:
        fault = f" fault={self.fault}" if self.fault else ""
        return (
            f"<RequestRecord {self.number} {self.method} {self.path} "
            f"operation={self.operation} status={self.status}{fault}>"
        )


class RequestLog(Sequence[RequestRecord]):
    """The requests in order of arrival: a sequence, safe to read from any thread.

    A request is logged when it arrives. Its `status` is set when the response is sent.
    The log keeps the latest 100,000 requests, or fewer if their bodies exceed 256 MiB.

    Example:
        ```python
        videsk.rooms.create(name="Support")
        assert [request.status for request in sandbox.requests.of("create")] == [201]
        ```
    """

    def __init__(self, lock: RLock) -> None:
        self._lock = lock
        # In a plain dict, finding the first key slows down with each removed key before it.
        self._records: OrderedDict[int, RequestRecord] = OrderedDict()
        self._bodies = 0

    def of(self, operation: Operation) -> tuple[RequestRecord, ...]:
        """Return the requests of one operation.

        Args:
            operation: `create`, `list`, `get`, `update`, `delete`, `join` or `stats`.

        Returns:
            Its requests in order of arrival.

        Raises:
            ValueError: There is no such operation.

        Example:
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
        """Clear the log; requests without a response yet do not return to it.

        Example:
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
