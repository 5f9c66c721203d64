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
    """The outcomes of a bulk call, in order of completion.

    `create_many`, `update_many`, `delete_many` and `join_many` of `AsyncRooms` return it. While you
    ask for outcomes, items are read and their calls run, at most `concurrency` at a time. The item
    whose outcome you hold counts, so slow handling delays later items. `await` returns the iterator
    itself.

    To stop early, call `aclose()` or leave an `async with` block: the running calls are cancelled,
    and have ended when it returns. A `break` or an exception in an `async for` does the same a
    moment later, if there is no other reference to the iterator. Cancelling the task that waits for
    an outcome has the same effect.

    A call's `VideskError` is an outcome, and does not stop the others. Some errors end the
    iteration, and are raised after all running calls have ended and all outcomes were returned: an
    exception of the items' iterable; `ClosedError` and `ConfigurationError`, after which no call
    can succeed; and other exceptions, such as one of the `api_token` callable. An exception of
    `on_progress` or of the loop's body cancels the running calls.

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
        self._asked = True  # the iterator that replaces it asks for the outcomes
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
        yield  # never reached: it makes this a generator

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Cancel the running calls, wait for their end, and stop the iteration.

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
    """The outcomes of a bulk call, in order of completion, for blocking code.

    It works like `AsyncOutcomes`. The items are read in the thread that asks for outcomes. While
    their iterable blocks, calls continue, but no outcome is returned. To stop early, call
    `close()`, leave a `with` block, or `break`. None of them waits for the running calls to end.

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
        """Cancel the running calls without waiting for their end, and stop the iteration.

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
