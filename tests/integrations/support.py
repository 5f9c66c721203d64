"""What the tests of all frameworks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from videsk_rooms.integrations.http import HttpAnswer, http_answer

if TYPE_CHECKING:
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
