"""Until when a call may take, over all its requests, attempts and pauses."""

from __future__ import annotations

from math import inf
from time import monotonic


class Deadline:
    """The end of a call's time; begins to run when it is made, unless that is put off."""

    __slots__ = ("_at", "_begun", "total")

    def __init__(self, total: float | None, *, begun: bool = True) -> None:
        self.total: float | None = total
        self._begun = begun
        self._at = inf if total is None or not begun else monotonic() + total

    def begin(self) -> None:
        """Let the time run, if it does not run yet."""
        if not self._begun:
            self._begun = True
            self._at = inf if self.total is None else monotonic() + self.total

    def left(self) -> float:
        """Return the seconds that are left, never less than 0.

        They are infinite without a bound, and while the time does not run yet.
        """
        return max(self._at - monotonic(), 0.0)
