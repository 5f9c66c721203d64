"""Derives methods that return an `Answer`: the value, and the last response beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from videsk_rooms._wire.message import Answer, Response

from .derived import derived

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .derived import DerivedMethod

P = ParamSpec("P")
R = TypeVar("R")


def answering(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> DerivedMethod[Coroutine[Any, Any, Answer[R]], P]:
    """Derive a method that returns an `Answer` from one that returns the value alone."""

    async def call(self: Any, *arguments: P.args, **keywords: P.kwargs) -> Answer[R]:
        responses: list[Response] = []
        value = await method(self._noting(responses.append), *arguments, **keywords)
        return Answer(value, responses[-1])

    returns = f"Answer[{method.__annotations__['return']}]"
    made = derived(call, method, returns=returns, awaited=True)
    return cast("DerivedMethod[Coroutine[Any, Any, Answer[R]], P]", made)
