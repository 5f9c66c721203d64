"""Derives blocking methods from coroutine methods (docs/decisions/0001-derived-blocking-client.md).

`blocking`, `blocking_iterator` and `blocking_bulk` take an awaited method and return a blocking one
of the same signature, by `ParamSpec`, which runs on the client's `Portal`.
"""

from __future__ import annotations

import functools
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

from videsk_rooms._operations.bulk_iterators import Outcomes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

    from typing_extensions import Self

    from videsk_rooms._operations.bulk_iterators import AsyncOutcomes
    from videsk_rooms._operations.pagination import Batches

    from .portal import Portal

P = ParamSpec("P")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")


class BlockingResource(Protocol):
    """A blocking object: it has a portal and the awaited object whose methods it runs."""

    @property
    def _portal(self) -> Portal: ...

    @property
    def _async(self) -> Any: ...


class BlockingMethod(Protocol[P, R_co]):
    """The type of a derived method.

    A descriptor, because not every type checker binds a bare `Callable` to its instance.
    """

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Callable[P, R_co]: ...


def blocking(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> BlockingMethod[P, R]:
    """Derive a blocking method from a coroutine method: same name, types and docstring."""

    @functools.wraps(method)
    def call(self: BlockingResource, *arguments: P.args, **keywords: P.kwargs) -> R:
        return self._portal.call(method, self._async, *arguments, **keywords)

    return cast("BlockingMethod[P, R]", call)


def blocking_iterator(
    method: Callable[Concatenate[Any, P], AsyncGenerator[T, None]],
) -> BlockingMethod[P, Generator[T, None, None]]:
    """Derive a blocking iterator from an asynchronous one."""

    @functools.wraps(method)
    def call(
        self: BlockingResource, *arguments: P.args, **keywords: P.kwargs
    ) -> Generator[T, None, None]:
        batches = cast("Batches[T]", method(self._async, *arguments, **keywords))
        return self._portal.iterate(batches)

    return cast("BlockingMethod[P, Generator[T, None, None]]", call)


def blocking_bulk(
    method: Callable[Concatenate[Any, P], AsyncOutcomes[T, R]],
) -> BlockingMethod[P, Outcomes[T, R]]:
    """Derive a blocking bulk method from an asynchronous one."""

    @functools.wraps(method)
    def call(self: BlockingResource, *arguments: P.args, **keywords: P.kwargs) -> Outcomes[T, R]:
        bulk = method(self._async, *arguments, **keywords)._for_a_thread()
        return Outcomes(bulk.operation, self._portal.run_bulk(bulk))

    return cast("BlockingMethod[P, Outcomes[T, R]]", call)
