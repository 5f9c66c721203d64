"""Random faults, from a seed."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from videsk_rooms._emulator.errors import error_reply
from videsk_rooms._emulator.fault import (
    MEGABYTE,
    NOT_HTTP,
    NOT_JSON,
    Fault,
    applies,
    enormous_answer,
    waf_page,
)
from videsk_rooms._emulator.messages import Reply

if TYPE_CHECKING:
    from videsk_rooms._emulator.fault import FaultKind
    from videsk_rooms._emulator.messages import Operation

_STATUSES = (429, 500, 502, 503, 504)
_DELAYS = (0.01, 0.05)
_SIZE = 8 * MEGABYTE


class RandomFaults:
    """Chooses with a seed which requests fail, and how."""

    def __init__(
        self,
        share: float,
        seed: int,
        on: frozenset[Operation] | None,
        kinds: tuple[FaultKind, ...],
    ) -> None:
        self.share = share
        self._random = random.Random(seed)  # noqa: S311
        self.on = on
        self.kinds = kinds

    def next(self, operation: Operation | None) -> Fault | None:
        """Return the fault for one request, or `None`."""
        if not applies(self.on, operation) or self._random.random() >= self.share:
            return None
        return self._make(self._random.choice(self.kinds))

    def _make(self, kind: FaultKind) -> Fault:
        chance = self._random
        if kind in ("status", "html"):
            return self._make_status(kind)
        makers = {
            "drop-before": lambda: Fault("drop-before", processed=False),
            "drop-after": lambda: Fault("drop-after", processed=True),
            "delay": lambda: Fault(
                "delay",
                processed=True,
                delay=chance.uniform(*_DELAYS),
                delayed_first=chance.random() < 0.5,
            ),
            "truncated": lambda: Fault("truncated", processed=True, keep=chance.random()),
            "garbage": lambda: Fault("garbage", processed=True, reply=Reply(200, NOT_JSON)),
            "garbage-line": lambda: Fault("garbage-line", processed=False, line=NOT_HTTP),
            "empty": lambda: Fault("empty", processed=True, reply=Reply(200)),
            "enormous": lambda: enormous_answer(_SIZE, gzip=chance.random() < 0.5, processed=True),
        }
        return makers[kind]()

    def _make_status(self, kind: FaultKind) -> Fault:
        status = self._random.choice(_STATUSES)
        # A gateway may time out after the request was processed. A 429 was never processed.
        processed = status != 429 and self._random.random() < 0.5
        if kind == "html":
            return Fault(kind, processed, waf_page(status, None))
        return Fault(kind, processed, error_reply(status, "Random failure"))
