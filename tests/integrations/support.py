"""What the tests of all frameworks share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from videsk_rooms.integrations.http import HttpAnswer, http_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms import VideskError
    from videsk_rooms.sandbox import Sandbox

IN_SPANISH = "Las salas de video no funcionan."


def in_spanish(error: VideskError) -> HttpAnswer:
    """Tell visitors in Spanish, as an application of ours would."""
    answer = http_answer(error)
    return HttpAnswer(answer.status, IN_SPANISH, answer.headers)


def account(sandbox: Sandbox) -> dict[str, object]:
    """Tell an integration's settings of a sandbox."""
    return {"API_TOKEN": sandbox.api_token, "BASE_URL": sandbox.url}


# -- rooms that let nobody in ---------------------------------------------------------------------

HOUR = timedelta(hours=1)
OVER, UNOPENED = (410, "The room is over."), (409, "The room is not open yet.")
MISSING, BROKEN = (404, "There is no such room."), (500, "Video rooms are out of order.")
CHANGED = (409, "The room was changed by somebody else.")


def _expired(sandbox: Sandbox) -> str:
    return _id(sandbox, nbf=sandbox.now - 2 * HOUR, exp=sandbox.now - HOUR)


def _early(sandbox: Sandbox) -> str:
    return _id(sandbox, nbf=sandbox.now + HOUR, exp=sandbox.now + 2 * HOUR)


def _nowhere(sandbox: Sandbox) -> str:
    return "64f1a2b3c4d5e6f7a8b9c0d1"


def _refusing(status: int, message: str | None = None) -> Callable[[Sandbox], str]:
    def room(sandbox: Sandbox) -> str:
        sandbox.faults.status(status, message=message, on="join")
        return _id(sandbox)

    return room


def _id(sandbox: Sandbox, **fields: object) -> str:
    return str(sandbox.add_room(name="Support", **fields)["id"])  # type: ignore[arg-type]  # any field


# What an application that joins a room answers: all integrations alike. docs/api.md, "Operations",
# leaves open with which status the API refuses a join.
JOINING = pytest.mark.parametrize(
    ("make_room", "answered"),
    [
        pytest.param(_expired, OVER, id="expired"),
        pytest.param(_early, UNOPENED, id="not open yet"),
        pytest.param(_nowhere, MISSING, id="not there"),
        *(
            pytest.param(_refusing(status, words), answered, id=f"{status} {words}")
            for words, answered in (
                ("The room has ended", OVER),
                ("Room expired", OVER),
                ("Room not active", UNOPENED),
                ("It is too early to join", UNOPENED),
            )
            for status in (400, 403, 404, 409, 410, 422)
        ),
        pytest.param(_refusing(410), OVER, id="410"),
        pytest.param(_refusing(404), MISSING, id="404"),
        pytest.param(_refusing(409), CHANGED, id="409"),
        pytest.param(_refusing(400), BROKEN, id="400"),
        pytest.param(_refusing(403), BROKEN, id="403"),
        pytest.param(
            _refusing(
                403, "You don't have access to /vpaas/rooms. Please contact to your administrator."
            ),
            BROKEN,
            id="403 no rights",
        ),
        pytest.param(_refusing(401, "jwt expired"), BROKEN, id="401 jwt expired"),
    ],
)
