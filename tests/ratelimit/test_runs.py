"""The limit over real connections, a few seconds each; the whole: `tests/ratelimit/measure.py`."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from .delay import Delay, exponential
from .network import Path
from .redis_server import MISSING, PROGRAM
from .runs import Figures, Job, Setting, run
from .support import environment

SECONDS = 4.0
# Nobody knows how busy the machine is; how much is used is shown by the simulation.
LEAST_USED = 0.5

_FAR = Path(exponential(0.020, 0.005), exponential(0.020, 0.005))
_TWO = (Job(callers=8), Job(callers=8))
_ASKING = [
    Setting("one process", _FAR, (Job(callers=16),)),
    Setting("a cold server", Path(Delay(cold=0.050)), (Job(callers=16),)),
    Setting("a file", _FAR, _TWO, "file"),
    Setting("Redis", _FAR, _TWO, "Redis"),
]
_PEOPLE = [
    Setting("the same client", Path(), (Job(create_many=1, get=1),)),
    Setting("a file", Path(), (Job(create_many=1), Job(get=1)), "file"),
    Setting("Redis", Path(), (Job(create_many=1), Job(get=1)), "Redis"),
]


def _figures(settings: list[Setting]) -> dict[str, Figures]:
    """Run settings at the same time: together they make hardly a hundred requests a second."""
    possible = [each for each in settings if each.sharing != "Redis" or PROGRAM is not None]
    with ThreadPoolExecutor(len(possible)) as threads:
        found = list(threads.map(lambda each: run(each, SECONDS), possible))
    return {each.setting.name: _measured_again(each) for each in found}


def _measured_again(figures: Figures) -> Figures:
    """Run a setting alone, twice at most, if its figures were not as they should be.

    A process that stands still on a busy machine sends late what it was permitted in time, and less
    of it. A fault of the rule shows each time, and in the simulation.
    """
    for _ in range(2):
        if figures.refused == figures.over == 0 and figures.used >= LEAST_USED:
            break
        figures = run(figures.setting, SECONDS)
    return figures


@pytest.fixture(scope="module")
def asking() -> dict[str, Figures]:
    """What callers bring who ask again and again."""
    return _figures(_ASKING)


@pytest.fixture(scope="module")
def people(asking: dict[str, Figures]) -> dict[str, Figures]:
    """What people meet beside bulk calls; not while others ask, too."""
    return _figures(_PEOPLE)


@pytest.mark.parametrize("name", [each.name for each in _ASKING])
def test_nothing_is_refused_over_a_network(name: str, asking: dict[str, Figures]) -> None:
    """Nor over the limit; and the limit is used."""
    if name not in asking:
        pytest.skip(MISSING)
    figures = asking[name]
    assert (figures.refused, figures.over) == (0, 0)
    assert figures.used >= LEAST_USED
    assert figures.requests_a_call == 1.0


@pytest.mark.parametrize("name", [each.name for each in _PEOPLE])
def test_people_hardly_wait_beside_bulk_calls(name: str, people: dict[str, Figures]) -> None:
    """In line behind the 16 calls of a bulk, they would wait for most of a second."""
    if name not in people:
        pytest.skip(MISSING)
    figures = people[name]
    assert (figures.refused, figures.over, figures.failed) == (0, 0, 0)
    assert figures.median_get < 0.4
    assert figures.background > LEAST_USED


@pytest.mark.any_python("what is measured is measured with the newest packages")
def test_the_figures_can_be_had_by_hand() -> None:
    """What a permit costs, of all stores."""
    command = [sys.executable, "-m", "tests.ratelimit.measure", "--only", "costs"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **environment())
    assert "one process" in done.stdout
    assert "a file" in done.stdout
