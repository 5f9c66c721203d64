"""The records of the API's operations: may a request be sent again when its answer was lost?"""

from __future__ import annotations

import pytest

from videsk_rooms._wire.operation import Operation


def test_a_record_says_whether_its_request_is_repeatable() -> None:
    """So that nobody adds a POST that is retried by mistake."""
    with pytest.raises(TypeError, match="repeatable"):
        Operation("rooms.extend", "POST", "/vpaas/rooms/{roomId}/extend")  # type: ignore[call-arg]  # wrong on purpose


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_request_is_as_repeatable_as_its_operation(*, repeatable: bool) -> None:
    """The retry policy goes by the request."""
    operation = Operation("rooms.extend", "POST", "/vpaas/rooms", repeatable=repeatable)
    assert operation.request(body=b"{}").repeatable is repeatable
