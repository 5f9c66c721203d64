"""The extension of Flask."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from tests.integrations.support import IN_SPANISH, JOINING, account, in_spanish
from videsk_rooms import ConfigurationError, RateLimit, Retry, Videsk, VideskError
from videsk_rooms.integrations.flask import FlaskVidesk
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flask.typing import ResponseReturnValue

    MakeApp = Callable[[FlaskVidesk, Mapping[str, object]], Flask]


@pytest.fixture
def make_app() -> Iterator[MakeApp]:
    """Makes applications that retrieve rooms, whose clients are closed when the test is over."""
    made: list[Flask] = []

    def make(extension: FlaskVidesk, settings: Mapping[str, object]) -> Flask:
        app = Flask("shop")
        app.config.update({f"VIDESK_{key}": value for key, value in settings.items()})
        extension.init_app(app)
        made.append(app)

        @app.get("/rooms/<room>")
        def get(room: str) -> ResponseReturnValue:
            return {"name": extension.rooms.get(room).name}

        @app.post("/rooms/<room>/guests")
        def join(room: str) -> ResponseReturnValue:
            return {"accessToken": extension.rooms.join(room).access_token}

        return app

    yield make
    for app in made:
        app.extensions["videsk"].close()


@pytest.fixture
def settings(sandbox: Sandbox) -> dict[str, object]:
    """Settings for the sandbox, with one attempt a call."""
    return {**account(sandbox), "RETRY": Retry(attempts=1), "RATE_LIMIT": None}


@pytest.fixture
def path(sandbox: Sandbox) -> str:
    """Where the application has a room that is called Support."""
    return f"/rooms/{sandbox.add_room(name='Support')['id']}"


# -- the client -----------------------------------------------------------------------------------


def test_views_call_by_the_client_of_the_application(
    make_app: MakeApp, settings: dict[str, object], path: str
) -> None:
    """It is set up by the configuration, and is found where extensions are looked for."""
    extension = FlaskVidesk()
    app = make_app(extension, settings)
    assert app.test_client().get(path).get_json() == {"name": "Support"}
    with app.app_context():
        assert extension.client is app.extensions["videsk"]


def test_each_application_has_a_client_of_its_own(
    make_app: MakeApp, settings: dict[str, object], path: str
) -> None:
    """One extension may serve several, each on its account."""
    extension = FlaskVidesk()
    with Sandbox(rate=None) as elsewhere:
        here = make_app(extension, settings)
        there = make_app(extension, {**settings, **account(elsewhere)})
        assert here.test_client().get(path).status_code == 200
        assert there.test_client().get(path).status_code == 404


def test_an_extension_may_be_made_with_its_application(settings: dict[str, object]) -> None:
    """As extensions of Flask can."""
    app = Flask("shop")
    app.config.update({f"VIDESK_{key}": value for key, value in settings.items()})
    extension = FlaskVidesk(app)
    with app.app_context():
        assert isinstance(extension.client, Videsk)


def test_the_environment_names_the_account_where_no_setting_does(
    make_app: MakeApp, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """As everywhere."""
    monkeypatch.setenv("VIDESK_API_TOKEN", sandbox.api_token)
    monkeypatch.setenv("VIDESK_BASE_URL", sandbox.url)
    app = make_app(FlaskVidesk(), {"API_TOKEN": None, "BASE_URL": None})
    assert app.test_client().get(path).status_code == 200


def test_an_application_without_a_client_is_told_what_to_do() -> None:
    """It never called `init_app`."""
    with Flask("shop").app_context(), pytest.raises(ConfigurationError, match="call init_app"):
        _ = FlaskVidesk().rooms


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"TIMOUT": 3}, r"^VIDESK_TIMOUT: there is no such setting; choose from API_TOKEN, BASE_"),
        ({"TIMEOUT": "3"}, r"^VIDESK_TIMEOUT: Timeout.total='3': give seconds above 0"),
        ({"BASE_URL": "videsk"}, r"^VIDESK_BASE_URL: base_url='videsk' cannot be read; give a URL"),
        ({"RATE_LIMIT_SHARED": "here"}, r"^VIDESK_RATE_LIMIT_SHARED: RateLimit.shared cannot be"),
        ({"API_TOKEN": "a\nb"}, r"^VIDESK_API_TOKEN: api_token holds a control character"),
        (
            {"RATE_LIMIT": RateLimit(), "RATE_LIMIT_SHARED": "file:pace"},
            r"^VIDESK_RATE_LIMIT and VIDESK_RATE_LIMIT_SHARED exclude each other",
        ),
        (
            {"API_TOKEN": None},
            r"^there is no API token; give it by the setting VIDESK_API_TOKEN, or",
        ),
    ],
)
def test_a_wrong_setting_is_told_by_its_name(
    make_app: MakeApp, wrong: dict[str, Any], told: str
) -> None:
    """When the application is made, and without the token."""
    with pytest.raises(ConfigurationError, match=told) as caught:
        make_app(FlaskVidesk(), {"API_TOKEN": "a-token-of-the-tests", **wrong})
    assert "a-token-of-the-tests" not in str(caught.value)
    assert "a\nb" not in str(caught.value)


# -- errors ---------------------------------------------------------------------------------------


def test_an_error_is_answered(
    make_app: MakeApp, settings: dict[str, object], sandbox: Sandbox, path: str
) -> None:
    """With what a visitor can go by."""
    sandbox.faults.status(429, headers={"Retry-After": "120"})
    answer = make_app(FlaskVidesk(), settings).test_client().get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
    assert answer.get_json() == {"detail": "Video rooms are busy. Please try again."}


@JOINING
def test_a_join_that_is_refused_is_answered(
    make_app: MakeApp,
    settings: dict[str, object],
    sandbox: Sandbox,
    make_room: Callable[[Sandbox], str],
    answered: tuple[int, str],
) -> None:
    """As in all integrations."""
    browser = make_app(FlaskVidesk(), settings).test_client()
    answer = browser.post(f"/rooms/{make_room(sandbox)}/guests")
    assert (answer.status_code, answer.get_json()["detail"]) == answered


def test_an_application_chooses_its_answers(
    make_app: MakeApp, settings: dict[str, object], sandbox: Sandbox, path: str
) -> None:
    """By a function of its own."""
    sandbox.faults.status(403)
    app = make_app(FlaskVidesk(choose_answer=in_spanish), settings)
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.get_json()) == (500, {"detail": IN_SPANISH})


def test_an_application_may_have_a_handler_of_its_own(
    make_app: MakeApp, settings: dict[str, object], sandbox: Sandbox, path: str
) -> None:
    """Registered later, it takes the place of the extension's."""
    app = make_app(FlaskVidesk(), settings)
    app.register_error_handler(VideskError, lambda _: ("<p>Closed.</p>", 503))
    sandbox.faults.status(403)
    assert app.test_client().get(path).text == "<p>Closed.</p>"


# -- the command ----------------------------------------------------------------------------------


def test_the_command_line_works_on_the_account_of_the_application(
    make_app: MakeApp, settings: dict[str, object], path: str
) -> None:
    """With all its options, and the environment is afterwards as it was."""
    before = dict(os.environ)
    runner = make_app(FlaskVidesk(), settings).test_cli_runner()
    done = runner.invoke(args=["videsk", "rooms", "list", "--json"])
    assert done.exit_code == 0
    assert [room["name"] for room in json.loads(done.output)["data"]] == ["Support"]
    assert dict(os.environ) == before


def test_the_token_may_come_from_a_function(
    make_app: MakeApp, settings: dict[str, object], sandbox: Sandbox
) -> None:
    """Plain or awaitable, as for the client."""

    async def token() -> str:
        return sandbox.api_token

    for given in (token, lambda: sandbox.api_token):
        app = make_app(FlaskVidesk(), {**settings, "API_TOKEN": given})
        assert app.test_cli_runner().invoke(args=["videsk", "rooms", "list"]).exit_code == 0


def test_the_command_has_the_exit_codes_of_the_command_line(
    make_app: MakeApp, settings: dict[str, object]
) -> None:
    """Scripts go by them."""
    runner = make_app(FlaskVidesk(), settings).test_cli_runner()
    done = runner.invoke(args=["videsk", "rooms", "get", "64f1a2b3c4d5e6f7a8b9c0d1"])
    assert done.exit_code == 4


def test_help_is_that_of_the_command_line(make_app: MakeApp, settings: dict[str, object]) -> None:
    """All that follows `flask videsk` is handed on."""
    runner = make_app(FlaskVidesk(), settings).test_cli_runner()
    assert "Usage: videsk-rooms" in runner.invoke(args=["videsk", "--help"]).output


def test_the_command_tells_a_setting_that_was_made_wrong(
    make_app: MakeApp, settings: dict[str, object]
) -> None:
    """In a line."""
    app = make_app(FlaskVidesk(), settings)
    app.config["VIDESK_TIMEOUT"] = "3"
    done = app.test_cli_runner().invoke(args=["videsk", "doctor"])
    assert done.exit_code == 1
    assert done.output.startswith("Error: VIDESK_TIMEOUT: Timeout.total='3'")
