"""How callers call: with which patience, and whether they are paced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from videsk_rooms import RateLimit, Retry

if TYPE_CHECKING:
    import random

    from videsk_rooms import AsyncRooms

SHORT_PAUSES: dict[str, float] = {"base_delay": 0.005, "max_delay": 0.05}
PATIENT = "patient"


@dataclass(frozen=True)
class Manner:
    """One way to call.

    Attributes:
        attempts: How often a call is tried.
        options: What else the client is told.
        weight: How often it is chosen, against the others.
    """

    attempts: int
    options: dict[str, Any]
    weight: int

    @property
    def all_options(self) -> dict[str, Any]:
        """What the client is told."""
        return {"retry": Retry(attempts=self.attempts, **SHORT_PAUSES), **self.options}


# Low enough to bite.
PACE = RateLimit(requests=60, per=0.5)

# The patient one nearly always has its way; the others see errors, which is what they are for.
MANNERS: dict[str, Manner] = {
    PATIENT: Manner(6, {}, 8),
    "hasty": Manner(2, {}, 3),
    "once": Manner(1, {}, 2),
    "rushed": Manner(6, {"timeout": 0.05}, 2),
    "very rushed": Manner(6, {"timeout": 0.01}, 1),
    "paced": Manner(4, {"rate_limit": PACE}, 3),
    "paced and rushed": Manner(4, {"rate_limit": PACE, "timeout": 0.05}, 2),
}

Rooms: TypeAlias = "dict[str, AsyncRooms]"
"""The rooms of one account, for each manner."""


def choose(chance: random.Random) -> str:
    """Choose a manner."""
    names = list(MANNERS)
    return chance.choices(names, [MANNERS[name].weight for name in names])[0]
