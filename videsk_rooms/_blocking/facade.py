"""Derives blocking methods from coroutine methods (docs/decisions/0001-derived-blocking-client.md).

`blocking`, `blocking_iterator` and `blocking_bulk` take an awaited method and return a blocking one
of the same signature, by `ParamSpec`, which runs on the client's `Portal`.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
    get_args,
)

from videsk_rooms._operations.bulk_iterators import Outcomes
from videsk_rooms._operations.derived import DerivedMethod, derived, hint_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence

    from videsk_rooms._operations.bulk_iterators import AsyncOutcomes

    from .portal import Portal

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


class BlockingResource(Protocol):
    """A blocking object: it has a portal and the awaited object whose methods it runs."""

    @property
    def _portal(self) -> Portal: ...

    @property
    def _async(self) -> Any: ...


def blocking(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> DerivedMethod[R, P]:
    """Derive a blocking method from a coroutine method: same name, types and docstring."""

    def call(self: BlockingResource, *arguments: P.args, **keywords: P.kwargs) -> R:
        return self._portal.call(method, self._async, *arguments, **keywords)

    return cast("DerivedMethod[R, P]", derived(call, method))


def blocking_iterator(
    method: Callable[Concatenate[Any, P], AsyncGenerator[T, None]],
    batches: Callable[..., AsyncGenerator[Sequence[T], None]],
) -> DerivedMethod[Generator[T, None, None], P]:
    """Derive a blocking iterator from an asynchronous one, and from one over its batches."""

    def call(
        self: BlockingResource, *arguments: P.args, **keywords: P.kwargs
    ) -> Generator[T, None, None]:
        return self._portal.iterate(batches(self._async, *arguments, **keywords))

    kind: Any = Generator  # its first argument is known at run time only
    item = get_args(hint_of(method))[0]
    made = derived(call, method, returns=kind[item, None, None])
    return cast("DerivedMethod[Generator[T, None, None], P]", made)


def blocking_bulk(
    method: Callable[Concatenate[Any, P], AsyncOutcomes[T, R]],
) -> DerivedMethod[Outcomes[T, R], P]:
    """Derive a blocking bulk method from an asynchronous one."""

    def call(self: BlockingResource, *arguments: P.args, **keywords: P.kwargs) -> Outcomes[T, R]:
        bulk = method(self._async, *arguments, **keywords)._for_a_thread()
        return Outcomes(method.__name__, self._portal.run_bulk(bulk))

    kind: Any = Outcomes  # its arguments are known at run time only
    made = derived(call, method, returns=kind[get_args(hint_of(method))])
    return cast("DerivedMethod[Outcomes[T, R], P]", made)
