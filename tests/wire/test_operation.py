"""The records of the API's operations: may a request be sent again when its answer was lost?"""

from __future__ import annotations

import pytest

from videsk_rooms._wire.operation import Operation


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_method_that_may_act_twice_says_whether_it_is_repeatable(method: str) -> None:
    """So that nobody adds a POST that is retried by mistake."""
    with pytest.raises(TypeError, match=rf"rooms\.extend is a {method}; give repeatable=True if"):
        Operation("rooms.extend", method, "/vpaas/rooms/{roomId}/extend")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_idempotent_method_is_repeatable(method: str) -> None:
    """HTTP defines it so that sending it twice has the effect of once."""
    operation = Operation("rooms.extend", method, "/vpaas/rooms")
    assert operation.request().repeatable


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_request_is_as_repeatable_as_its_operation(*, repeatable: bool) -> None:
    """The retry policy goes by the request."""
    operation = Operation("rooms.extend", "POST", "/vpaas/rooms", repeatable=repeatable)
    assert operation.request(body=b"{}").repeatable is repeatable
