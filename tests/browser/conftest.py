"""What the tests in a browser stand on."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import EXAMPLES
from videsk_rooms import Retry, Videsk
from videsk_rooms.sandbox import Sandbox

from .support import TicketPage, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .chromium import Visits


@pytest.fixture(scope="module")
def account() -> Iterator[Sandbox]:
    """A sandbox for all tests, each of which has a ticket of its own."""
    with Sandbox(rate=None) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def client(account: Sandbox) -> Iterator[Videsk]:
    """Somebody else with the same account, who waits in no line."""
    with Videsk(account.api_token, base_url=account.url, rate_limit=None) as client:
        yield client


@pytest.fixture(scope="module")
def site(account: Sandbox) -> Iterator[str]:
    """The application at work, which tries nothing again by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLES)
        application = importlib.import_module("browser_app").create_app(
            {
                "VIDESK_API_TOKEN": account.api_token,
                "VIDESK_BASE_URL": account.url,
                "VIDESK_RETRY": Retry(attempts=1),
                "VIDESK_RATE_LIMIT": None,
            }
        )
    with served(application) as url:
        yield url
    application.extensions["videsk"].close()


@pytest.fixture
def sandbox(account: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, whose log begins and whose faults end with the test."""
    account.requests.clear()
    yield account
    account.faults.clear()


@pytest.fixture
def ticket(visits: Visits, sandbox: Sandbox, site: str) -> TicketPage:
    """A ticket that nobody came to yet."""
    return TicketPage(visits, sandbox, site)
