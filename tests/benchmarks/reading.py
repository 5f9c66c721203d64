"""The section of reading all rooms, page by page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .clients import ROOMS_PATH, json_packages
from .measure import AsyncCall, Effort, in_a_row_awaited, in_turns_awaited
from .payloads import PAGE_SIZE, ROOMS
from .peers import awaited_peers
from .pydantic_models import PydanticPage
from .tables import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    import aiohttp

    from videsk_rooms import AsyncVidesk

    PageReader: TypeAlias = Callable[[bytes], tuple[int, Sequence[object]]]
    """Reads of a page how many rooms there are in all, and its own."""


async def iter_(url: str, effort: Effort) -> Table:
    """Read all rooms."""
    plain = {name: _plain_page(package.read) for name, package in json_packages().items()}
    readers = {**plain, "pydantic models": _pydantic_page}
    async with awaited_peers(url) as peers:
        calls: dict[str, AsyncCall] = {
            "AsyncVidesk": lambda: _by_iter(peers.videsk),
            **{
                f"aiohttp + {name}": _by_aiohttp(peers.aiohttp, url, read)
                for name, read in readers.items()
            },
        }
        runs = {name: in_a_row_awaited(call) for name, call in calls.items()}
        whole = await in_turns_awaited(runs, effort)
    timings = {name: [seconds / ROOMS for seconds in rounds] for name, rounds in whole.items()}
    title = f"iter over {ROOMS:,} rooms, awaited, {PAGE_SIZE} a page"
    return Table.of("iter", title, "rooms/s", timings, {})


async def _by_iter(videsk: AsyncVidesk) -> Sequence[object]:
    return _all_of([room async for room in videsk.rooms.iter(page_size=PAGE_SIZE)])


def _by_aiohttp(session: aiohttp.ClientSession, url: str, read: PageReader) -> AsyncCall:
    async def call() -> object:
        rooms: list[object] = []
        total = 1
        while len(rooms) < total:
            page = f"{url}{ROOMS_PATH}?$limit={PAGE_SIZE}&$skip={len(rooms)}"
            async with session.get(page) as response:
                total, more = read(await response.read())
            rooms += more
        return _all_of(rooms)

    return call


def _plain_page(read: Callable[[bytes], Any]) -> PageReader:
    def page(body: bytes) -> tuple[int, Sequence[object]]:
        plain = read(body)
        return plain["total"], plain["data"]

    return page


def _pydantic_page(body: bytes) -> tuple[int, Sequence[object]]:
    page = PydanticPage.model_validate_json(body)
    return page.total, page.data


def _all_of(rooms: Sequence[object]) -> Sequence[object]:
    assert len(rooms) == ROOMS, len(rooms)  # whoever reads less is not to be called fast
    return rooms
