"""The whole limit is used and nothing over it, in real time; by hand: `tests.ratelimit.measure`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.ratelimit.full_rate import (
    RATE,
    SETTINGS,
    WINDOWS,
    Figures,
    Request,
    Setting,
    judged,
    run_all,
)
from tests.ratelimit.measure import as_markdown
from tests.ratelimit.redis_server import MISSING, PROGRAM
from tests.ratelimit.support import environment
from videsk_rooms._ratelimit.limit import SPREAD

SECONDS = 5.0
LEAST = 0.97
LEAST_IN_A_STALL = 0.5
STANDSTILL = 0.2
ROUNDS = 3

_possible = [each for each in SETTINGS if each.way != "Redis" or PROGRAM is not None]


@pytest.fixture(scope="module")
def figures() -> dict[Setting, Figures]:
    """What all ways brought, run at the same time.

    A machine that stands still for a fifth of a second, under way or before, shows nothing of the
    pacing; what ran meanwhile is run once more.
    """
    found: dict[Setting, Figures] = {}
    for _ in range(ROUNDS):
        left = [each for each in _possible if each not in found or _stood_still(found[each])]
        brought = run_all(left, SECONDS) if left else []
        found |= {each.setting: each for each in brought}
    print(f"\n{as_markdown(list(found.values()))}")
    return found


def _stood_still(found: Figures) -> bool:
    return max(found.spread, found.standstill) > STANDSTILL


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_nothing_leaves_over_the_limit(setting: Setting, figures: dict[Setting, Figures]) -> None:
    """Of what the server counts as over it, nothing left its process over it.

    Where the machine is too busy to carry requests as fast as those before them, the server may
    see some too close together; how much the time on the way varied is measured for each request.
    """
    if setting not in figures:
        pytest.skip(MISSING)
    found = figures[setting]
    print(found)
    assert found.unexplained == 0
    stalled = found.spread > SPREAD
    assert stalled or found.refused == found.over == 0
    assert found.used >= (LEAST_IN_A_STALL if stalled else LEAST)


# -- the judge ------------------------------------------------------------------------------------

SETTING = SETTINGS[0]


def sent(*moments: tuple[float, float], refused: bool = False) -> list[Request]:
    """Make requests of when they left and came."""
    return [Request(left, came, refused, waited=0.5) for left, came in moments]


def test_the_judge_finds_what_left_over_the_limit() -> None:
    """One more than the limit within a second."""
    requests = sent(*((at / 100, at / 100 + 0.001) for at in range(RATE + 1)))
    found = judged(SETTING, 1.0, requests)
    assert (found.over, found.unexplained) == (1, 1)
    assert found.used > 1


def test_the_judge_sees_a_stall_on_the_way() -> None:
    """What left in time and came too late is over it, and explained."""
    first = [(0.0, 0.05) for _ in range(RATE)]
    second = [(1.02, 1.021) for _ in range(RATE)]
    found = judged(SETTING, 2.0, sent(*first, *second))
    assert (found.over, found.unexplained) == (RATE, 0)
    assert found.spread == pytest.approx(0.049)


def test_the_judge_finds_a_refused_request() -> None:
    """The server's word counts, by whatever window."""
    requests = sent(*((at / 100, at / 100) for at in range(RATE)))
    requests += sent((0.5, 1.1), refused=True)
    found = judged(SETTING, 2.0, requests)
    assert (found.refused, found.over, found.unexplained) == (1, 0, 1)


def test_the_judge_goes_on_when_the_time_is_up() -> None:
    """What is under way at the end counts as over the limit, and how late it came explains it."""
    first = [(0.0, 0.05) for _ in range(RATE)]
    second = [(1.02, 1.021) for _ in range(RATE)]
    found = judged(SETTING, 1.0, [*sent(*first), *sent(*second, refused=True)])
    assert (found.refused, found.over, found.unexplained) == (RATE, RATE, 0)
    assert found.spread == pytest.approx(0.049)
    assert found.used == 1.0


@pytest.mark.parametrize("as_json", [False, True])
def test_the_figures_can_be_had_by_hand(as_json: bool) -> None:
    """As tables, and as JSON for programs."""
    command = [sys.executable, "-m", "tests.ratelimit.measure", "--seconds", "0.2"]
    command += ["--only", "one process", *(["--json"] if as_json else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **environment())
    if as_json:
        found = json.loads(done.stdout)
        assert len(found["figures"]) == len(WINDOWS)
        assert set(found["microseconds"]) == {each.way for each in _possible}
    else:
        assert done.stdout.count("| one process |") == len(WINDOWS)
