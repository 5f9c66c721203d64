"""What is counted while it goes on, from any thread."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videsk_rooms import AttemptEvent, VideskError


def kind_of(error: VideskError) -> str:
    """Name the class of an error, and whether the outcome is unknown."""
    kind = type(error).__name__
    return f"{kind}, unknown" if error.outcome_unknown else kind


class Tally:
    """Counts attempts by their number and errors by their class."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reached: Counter[tuple[str, int]] = Counter()
        self._errors: Counter[tuple[str, str]] = Counter()
        self.interrupted = 0

    def attempted(self, event: AttemptEvent) -> None:
        """Count an attempt; to be given as a hook."""
        with self._lock:
            self._reached[event.operation, event.attempt.number] += 1

    def failed(self, operation: str, error: VideskError) -> None:
        """Count an error that a caller saw."""
        with self._lock:
            self._errors[operation, kind_of(error)] += 1

    def was_interrupted(self) -> None:
        """Count a call that its caller cancelled."""
        with self._lock:
            self.interrupted += 1

    @property
    def attempts(self) -> dict[str, dict[int, int]]:
        """How many requests took how many attempts, by operation.

        An attempt has a number and no name, so it is told by how many went further.
        """
        found: dict[str, dict[int, int]] = {}
        for operation, number in sorted(self._reached):
            here, further = (self._reached[operation, number + more] for more in (0, 1))
            if here > further:
                found.setdefault(operation, {})[number] = here - further
        return found

    @property
    def errors(self) -> dict[str, dict[str, int]]:
        """How many errors of which class, by operation."""
        found: dict[str, dict[str, int]] = {}
        for (operation, kind), count in sorted(self._errors.items()):
            found.setdefault(operation, {})[kind] = count
        return found
