"""The latency to the server, from measured round trips.

Only round trips can be measured. How they divide into the way out and the way back does not matter
for the rule: an error in one request's way out cancels one in another's way back.
"""

from __future__ import annotations

from collections import deque
from math import inf

SAMPLES = 256
FEWEST, FEW = 5, 20
_RECOMPUTED_EVERY = 16
_LONGEST_OUT = 2.0  # more is work; a store would take it for a clock that was set back
_LATE_AT_FIRST = 1.0
_LATEST = 2.0
LATE_FACTOR, LATE_BASE = 1.5, 0.020


class Latency:
    """The shortest times to the server and back, and how much longer they may be.

    A round trip includes the server's work, which differs between operations. So the shortest round
    trip of each operation is kept separately. The way out is half of the shortest of all. Nothing
    is assumed about an operation with fewer than five responses, because a cold or busy server may
    have delayed all of them.
    """

    def __init__(self) -> None:
        self._trips: dict[str, _Trips] = {}
        self.out: float = 0.0
        """The shortest way out."""

    def note(self, operation: str, trip: float) -> None:
        """Note how many seconds a response took."""
        trips = self._trips.get(operation)
        if trips is None:
            trips = self._trips.setdefault(operation, _Trips())
        if trips.add(max(trip, 0.0)):
            known = (each.shortest for each in list(self._trips.values()))
            shortest = min(each for each in known if each is not None)
            self.out = min(shortest / 2, _LONGEST_OUT)

    def back(self, operation: str) -> float:
        """Return the shortest time from the count of such a request to its response."""
        trips = self._trips.get(operation)
        if trips is None or trips.shortest is None:
            return 0.0
        return max(trips.shortest - self.out, 0.0)

    def late(self, operation: str) -> float:
        """Return by how many seconds the way out may be longer than the shortest."""
        trips = self._trips.get(operation)
        return _LATE_AT_FIRST if trips is None else trips.late


class _Trips:
    """The times that one operation's last responses took.

    Attributes:
        shortest: The shortest that is possible; `None`: there were too few responses.
        late: By how much the way out may be longer.
    """

    def __init__(self) -> None:
        self._trips: deque[float] = deque(maxlen=SAMPLES)
        self._seen = 0
        self._least = inf
        self.shortest: float | None = None
        self.late = _LATE_AT_FIRST

    def add(self, trip: float) -> bool:
        """Add a trip; return whether the shortest was computed again."""
        self._trips.append(trip)
        self._seen += 1
        if self._seen < FEWEST or (
            trip >= self._least and self._seen > FEW and self._seen % _RECOMPUTED_EVERY
        ):
            return False
        trips = sorted(self._trips)
        count = len(trips)
        self._least = least = trips[0]
        # The shortest possible trip may be shorter than the shortest measured one.
        if count < FEW:
            doubt = max(trips[-1] - least, least / 10)
        else:
            doubt = (trips[count // 4] - least) / 2
            self.late = min(LATE_FACTOR * (trips[-1] - least) + LATE_BASE, _LATEST)
        self.shortest = max(least - doubt, 0.0)
        return True
