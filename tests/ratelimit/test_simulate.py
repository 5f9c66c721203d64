"""The rule of the rate limit over many networks, in virtual time."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .simulate import NETWORKS, Network, Simulation, Window
from .support import environment

SECONDS = 12.0
# A route that is suddenly shorter is known with the first answer that took it; until then, requests
# arrive sooner than they could.
_AT_MOST_OVER = {"100 ms, the route 60 ms shorter after 30 s": 20}
# What the server's work varies by cannot be told from what the way varies by.
_LEAST_USED = {"work of 10 to 500 ms": 0.70}
_EIGHT_CANNOT_USE = "work of 500 ms"


# A network between different machines needs several processes.
_CASES = [
    pytest.param(network, processes, callers, id=f"{network.name}-{processes}-{callers}")
    for network in NETWORKS
    for processes, callers in ((1, 8), (1, 32), (4, 32))
    if processes > 1 or not network.apart
]


@pytest.mark.parametrize("window", ["sliding", "fixed"])
@pytest.mark.parametrize(("network", "processes", "callers"), _CASES)
def test_nothing_is_over_the_limit_and_most_of_it_is_used(
    network: Network, processes: int, callers: int, window: Window
) -> None:
    """Whatever the way varies by, and however the server counts."""
    simulation = Simulation(network, window=window, processes=processes, callers=callers)
    result = simulation.run(SECONDS + network.out.change_at)
    assert result.over <= _AT_MOST_OVER.get(network.name, 0)
    assert result.refused <= _AT_MOST_OVER.get(network.name, 0)
    if network.name != _EIGHT_CANNOT_USE or callers > 8:
        assert result.used >= _LEAST_USED.get(network.name, 0.88)


def test_a_simulated_run_can_be_repeated() -> None:
    """The same seed brings the same figures, another one others."""
    network = NETWORKS[5]
    first, again, other = (Simulation(network, seed=seed).run(5.0) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_table_can_be_had_by_hand() -> None:
    """A row for each network."""
    command = [sys.executable, "-m", "tests.ratelimit.simulate", "--seconds", "1"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **environment())
    for network in NETWORKS:
        assert f"|{network.name}|" in done.stdout
