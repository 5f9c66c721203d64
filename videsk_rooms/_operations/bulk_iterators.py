"""The iterators over the outcomes of many calls, awaited and blocking."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from .outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from typing_extensions import Self

    from .bulk import Bulk

__all__ = ["AsyncOutcomes", "Outcomes"]

Item_co = TypeVar("Item_co", covariant=True)
Value_co = TypeVar("Value_co", covariant=True)


class _Forgettable:
    """Warns if it is collected before it was iterated: then no call was made."""

    _asked = True
    _operation = ""

    # Bound here: as the interpreter ends, a module's names may be gone before its objects are.
    def __del__(self, warn: Callable[..., None] = warnings.warn) -> None:
        if not self._asked:
            warn(
                f"{self._operation} was never iterated, so nothing was sent: it does its work "
                "while its outcomes are asked for",
                RuntimeWarning,
                stacklevel=2,
            )


class AsyncOutcomes(_Forgettable, AsyncIterator[Outcome[Item_co, Value_co]]):
    """The outcomes of many calls, in the order in which they come.

    Made by `create_many`, `update_many`, `delete_many` and `join_many` of `AsyncRooms`. Items are
    read, and calls begin, while outcomes are asked for: of as many items as `concurrency` says at
    most, the outcome in your hands included, so that whoever takes long over one holds up all that
    follow. `await` gives back the iterator itself.

    Leave early by `aclose()`, or at the end of `async with`: the running calls are cancelled,
    and have ended when it returns. A `break` or an exception in an `async for` over an
    iterator that nobody else refers to does the same a moment later. Cancelled while it waits for
    an outcome, it ends likewise.

    Each failure that is a `VideskError` is an outcome, and stops nothing else. What ends it all is
    raised once no call is running and every outcome was given out: what the iterable of the items
    raises; `ClosedError` and `ConfigurationError`, after which no call can succeed; and what is no
    `VideskError`, such as an exception of the callable that was given as `api_token`. What
    `on_progress` raises, or the body of the loop, cancels the running calls.

    Example:
        ```python
        async with videsk.rooms.create_many([{"name": "Ana"}, {"name": "Luis"}]) as outcomes:
            async for outcome in outcomes:
                if not outcome.ok:
                    break
        ```
    """

    def __init__(self, operation: str, bulk: Bulk[Item_co, Value_co]) -> None:
        self._operation = operation
        self._asked = False
        self._bulk = bulk
        self._generator = bulk.given_out()

    def _for_a_thread(self) -> Bulk[Item_co, Value_co]:
        self._asked = True  # by whoever gives out the outcomes in its place
        self._bulk.plain_items()
        return self._bulk

    def __aiter__(self) -> Self:
        self._asked = True
        return self

    def __anext__(self) -> Awaitable[Outcome[Item_co, Value_co]]:
        self._asked = True
        return self._generator.__anext__()

    def __await__(self) -> Generator[Any, None, Self]:
        return self
        yield  # never reached: it makes a generator of this

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Cancel the running calls, and wait for their end; ask for no more outcomes.

        Example:
            ```python
            outcomes = videsk.rooms.create_many([{"name": "Ana"}, {"name": "Luis"}])
            first = await anext(outcomes)
            await outcomes.aclose()
            ```
        """
        self._asked = True
        await self._generator.aclose()


class Outcomes(_Forgettable, Iterator[Outcome[Item_co, Value_co]]):
    """The outcomes of many calls, in the order in which they come, for blocking code.

    As `AsyncOutcomes`. The items are read in the thread that asks for outcomes: while their
    iterable blocks, calls go on and no outcome is given out. Leave early by `close()`, at the end
    of `with`, or by `break`; none of them waits until the running calls have ended.

    Example:
        ```python
        with Videsk() as videsk:
            for outcome in videsk.rooms.create_many([{"name": "Ana"}, {"name": "Luis"}]):
                print(outcome.index, outcome.error or outcome.result().id)
        ```
    """

    def __init__(
        self, operation: str, generator: Generator[Outcome[Item_co, Value_co], None, None]
    ) -> None:
        self._operation = operation
        self._asked = False
        self._generator = generator

    def __iter__(self) -> Iterator[Outcome[Item_co, Value_co]]:  # noqa: PYI034 - the next line says why
        # Not this object: a warning about the loop that waits is to name the line of the `for`.
        self._asked = True
        return self._generator

    def __next__(self) -> Outcome[Item_co, Value_co]:
        self._asked = True
        return next(self._generator)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Cancel the running calls, without waiting for their end; ask for no more outcomes.

        Example:
            ```python
            with Videsk() as videsk:
                outcomes = videsk.rooms.create_many([{"name": "Ana"}, {"name": "Luis"}])
                first = next(outcomes)
                outcomes.close()
            ```
        """
        self._asked = True
        self._generator.close()
