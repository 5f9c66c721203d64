"""The departures that were promised, and the rule for the next one. Pure: times are numbers.

The rule: the next departure comes no sooner than the N-th last one plus the window (and a margin),
and no sooner than the last one, so that whoever asks first leaves first.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Ring:
    """Promised departures in order, as whole microseconds of any one clock."""

    def __init__(self, times: Iterable[int] = (), *, held_until: int = 0) -> None:
        self.times = list(times)
        self.held_until = held_until

    def reserve(self, count: int, *, now: int, limit: int, window: int) -> list[int]:
        """Promise so many departures; those that a window has passed over are forgotten."""
        times = self.times
        del times[: bisect_right(times, now - window)]
        promised: list[int] = []
        for _ in range(count):
            slot = max(now, self.held_until)
            if times:
                slot = max(slot, times[-1])
            if len(times) >= limit:
                slot = max(slot, times[-limit] + window)
            times.append(slot)
            promised.append(slot)
        return promised

    def give_back(self, slots: Iterable[int]) -> None:
        """Take back promises that nobody will use."""
        for slot in slots:
            if slot in self.times:
                self.times.remove(slot)

    def hold(self, until: int) -> None:
        """Promise nothing before then."""
        self.held_until = max(self.held_until, until)
