"""Requests per second in the last minute."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from videsk_rooms.dev._history import ObservedRequest

SECONDS = 60


class RequestCounts:
    """Counts the requests of the last 60 seconds, under the sandbox's lock."""

    def __init__(self) -> None:
        self._seconds: dict[int, dict[str, int]] = {}

    def add(self, request: ObservedRequest) -> None:
        """Count a request."""
        counts = self._seconds.get(request.second)
        if counts is None:
            counts = {"interactive": 0, "background": 0, "other": 0, "refused": 0}
            self._seconds[request.second] = counts
            for second in [s for s in self._seconds if s <= request.second - SECONDS]:
                del self._seconds[second]
        counts["refused" if request.refused else request.call.priority or "other"] += 1

    def seconds(self, now: int) -> list[dict[str, int]]:
        """Return the seconds with requests, oldest first."""
        return [
            {"second": second, **counts}
            for second, counts in sorted(self._seconds.items())
            if second > now - SECONDS
        ]
