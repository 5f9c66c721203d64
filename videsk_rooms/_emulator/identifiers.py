"""Random ids, secrets and seeds, all from one seed."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

# The time in the ids of a seeded sandbox. With the clock's, they would differ between runs.
_SEEDED_TIME = 0x64F1A2B3


class Identifiers:
    """Generates ids, secrets and seeds."""

    def __init__(self, seed: int | None) -> None:
        self._seeded = seed is not None
        # Not cryptographic, because these tokens only open the sandbox.
        self._random = random.Random(seed)  # noqa: S311
        self._machine = self.hexadecimal(10)
        self._count = self._random.getrandbits(24)

    def object_id(self, now: datetime) -> str:
        """Generate a Mongo ObjectId: 4 bytes of time, 5 random ones, 3 of a counter."""
        seconds = _SEEDED_TIME if self._seeded else int(now.timestamp())
        self._count = (self._count + 1) % (1 << 24)
        return f"{seconds:08x}{self._machine}{self._count:06x}"

    def uuid(self) -> str:
        """Generate a random UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def hexadecimal(self, digits: int) -> str:
        """Generate this many hexadecimal digits."""
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def seed(self) -> int:
        """Generate a seed for another random generator."""
        return self._random.getrandbits(64)
