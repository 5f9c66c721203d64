"""The stock of access tokens, for blocking code."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Final, NoReturn, ParamSpec, cast

from videsk_rooms._operations.access_stock import NOT_PICKLED, AsyncAccessStock
from videsk_rooms._operations.derived import derived
from videsk_rooms.errors import ClosedError

from .facade import blocking

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self

    from videsk_rooms._operations.derived import DerivedMethod

    from .facade import BlockingResource
    from .portal import Portal

P = ParamSpec("P")

__all__ = ["AccessStock"]


class AccessStock:
    """Access tokens of one room, issued ahead in the background, each handed out once.

    Like `AsyncAccessStock`, for blocking code. `Rooms.access_stock` makes it. It is filled while
    its `with` block runs, and many threads may take from it.

    Example:
        ```python
        with Videsk() as videsk:
            room = videsk.rooms.create(name="Class at nine")
            with videsk.rooms.access_stock(room, size=5) as stock:
                access = stock.take()
        ```
    """

    def __init__(self, portal: Portal, stock: AsyncAccessStock) -> None:
        self._portal = portal
        self._async = stock

    def __reduce__(self) -> NoReturn:
        raise TypeError(NOT_PICKLED)

    def __repr__(self) -> str:
        return repr(self._async).removeprefix("Async")

    @property
    def size(self) -> int:
        """How many tokens it holds when it is full."""
        return self._async.size

    @property
    def level(self) -> int:
        """How many tokens can be taken without a request."""
        return self._async.level

    take: Final = blocking(AsyncAccessStock.take)

    def __enter__(self) -> Self:
        try:
            self._portal.call(self._async.__aenter__)
        except BaseException:  # such as Ctrl-C, when the loop has begun to fill it
            self._close_in_background()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        try:
            self._portal.call(self._async.__aexit__, *exc_info)
        except ClosedError:
            self._async._end()  # the client is closed, and the filling task ended with the loop
        except BaseException:
            self._close_in_background()
            raise

    def _close_in_background(self) -> None:
        self._portal.call_in_background(partial(self._async.__aexit__, None, None, None))


def blocking_stock(
    method: Callable[Concatenate[Any, P], AsyncAccessStock],
) -> DerivedMethod[AccessStock, P]:
    """Derive a method that makes a stock from one that makes an awaited stock."""

    def call(self: BlockingResource, *arguments: P.args, **keywords: P.kwargs) -> AccessStock:
        return AccessStock(self._portal, method(self._async, *arguments, **keywords))

    return cast("DerivedMethod[AccessStock, P]", derived(call, method, returns=AccessStock))
