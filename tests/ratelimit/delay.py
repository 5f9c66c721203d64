"""How long a message is on its way: the delays of the simulation and of the relay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from random import Random

Jitter = Literal["none", "normal", "lognormal", "exponential", "uniform"]


@attrs.frozen
class Delay:
    """What one direction of a path takes, in seconds.

    Attributes:
        base: The least.
        jitter: How what comes on top of it is distributed.
        spread: Its mean, or its standard deviation if it is normal, or the most if it is uniform.
        spike_share: How often a message takes much longer.
        spike: By how much then.
        drift: By how much the least grows in each second; it falls again after `drift_for`.
        drift_for: For how many seconds it grows.
        change_at: When the route changes.
        change_by: By how much.
        stall_every: After how many seconds the path has carried nothing for a while, as after a
            loss; 0: it never stalls.
        stall_for: For how long.
        cold: By how much later the first message arrives.
    """

    base: float = 0.0
    jitter: Jitter = "none"
    spread: float = 0.0
    spike_share: float = 0.0
    spike: float = 0.0
    drift: float = 0.0
    drift_for: float = 20.0
    change_at: float = 0.0
    change_by: float = 0.0
    stall_every: float = 0.0
    stall_for: float = 0.0
    cold: float = 0.0

    def draw(self, random: Random, elapsed: float) -> float:
        """Return how long a message takes that leaves `elapsed` seconds after the beginning."""
        delay = self.base + self._jitter(random)
        if random.random() < self.spike_share:
            delay += self.spike
        if self.drift:
            phase = elapsed % (2 * self.drift_for)
            delay += self.drift * min(phase, 2 * self.drift_for - phase)
        if self.change_by and elapsed >= self.change_at:
            delay += self.change_by
        if self.stall_every:
            until_over = self.stall_every - elapsed % self.stall_every
            if until_over <= self.stall_for:
                delay += until_over
        return max(delay, 0.0)

    def _jitter(self, random: Random) -> float:
        spread = self.spread
        if self.jitter == "exponential":
            return random.expovariate(1 / spread)
        if self.jitter == "normal":
            return random.gauss(0.0, spread)
        if self.jitter == "lognormal":
            return spread * random.lognormvariate(-0.5, 1.0)  # of mean 1
        if self.jitter == "uniform":
            return random.uniform(0.0, spread)
        return 0.0


def exponential(base: float, mean: float) -> Delay:
    """Return the delay of an ordinary wide network."""
    return Delay(base, "exponential", mean)


def spiky(base: float, mean: float) -> Delay:
    """Return the same where one message of fifty takes 150 ms more."""
    return Delay(base, "exponential", mean, spike_share=0.02, spike=0.150)
