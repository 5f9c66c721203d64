"""When the next request may leave.

There is no pacing yet: a request leaves at once, and a rate limit shows as `RateLimitError`. This
is its place in the house, between the loop over the attempts and the transport.
"""

from __future__ import annotations

from typing import Protocol


class Pacing(Protocol):
    """Decides when a request may leave."""

    async def departure(self) -> float:
        """Wait until the request may leave; return the seconds waited."""
        ...


class Unpaced:
    """Lets every request leave at once."""

    async def departure(self) -> float:
        """Return at once."""
        return 0.0
