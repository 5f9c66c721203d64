"""The browser itself: no test in it passes over what went wrong on a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .chromium import Visits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.any_python("the page and the browser are the same everywhere")


@pytest.fixture
def troubled(chromium: Browser) -> Iterator[Visits]:
    """Visitors who are to be troubled."""
    visits = Visits(chromium)
    yield visits
    with pytest.raises(AssertionError):
        visits.end()


def test_an_error_on_the_console_is_a_trouble(troubled: Visits) -> None:
    """As a violation of the page's policy is."""
    troubled.visitor().evaluate("console.error('it is broken')")
    assert troubled.troubles == ["it is broken"]


def test_an_exception_that_nobody_catches_is_a_trouble(troubled: Visits) -> None:
    """In promises too."""
    page = troubled.visitor()
    with page.expect_event("pageerror"):
        page.evaluate("() => void Promise.reject(new Error('it is broken'))")
    assert [trouble for trouble in troubled.troubles if "it is broken" in trouble]


def test_a_request_that_would_leave_this_machine_is_a_trouble(troubled: Visits) -> None:
    """It is named, and does not leave."""
    page = troubled.visitor()
    failed = page.evaluate("fetch('http://example.org/').then(() => false, () => true)")
    assert failed
    troubled.forgive("Failed to load resource")
    assert troubled.troubles == ["a request to http://example.org/"]


def test_a_web_socket_that_would_leave_this_machine_is_a_trouble(visits: Visits) -> None:
    """It fails, and the console says so."""
    page = visits.visitor()
    page.evaluate("new Promise(done => new WebSocket('ws://example.org/').onerror = () => done())")
    visits.forgive("'ws://example.org/' failed: .*ERR_NAME_NOT_RESOLVED")


def test_what_a_test_asked_for_is_forgiven(visits: Visits) -> None:
    """And nothing else."""
    page = visits.visitor()
    page.evaluate("console.error('one'), console.error('two')")
    visits.forgive("one")
    assert visits.troubles == ["two"]
    visits.forgive("two")
    with pytest.raises(AssertionError, match="nothing like 'three'"):
        visits.forgive("three")
