"""Web servers and frameworks, each with the example of `docs/examples` that is for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import EXAMPLES
from tests.waiting import wait_until

from .account import RATE, opened
from .server import Server, Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="gunicorn does not run on Windows")

_GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "--bind", "fd://{fd}"),
    *("--access-logfile", "{log}", "--access-logformat", "%(p)s"),
)
_SYNC = (*_GUNICORN, "--workers", "2", "--preload")
_GTHREAD = (*_GUNICORN, "--config", str(EXAMPLES / "gunicorn.conf.py"))
_GEVENT = (*_GUNICORN, "--workers", "2", "--worker-class", "gevent")
# It serves from a port that it inherits where it is told of one, and logs to its standard output.
_UWSGI = (
    *("sh", "-c", 'exec "$0" "$@" >&2', str(Path(sys.executable).with_name("uwsgi"))),
    *("--master", "--processes", "2", "--threads", "2", "--die-on-term", "--need-app"),
    *("--http-socket", "fd://{fd}", "--req-logger", "file:{log}", "--log-format", "%(pid)"),
)
_USED_FLASK = "tests.conformance.uwsgi_app:flask()"
_USED_DJANGO = "tests.conformance.uwsgi_app:django()"
_UVICORN = (
    *(sys.executable, "-m", "uvicorn", "--fd", "{fd}", "--workers", "2"),
    *("--log-config", str(Path(__file__).with_name("uvicorn_log.json"))),
)
_AIOHTTP = (
    "import aiohttp.web, aiohttp_app, socket; "
    "aiohttp.web.run_app(aiohttp_app.create_app(), sock=socket.socket(fileno={fd}), print=None)"
)
_FLASK = "flask_app:create_app()"
_DJANGO = "django_app:application"

PLACES = (
    Slot("gunicorn sync --preload + Django", (*_SYNC, _DJANGO), at_once=2, processes=2),
    Slot("gunicorn sync --preload + Flask", (*_SYNC, _FLASK), at_once=2, processes=2),
    Slot("gunicorn gthread + Django", (*_GTHREAD, _DJANGO), at_once=4, processes=2),
    Slot("gunicorn gthread + Flask", (*_GTHREAD, _FLASK), at_once=4, processes=2),
    Slot("gunicorn gevent + Django", (*_GEVENT, _DJANGO), at_once=6, processes=2),
    Slot("gunicorn gevent + Flask", (*_GEVENT, _FLASK), at_once=6, processes=2),
    Slot("uWSGI + Django", (*_UWSGI, "--module", _USED_DJANGO), at_once=4, processes=2),
    Slot("uWSGI + Flask", (*_UWSGI, "--module", _USED_FLASK), at_once=4, processes=2),
    Slot(
        "uWSGI --lazy-apps + Flask",
        (*_UWSGI, "--lazy-apps", "--module", _FLASK),
        at_once=4,
        processes=2,
    ),
    Slot(
        "uWSGI --py-call-uwsgi-fork-hooks + Flask",
        (*_UWSGI, "--py-call-uwsgi-fork-hooks", "--module", _USED_FLASK),
        at_once=4,
        processes=2,
    ),
    Slot("uvicorn + Django", (*_UVICORN, "django_asgi_app:application"), at_once=6, processes=2),
    Slot("uvicorn + FastAPI", (*_UVICORN, "fastapi_app:app"), at_once=6, processes=2),
    Slot("uvicorn + Starlette", (*_UVICORN, "starlette_app:app"), at_once=6, processes=2),
    Slot("aiohttp.web", (sys.executable, "-c", _AIOHTTP), at_once=6, processes=1),
)
_OF_MANY_PROCESSES = [place for place in PLACES if place.processes > 1]


def shows(what: str, places: Sequence[Slot] = PLACES) -> pytest.MarkDecorator:
    """Have a test show something of each place."""
    return pytest.mark.parametrize(
        "kept_server",
        [
            pytest.param(place, id=place.name, marks=pytest.mark.shows(place=place.name, what=what))
            for place in places
        ],
        indirect=True,
    )


@pytest.fixture(scope="module")
def kept_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server for all tests of its place."""
    with opened() as account:
        server = Server(request.param, account, tmp_path_factory.mktemp("server"))
        yield server
        server.kill()


@pytest.fixture
def server(kept_server: Server) -> Server:
    """The server at work, with nothing in the sandbox's log."""
    kept_server.start()
    kept_server.account.sandbox.requests.clear()
    return kept_server


@shows("calls")
def test_visitors_of_a_ticket_enter_the_same_room(server: Server) -> None:
    """Whoever comes first opens it; each gets a token of their own."""
    first, second = server.enter(7), server.enter(7)
    assert (first.status, second.status) == (200, 200)
    (room,) = [room for room in server.account.sandbox.rooms if room["externalId"] == "ticket-7"]
    assert first.json["roomId"] == second.json["roomId"] == room["id"]
    assert first.json["accessToken"] != second.json["accessToken"]


@shows("at once")
def test_visitors_are_served_side_by_side(server: Server) -> None:
    """All of them have a request at the API before the first has an answer."""
    count = server.place.at_once
    with server.account.relay.holding_answers():
        visitors = server.enter_at_once(count)
        wait_until(lambda: len(server.account.sandbox.requests) == count)
    assert [visitor.result().status for visitor in visitors] == [200] * count


@shows("errors")
@pytest.mark.parametrize(("status", "told"), [(403, 500), (404, 404), (409, 409)], ids=str)
def test_an_error_of_the_api_is_told(server: Server, status: int, told: int) -> None:
    """As what it means to the visitor."""
    server.account.sandbox.faults.status(status, on="join")
    assert server.enter(1).status == told


@shows("errors")
def test_a_visitor_is_told_when_to_come_again(server: Server) -> None:
    """In the API's own words."""
    server.account.sandbox.faults.status(429, headers={"Retry-After": "120"}, on="join")
    answer = server.enter(1)
    assert (answer.status, answer.headers["retry-after"]) == (503, "120")


@shows("one rate", _OF_MANY_PROCESSES)
def test_processes_keep_one_rate_together(server: Server) -> None:
    """The API refuses none of the requests that they send as fast as they are let.

    There are several rounds, because one process may happen to get all visitors, and a busy machine
    may delay a request on its way by more than the pacing allows for. With a pace for each process,
    no round of several processes is without refused ones.
    """
    for first in range(0, 10 * RATE, RATE):
        if _is_paced_as_one(server, first):
            return
    pytest.fail("the API refused requests in every round, or one process served all visitors")


def _is_paced_as_one(server: Server, first: int) -> bool:
    served_before = len(server.served_by())
    server.account.sandbox.requests.clear()
    # Of new tickets in each round: to open a room and enter takes more requests than to enter.
    visitors = server.enter_at_once(RATE // 2, first=first)
    assert {visitor.result().status for visitor in visitors} == {200}
    assert len(server.account.sandbox.requests) > RATE
    processes = set(server.served_by()[served_before:])
    refused = [request for request in server.account.sandbox.requests if request.status == 429]
    return len(processes) == server.place.processes and not refused


@shows("leaves nothing")
def test_a_server_that_is_told_to_end_leaves_nothing(server: Server) -> None:
    """In time and in silence, with all connections closed."""
    assert server.enter(1).status == 200
    end = server.stop()
    assert (end.code, end.surprises) == (0, [])
    wait_until(lambda: server.account.relay.open == 0)
