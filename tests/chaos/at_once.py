"""The blocking client where an awaited one is expected: its coroutines never wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from videsk_rooms import AsyncRooms, Rooms


def as_awaited(rooms: Rooms) -> AsyncRooms:
    """Make blocking methods such as can be awaited."""
    return cast("AsyncRooms", _AtOnce(rooms))


def run_at_once(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("a coroutine over blocking calls waited for something")


class _AtOnce:
    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, object]]:
        method = getattr(self._rooms, name)

        async def call(*arguments: object, **keywords: object) -> object:
            return method(*arguments, **keywords)

        return call
