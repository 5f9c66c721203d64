"""Derives methods that return an `Answer`: the value, and the last response beside it."""

from __future__ import annotations

from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
    overload,
)

from videsk_rooms._wire.message import Answer, Response

from .derived import derived

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

__all__ = ["AnsweringMethod", "answering"]


class AnsweringMethod(Protocol[P, R_co]):
    """The type of a derived method: of the class a function, of an object a method."""

    @overload
    def __get__(
        self, instance: None, owner: type
    ) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, Answer[R_co]]]: ...

    @overload
    def __get__(
        self, instance: object, owner: type
    ) -> Callable[P, Coroutine[Any, Any, Answer[R_co]]]: ...


def answering(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> AnsweringMethod[P, R]:
    """Derive a method that returns an `Answer` from one that returns the value alone."""

    async def call(self: Any, *arguments: P.args, **keywords: P.kwargs) -> Answer[R]:
        responses: list[Response] = []
        value = await method(self._noting(responses.append), *arguments, **keywords)
        return Answer(value, responses[-1])

    returns = f"Answer[{method.__annotations__['return']}]"
    return cast("AnsweringMethod[P, R]", derived(call, method, returns=returns, awaited=True))
