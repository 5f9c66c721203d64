"""The application of Django: clients, checks, middleware, command."""

from __future__ import annotations

import copy
import json
import os
import pickle
import sys
import unittest
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import django
import pytest
from django.conf import settings
from django.core import checks
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import AsyncClient, Client, SimpleTestCase, override_settings

from tests.blocking.support import Thread
from tests.docs.blocks import ROOT
from tests.integrations.support import IN_SPANISH, JOINING, account, in_spanish
from tests.support import printed_by
from videsk_rooms import ClosedError, ConfigurationError, RateLimit, Retry
from videsk_rooms.integrations.django import async_videsk, videsk
from videsk_rooms.integrations.django.middleware import VideskErrorMiddleware
from videsk_rooms.integrations.django.test import SandboxMixin
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from django.http import HttpRequest

    from videsk_rooms import VideskError
    from videsk_rooms.integrations.http import HttpAnswer

settings.configure(
    ALLOWED_HOSTS=["testserver"],
    INSTALLED_APPS=["videsk_rooms.integrations.django"],
    MIDDLEWARE=["videsk_rooms.integrations.django.middleware.VideskErrorMiddleware"],
    ROOT_URLCONF="tests.integrations.urls",
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

NOBODY = "64f1a2b3c4d5e6f7a8b9c0d1"
WRONG = override_settings(VIDESK={"TIMEOUT": "3"})


@pytest.fixture(autouse=True)
def project(sandbox: Sandbox) -> Iterator[Mapping[str, object]]:
    """Have the sandbox be the account of the project; one attempt a call."""
    values = {**account(sandbox), "RETRY": Retry(attempts=1), "RATE_LIMIT": None}
    with override_settings(VIDESK=values):
        yield values


@pytest.fixture
def support(sandbox: Sandbox) -> str:
    """The id of a room that is called Support."""
    return str(sandbox.add_room(name="Support")["id"])


def visit(path: str) -> Any:
    """Ask for a page; what comes is more than type checkers read out of Django's code."""
    return Client().get(path)


def send(path: str, value: object) -> Any:
    """Post JSON to a page."""
    client: Any = Client()
    return client.post(path, json.dumps(value), content_type="application/json")


# -- the clients ----------------------------------------------------------------------------------


def test_a_view_calls(support: str) -> None:
    """By the client of the setting."""
    assert visit(f"/blocking/{support}").json() == {"name": "Support"}


async def test_an_awaited_view_calls(support: str) -> None:
    """By the awaited one."""
    answer = await AsyncClient().get(f"/awaited/{support}")
    assert json.loads(answer.content) == {"name": "Support"}


def test_an_awaited_view_calls_under_wsgi(support: str) -> None:
    """Where Django runs an event loop for each request."""
    for _ in range(2):
        assert visit(f"/awaited/{support}").json() == {"name": "Support"}


def test_threads_share_one_client(support: str) -> None:
    """Whoever comes first makes it."""
    threads = [Thread(lambda: videsk.rooms) for _ in range(8)]
    assert len({id(thread.result()) for thread in threads}) == 1


def test_a_test_may_override_the_setting(support: str, project: Mapping[str, object]) -> None:
    """The clients follow, and come back; the blocking one is closed, the connections too."""
    before = videsk.with_options()
    with Sandbox(rate=None) as elsewhere:
        with override_settings(VIDESK={**project, **account(elsewhere)}):
            assert videsk.rooms.list().total == 0
        assert videsk.rooms.list().total == 1
    with pytest.raises(ClosedError):
        before.rooms.list()


def test_another_setting_leaves_the_clients_alone() -> None:
    """Only its own is theirs."""
    before = videsk.rooms
    with override_settings(DEBUG=True):
        assert videsk.rooms is before


@pytest.mark.parametrize("client", [videsk, async_videsk], ids=["blocking", "awaited"])
def test_a_copy_stands_for_the_same_client(client: Any) -> None:
    """A pickle too, so that it is that of the process that it comes to, and holds no secret."""
    for again in (copy.copy(client), pickle.loads(pickle.dumps(client))):
        assert again.rooms is client.rooms


def test_it_shows_what_it_stands_for() -> None:
    """Without a client being made."""
    with WRONG:
        assert repr(videsk) == "<the Videsk of the setting VIDESK>"


def test_a_wrong_setting_is_told_by_the_first_call() -> None:
    """Where nobody ran the checks."""
    told = r'^VIDESK\["TIMEOUT"\]: Timeout.total'
    with WRONG, pytest.raises(ConfigurationError, match=told):
        videsk.rooms.list()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_the_clients_work_before_and_after_a_fork(sandbox: Sandbox) -> None:
    """Those that were used by the parent, in the parent and in the child."""
    program = """
import asyncio
from django.conf import settings
from tests.concurrency.forking import assert_works, in_child
from videsk_rooms.integrations.django import async_videsk, videsk

settings.configure()

def call():
    assert_works(videsk)
    assert asyncio.run(async_videsk.rooms.list(limit=1)).limit == 1

call()
in_child(call)
call()
"""
    named = {"VIDESK_API_TOKEN": sandbox.api_token, "VIDESK_BASE_URL": sandbox.url}
    printed_by("-W", "ignore:This process", "-c", program, cwd=ROOT, env=named)


# -- the checks -----------------------------------------------------------------------------------


def said() -> list[tuple[str, str, str | None]]:
    """Tell what `manage.py check` says."""
    return [(each.id, each.msg, each.hint) for each in checks.run_checks()]


def test_the_checks_pass_where_all_is_well() -> None:
    """In silence."""
    assert said() == []


def test_each_mistake_is_an_error_that_names_its_setting() -> None:
    """With what to do, and all of them at once."""
    with override_settings(VIDESK={"TIMEOUT": "3", "TOKEN": "a-token-of-the-tests"}):
        (timeout, token) = said()
    assert timeout == (
        "videsk.E001",
        "VIDESK[\"TIMEOUT\"]: Timeout.total='3': give seconds above 0, or None for no bound",
        None,
    )
    assert token[:2] == ("videsk.E001", 'VIDESK["TOKEN"]: there is no such setting')
    assert str(token[2]).startswith("choose from API_TOKEN, BASE_URL, ")


def test_settings_that_exclude_each_other_are_an_error() -> None:
    """Both are named."""
    values = {"RATE_LIMIT": RateLimit(), "RATE_LIMIT_SHARED": "file:pace"}
    with override_settings(VIDESK=values):
        ((number, text, _),) = said()
    assert number == "videsk.E001"
    assert text.startswith('VIDESK["RATE_LIMIT"] and VIDESK["RATE_LIMIT_SHARED"] exclude')


def test_a_setting_that_is_no_dictionary_is_an_error() -> None:
    """With an example of one."""
    with override_settings(VIDESK=30):
        assert said() == [
            ("videsk.E001", "VIDESK is a int", 'give a dictionary, such as {"TIMEOUT": 10.0}')
        ]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file that all can lock")
def test_the_checks_make_no_file(tmp_path: Path, project: Mapping[str, object]) -> None:
    """Whoever runs them may be another user than the server, which then could not write to it."""
    file = tmp_path / "pace"
    values = {**project, "RATE_LIMIT": RateLimit(shared=f"file:{file}")}
    with override_settings(VIDESK=values):
        assert said() == []
        assert not file.exists()
        videsk.rooms.list()
        assert file.exists()


def test_a_missing_token_is_a_warning() -> None:
    """A project is also built and checked where there is none."""
    with override_settings(VIDESK={}):
        ((number, text, hint),) = said()
    assert (number, text) == ("videsk.W001", "there is no API token")
    assert str(hint).startswith('give it by the setting VIDESK["API_TOKEN"], or in the environment')


# -- the middleware -------------------------------------------------------------------------------


def test_an_error_is_answered(sandbox: Sandbox, support: str) -> None:
    """With what a visitor can go by."""
    sandbox.faults.status(429, headers={"Retry-After": "120"})
    answer = visit(f"/blocking/{support}")
    assert (answer.status_code, answer["Retry-After"]) == (503, "120")
    assert answer.json() == {"detail": "Video rooms are busy. Please try again."}


@JOINING
def test_a_join_that_is_refused_is_answered(
    sandbox: Sandbox, make_room: Callable[[Sandbox], str], answered: tuple[int, str]
) -> None:
    """As in all integrations."""
    answer = visit(f"/joined/{make_room(sandbox)}")
    assert (answer.status_code, answer.json()["detail"]) == answered


async def test_an_error_of_an_awaited_view_is_answered() -> None:
    """By the same middleware."""
    answer = await AsyncClient().get(f"/awaited/{NOBODY}")
    assert answer.status_code == 404


def test_an_error_that_is_not_the_clients_is_left_to_django() -> None:
    """As if there were no such middleware."""
    with pytest.raises(KeyError, match="mine"):
        visit("/broken")


class InSpanish(VideskErrorMiddleware):
    """Answers with a page in Spanish."""

    def choose_answer(self, error: VideskError) -> HttpAnswer:
        return in_spanish(error)

    def respond(self, request: HttpRequest, answer: HttpAnswer) -> HttpResponse:
        return HttpResponse(f"<p>{answer.detail}</p>".encode(), status=answer.status)


def test_a_subclass_chooses_and_shapes_its_answers() -> None:
    """A page, for instance, in place of JSON."""
    with override_settings(MIDDLEWARE=[f"{__name__}.InSpanish"]):
        answer = visit(f"/blocking/{NOBODY}")
    assert (answer.status_code, answer.content.decode()) == (404, f"<p>{IN_SPANISH}</p>")


# -- the command ----------------------------------------------------------------------------------


def test_the_command_line_works_on_the_account_of_the_setting(
    support: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With all its options, and the environment is afterwards as it was."""
    before = dict(os.environ)
    call_command("videsk", "rooms", "list", "--json")
    (room,) = json.loads(capsys.readouterr().out)["data"]
    assert room["id"] == support
    assert dict(os.environ) == before


def test_plain_http_to_a_named_host_is_allowed_by_a_setting(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the views, the checks and the command; a proxy leads to the name."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("http_proxy", sandbox.url)
    named = {"API_TOKEN": sandbox.api_token, "BASE_URL": "http://sandbox.invalid"}
    with override_settings(VIDESK=named):
        (wrong,) = checks.run_checks()
        assert "VIDESK_ALLOW_HTTP=1" in str(wrong.hint)
    with override_settings(VIDESK={**named, "ALLOW_HTTP": True}):
        assert checks.run_checks() == []
        with pytest.raises(SystemExit):
            call_command("videsk", "rooms", "get", NOBODY)
    assert [request.headers["Host"] for request in sandbox.requests] == ["sandbox.invalid"]


def test_the_command_has_the_exit_codes_of_the_command_line() -> None:
    """Scripts go by them."""
    with pytest.raises(SystemExit) as caught:
        call_command("videsk", "rooms", "get", NOBODY)
    assert caught.value.code == 4


def test_help_is_that_of_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Once a command is named; `manage.py videsk --help` is Django's own."""
    call_command("videsk", "rooms", "--help")
    assert "Usage: videsk-rooms rooms" in capsys.readouterr().out


def test_the_command_tells_a_wrong_setting() -> None:
    """In a line."""
    with WRONG, pytest.raises(CommandError, match=r'^VIDESK\["TIMEOUT"\]: Timeout.total'):
        call_command("videsk", "doctor")


# -- test cases -----------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", [{"TIMEOUT": 3.0, "RATE_LIMIT_SHARED": "file:pace"}, None])
def test_a_test_case_has_the_views_use_its_sandbox(setting: Mapping[str, object] | None) -> None:
    """While its tests run; what else the setting says stays."""

    class Case(SandboxMixin, SimpleTestCase):  # type: ignore[misc]  # Django ships no types
        def test_blocking(self) -> None:
            room = self.videsk.rooms.create(name="Support")
            assert visit(f"/blocking/{room.id}").json() == {"name": "Support"}
            assert settings.VIDESK.get("TIMEOUT") == (setting or {}).get("TIMEOUT")

        async def test_awaited(self) -> None:
            room = await self.async_videsk.rooms.create(name="Support")
            answer = await AsyncClient().get(f"/awaited/{room.id}")
            assert json.loads(answer.content) == {"name": "Support"}

    before = {} if setting is None else setting
    with override_settings(VIDESK=before):
        result = unittest.TestResult()
        unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
        assert before is settings.VIDESK
    assert (result.errors, result.failures, result.testsRun) == ([], [], 2)


# -- Django REST framework ------------------------------------------------------------------------


def test_a_view_of_rest_framework_returns_a_room(support: str) -> None:
    """As `to_dict` gives it: the API's names, no token."""
    room = visit(f"/rest/rooms/{support}").json()
    assert (room["id"], room["name"]) == (support, "Support")
    assert room["exp"].endswith("Z")
    assert "accessToken" not in room


def test_a_serializer_shows_rooms_and_checks_what_was_sent(sandbox: Sandbox, support: str) -> None:
    """By the fields that it names; a page is a list to it."""
    sent = {"name": "Check-up", "exp": (sandbox.now + timedelta(hours=1)).isoformat()}
    made = send("/rest/rooms", sent).json()
    assert (made["name"], made["is_over"]) == ("Check-up", False)
    refused = send("/rest/rooms", {})
    assert (refused.status_code, refused.json()) == (400, {"name": ["This field is required."]})
    shown = visit("/rest/rooms").json()
    assert {room["id"] for room in shown} == {support, made["id"]}
    assert all(room.keys() == {"id", "name", "exp", "is_over"} for room in shown)


def test_rest_framework_has_no_json_of_a_room_itself(support: str) -> None:
    """Which would be the way for a token to get out unseen."""
    with pytest.raises(TypeError, match="EnterableRoom is not JSON serializable"):
        visit(f"/rest/itself/{support}")


def test_errors_of_a_view_of_rest_framework_are_answered_by_the_middleware() -> None:
    """As those of any other view."""
    assert visit(f"/rest/rooms/{NOBODY}").status_code == 404
