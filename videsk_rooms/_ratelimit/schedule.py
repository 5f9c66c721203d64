"""The sliding window: the slots that were reserved, and the rule for the next one. No I/O.

The rule: the next slot comes no sooner than the N-th last one plus the window (and a margin), and
after the last one, so that the order is kept and no two slots are alike. Where it has to wait for
that, it comes a gap after the last one: `Limit.gap` says why.

A slot for later is confirmed when its time has come. Slots before it may have been moved since,
to the time at which their requests really left; then it is moved too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable


@attrs.frozen
class WindowParams:
    """The parameters of the window.

    Attributes:
        limit: How many may happen in any window.
        window: How long that is.
        gap: How far those that had to wait are apart.
        late: How much later than promised a departure may happen without being moved.
    """

    limit: int
    window: int
    gap: int = 1
    late: int = 0


class SlidingWindow:
    """Promised departures in order, as whole microseconds of any one clock."""

    def __init__(self, times: Iterable[int] = (), *, held_until: int = 0) -> None:
        self.times = list(times)
        self.held_until = held_until

    def reserve(self, count: int, rule: WindowParams, *, now: int) -> list[int]:
        """Promise so many departures."""
        self.forget(now - rule.window)
        times = self.times
        promised: list[int] = []
        for _ in range(count):
            slot = max(now, self.held_until)
            if len(times) >= rule.limit:
                slot = max(slot, times[-rule.limit] + rule.window)
            if times:
                slot = max(slot, times[-1] + (rule.gap if slot > now else 1))
            times.append(slot)
            promised.append(slot)
        return promised

    def confirm(self, slot: int, rule: WindowParams, *, now: int) -> int:
        """Return when a promised departure is to happen.

        Returns:
            `now` or before: at once, and it counts at that time. Later: then, to be confirmed
            again.
        """
        self.forget(now - rule.window)
        times = self.times
        index = bisect_left(times, slot)
        if times[index : index + 1] != [slot]:  # a window has passed over it, or all was lost
            return self.reserve(1, rule, now=now)[0]
        early = index >= rule.limit and times[index - rule.limit] + rule.window > slot
        if slot >= self.held_until and not early and now - slot <= rule.late:
            return slot
        del times[index]
        moved = self._opening(rule, now)
        step = 1 if moved > now else -1
        while moved in times:
            moved += step
        insort(times, moved)
        return moved

    def give_back(self, slots: Iterable[int]) -> None:
        """Take back promises that nobody will use; one that is unknown was forgotten."""
        for slot in slots:
            index = bisect_left(self.times, slot)
            if self.times[index : index + 1] == [slot]:
                del self.times[index]

    def hold(self, until: int) -> None:
        """Pause until then."""
        self.held_until = max(self.held_until, until)

    def forget(self, until: int) -> None:
        """Forget the departures that a window has passed over."""
        del self.times[: bisect_right(self.times, until)]

    def _opening(self, rule: WindowParams, now: int) -> int:
        """Find when one more may happen, by those before it."""
        opens = max(now, self.held_until)
        while True:
            before = bisect_right(self.times, opens)
            if before < rule.limit or self.times[before - rule.limit] + rule.window <= opens:
                return opens
            opens = self.times[before - rule.limit] + rule.window
