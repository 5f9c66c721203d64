"""Random ids, secrets and seeds, all from one seed."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

# The time in the ids of a seeded sandbox; the clock's would make them differ in every run.
_SEEDED_TIME = 0x64F1A2B3


class Identifiers:
    """Draws ids, secrets and seeds."""

    def __init__(self, seed: int | None) -> None:
        self._seeded = seed is not None
        # No secret is worth anything here: the tokens open an imitation only.
        self._random = random.Random(seed)  # noqa: S311
        self._machine = self.hexadecimal(10)
        self._count = self._random.getrandbits(24)

    def object_id(self, now: datetime) -> str:
        """A Mongo ObjectId: 4 bytes of time, 5 of chance, 3 of a counter."""
        seconds = _SEEDED_TIME if self._seeded else int(now.timestamp())
        self._count = (self._count + 1) % (1 << 24)
        return f"{seconds:08x}{self._machine}{self._count:06x}"

    def uuid(self) -> str:
        """A random UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def hexadecimal(self, digits: int) -> str:
        """So many hexadecimal digits."""
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"

    def seed(self) -> int:
        """A seed for another source of chance."""
        return self._random.getrandbits(64)
