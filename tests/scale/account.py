"""A sandbox in a process of its own that counts what comes: `python -m tests.scale.account RATE`.

It prints where it is reached, and then an `Account` for each line that it reads.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field

from videsk_rooms.sandbox import Sandbox

# By then a request has its answer, and the log still has the request.
_SETTLED = 5.0
_SECOND = 1.0


@dataclass
class Account:
    """What came, and what there is.

    Attributes:
        answers: How many requests got which answer, such as `create 201`.
        refused: How many of those came over the limit.
        seconds: From the first request to the last.
        rooms: The ids of all rooms, by their `externalId`.
        more: How many rooms there are besides.
    """

    answers: dict[str, int] = field(default_factory=dict)
    refused: int = 0
    seconds: float = 0.0
    rooms: dict[str, str] = field(default_factory=dict)
    more: int = 0


class _Counter:
    """Counts the requests of a log that forgets."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._answers: Counter[str] = Counter()
        self._seen = 0
        self._began: float | None = None
        self._ended = 0.0

    def count(self, *, until: float) -> None:
        """Count those that came until a moment, by `time.monotonic()`."""
        for request in self._sandbox.requests:
            if request.number > self._seen and request.monotonic <= until:
                self._answers[f"{request.operation} {request.status}"] += 1
                self._seen, self._ended = request.number, request.monotonic
                self._began = request.monotonic if self._began is None else self._began

    def account(self) -> Account:
        """Tell of all that has come."""
        self.count(until=time.monotonic())
        rooms = self._sandbox.rooms
        by_name = {str(room["externalId"]): str(room["id"]) for room in rooms}
        refused = sum(count for name, count in self._answers.items() if name.endswith(" 429"))
        return Account(
            dict(sorted(self._answers.items())),
            refused,
            self._ended - (self._began or 0.0),
            by_name,
            len(rooms) - len(by_name),
        )


def _main() -> None:
    with Sandbox(rate=int(sys.argv[1])) as sandbox:
        counter = _Counter(sandbox)
        print(json.dumps([sandbox.url, sandbox.api_token]), flush=True)
        for line in sys.stdin:
            if line == "count\n":
                counter.count(until=time.monotonic() - _SETTLED)
            else:
                print(json.dumps(asdict(counter.account())), flush=True)


if __name__ == "__main__":
    _main()
