"""What the tests in a browser stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .chromium import MISSING, PROGRAM, Visits, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser for all tests of a module."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with running() as browser:
        yield browser


@pytest.fixture
def visits(chromium: Browser) -> Iterator[Visits]:
    """Visitors of one test, which fails if anything troubled them."""
    visits = Visits(chromium)
    yield visits
    visits.end()
