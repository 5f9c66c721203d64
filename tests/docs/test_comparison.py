"""docs/comparison.md: every cell is what the client of its column was seen to do.

What a row of the first table is about is observed here, by a function for each. The figures of the
second are those of docs/performance.md, in every language.
"""

from __future__ import annotations

import importlib
import pickle
import re
from contextlib import contextmanager, suppress
from functools import partial
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

import pytest

from videsk_rooms import Videsk
from videsk_rooms.sandbox import Sandbox

from .blocks import DOCS
from .rivals import PAGE_SIZE, RIVALS, Rival

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.any_python("the page compares the newest packages"),
    pytest.mark.usefixtures("generated_rooms"),
]

_MISSING = "64f1a2b3c4d5e6f7a8b9c0d1"
_PAGES = sorted(DOCS.glob("comparison*.md"))


def _tables(page: Path) -> list[list[list[str]]]:
    """Read the tables of a page, row by row, without the lines under their heads."""
    blocks = re.findall(r"(?m)(?:^\|.*\n)+", page.read_text(encoding="utf-8"))
    tables = [
        [[cell.strip() for cell in row.strip("|").split("|")] for row in block.splitlines()]
        for block in blocks
    ]
    return [[head, *rows] for head, _, *rows in tables]


@contextmanager
def _client(kind: type[Rival], sandbox: Sandbox, **options: Any) -> Iterator[Rival]:
    client = kind(sandbox.url, sandbox.api_token, **options)
    try:
        yield client
    finally:
        client.close()


# -- what is observed -----------------------------------------------------------------------------


def _with_a_lost_answer(kind: type[Rival], sandbox: Sandbox, **options: Any) -> str:
    sandbox.faults.drop("after", on="create")
    known = True
    with _client(kind, sandbox, **options) as client:
        try:
            client.create(name="Support")
        except Exception:
            known = False
    return {
        (True, 1): "one room",
        (True, 2): "two rooms",
        (False, 1): "error",
    }[known, len(sandbox.rooms)]


def lost_answer(kind: type[Rival], sandbox: Sandbox, _: Path) -> str:
    return _with_a_lost_answer(kind, sandbox)


def lost_answer_with_retries(kind: type[Rival], sandbox: Sandbox, _: Path) -> str:
    if not kind.setting:
        return "none"
    seen = _with_a_lost_answer(kind, sandbox, retrying=True)
    return f"{kind.setting}: {seen}"


def lost_answer_of_a_named_room(kind: type[Rival], sandbox: Sandbox, _: Path) -> str:
    sandbox.faults.drop("after", on="create")
    with _client(kind, sandbox, retrying=True) as client:
        try:
            client.create(name="Support", external_id="ticket-1")
        except Exception:
            told = sandbox.requests[-1].status
            return "error" if told is None else str(told)
    assert len(sandbox.rooms) == 1
    return "one room"


def _gets_through(
    kind: type[Rival], sandbox: Sandbox, fail: Callable[[], None], **options: Any
) -> bool:
    room_id = str(sandbox.add_room()["id"])
    fail()
    with _client(kind, sandbox, **options) as client, suppress(Exception):
        client.get(room_id)
        return True
    return False


def _tried_again(kind: type[Rival], sandbox: Sandbox, fail: Callable[[], None]) -> str:
    if _gets_through(kind, sandbox, fail):
        return "yes"
    if kind.setting and _gets_through(kind, sandbox, fail, retrying=True):
        return kind.setting
    return "no"


def tried_again_after_429(kind: type[Rival], sandbox: Sandbox, _: Path) -> str:
    return _tried_again(kind, sandbox, partial(sandbox.faults.status, 429))


def tried_again_after_503(kind: type[Rival], sandbox: Sandbox, _: Path) -> str:
    return _tried_again(kind, sandbox, partial(sandbox.faults.status, 503))


def tried_again_after_a_lost_read(kind: type[Rival], sandbox: Sandbox, _: Path) -> str:
    return _tried_again(kind, sandbox, partial(sandbox.faults.drop, "after"))


def _keep_to_a_limit(kind: type[Rival], clients: int, shared: str) -> str:
    """Call until somebody is told 429, or often enough to see that nobody will be."""
    with Sandbox(rate=2) as limited:
        room_id = str(limited.add_room()["id"])
        opened = [kind(limited.url, limited.api_token, shared=shared) for _ in range(clients)]
        for turn in range(4 if kind is RIVALS[0] else 50):
            with suppress(Exception):
                opened[turn % clients].get(room_id)
            if limited.requests[-1].status == 429:
                break
        for client in opened:
            client.close()
        return "no" if 429 in {request.status for request in limited.requests} else "yes"


def limit_of_a_client(kind: type[Rival], _: Sandbox, __: Path) -> str:
    return _keep_to_a_limit(kind, 1, "")


def limit_among_processes(kind: type[Rival], _: Sandbox, folder: Path) -> str:
    """Two clients stand for two processes: they have nothing in common but the file."""
    return _keep_to_a_limit(kind, 2, str(folder / "pacing"))


def passed_over(kind: type[Rival], _: Sandbox, __: Path) -> str:
    """Take a room of the first page out of the listing when that page has been read."""
    read = []
    with (
        Sandbox(rate=None, deletion=True) as sandbox,
        Videsk(sandbox.api_token, base_url=sandbox.url, rate_limit=None) as other,
        _client(kind, sandbox) as client,
    ):
        ids = sandbox.add_rooms(PAGE_SIZE + 20)
        for room_id in client.ids():
            read.append(room_id)
            if len(read) == PAGE_SIZE:
                other.rooms.delete(read[0])
    lacking = set(ids) - set(read)
    return {0: "none", 1: "one"}[len(lacking)]


def faces(kind: type[Rival], sandbox: Sandbox, _: Path) -> str:
    with _client(kind, sandbox) as client:
        awaited = {iscoroutinefunction(function) for function in client.faces()}
    return " and ".join(
        word for word, there in (("async", True), ("blocking", False)) if there in awaited
    )


def what_comes_back(kind: type[Rival], sandbox: Sandbox, _: Path) -> str:
    with _client(kind, sandbox) as client:
        return "`dict`" if isinstance(client.create(name="Support"), dict) else "typed models"


def refusal_is_raised(kind: type[Rival], sandbox: Sandbox, _: Path) -> str:
    with _client(kind, sandbox) as client:
        return client.outcome_of_a_missing_room(_MISSING)


def where_the_token_shows(kind: type[Rival], sandbox: Sandbox, _: Path) -> str:
    token = sandbox.api_token
    with _client(kind, sandbox) as client:
        shown = repr(client.client)
        with pytest.raises(Exception) as raised:  # noqa: PT011  # each has its own
            client.get(_MISSING)
    if token in shown:
        return "the client's `repr`"
    if token in repr(raised.value):
        return "an error's `repr`"
    return "an error's pickle" if token.encode() in pickle.dumps(raised.value) else "nothing"


def what_tests_run_against(kind: type[Rival], _: Sandbox, __: Path) -> str:
    """The names are found where they are said to be."""
    module, name, told = {
        "videsk_rooms": ("videsk_rooms.sandbox", "Sandbox", "`Sandbox`, with the API's rules"),
        "requests": ("requests", "", "third-party mocks"),
        "httpx": ("httpx", "MockTransport", "`MockTransport`"),
        "aiohttp": ("aiohttp.test_utils", "TestServer", "`TestServer`"),
        "generated": ("httpx", "MockTransport", "`MockTransport`"),
    }[kind.name]
    assert not name or hasattr(importlib.import_module(module), name)
    return told


OBSERVED: dict[str, Callable[[type[Rival], Sandbox, Path], str]] = {
    "response to a create lost": lost_answer,
    "… with its retry option": lost_answer_with_retries,
    "… and an `externalId`": lost_answer_of_a_named_room,
    "retries a read whose response is lost": tried_again_after_a_lost_read,
    "… a read after 503": tried_again_after_503,
    "… after 429": tried_again_after_429,
    "keeps the rate limit": limit_of_a_client,
    "… across processes": limit_among_processes,
    "rooms missed by pagination, if one leaves the list": passed_over,
    "interface": faces,
    "returns": what_comes_back,
    "raises error statuses": refusal_is_raised,
    "API token visible in": where_the_token_shows,
    "test double": what_tests_run_against,
}


def _row(title: str) -> dict[str, str]:
    head, *rows = _tables(DOCS / "comparison.md")[0]
    (cells,) = [row[1:] for row in rows if row[0] == title]
    return dict(zip(head[1:], cells, strict=True))


@pytest.mark.parametrize("kind", RIVALS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("title", OBSERVED)
def test_a_cell_is_what_was_observed(
    title: str, kind: type[Rival], sandbox: Sandbox, tmp_path: Path
) -> None:
    """Nothing is said of a client that it was not seen to do."""
    assert _row(title)[kind.name] == OBSERVED[title](kind, sandbox, tmp_path)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_row_is_observed(page: Path) -> None:
    """No row is mere talk, and none is missing from a translation."""
    behaviour = _tables(page)[0]
    assert {len(row) for row in behaviour} == {1 + len(RIVALS)}
    assert len(behaviour) == 1 + len(OBSERVED)
    if page.name == "comparison.md":
        assert [row[0] for row in behaviour[1:]] == list(OBSERVED)


# -- figures --------------------------------------------------------------------------------------

# The table of docs/performance.md that a row is from, and the name of each client's row in it.
_AWAITED = {
    "videsk_rooms": "AsyncVidesk",
    "httpx": "httpx.AsyncClient + json",
    "aiohttp": "aiohttp + json",
    "generated": "openapi-python-client",
}
_BLOCKING = {
    "videsk_rooms": "Videsk",
    "requests": "requests.Session + json",
    "httpx": "httpx.Client + json",
}
_FIGURES = (
    ("get of a room, awaited", _AWAITED),
    ("get of a room, awaited, 64 tasks at once", _AWAITED),
    ("list of 100 rooms, awaited", _AWAITED),
    ("get of a room, blocking", _BLOCKING),
    ("get of a room, blocking, 16 threads", _BLOCKING),
    (
        "import, fresh interpreters",
        {
            "videsk_rooms": "from videsk_rooms import AsyncVidesk",
            "requests": "import requests",
            "httpx": "import httpx",
            "aiohttp": "import aiohttp",
        },
    ),
    (
        "one more client: the process (resident), thread and TLS context included",
        {
            "videsk_rooms": "Videsk",
            "requests": "requests.Session",
            "httpx": "httpx.Client",
            "aiohttp": "aiohttp.ClientSession",
        },
    ),
)


def _measured(title: str) -> dict[str, str]:
    """Read the first column of figures of a table, by the names of its rows."""
    performance = (DOCS / "performance.md").read_text(encoding="utf-8")
    table = performance.partition(f"\n**{title}**\n\n")[2].partition("\n\n")[0]
    assert table, f"docs/performance.md has no table {title!r}"
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    return {row[0]: row[1] for row in rows[2:]}


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_the_figures_are_those_that_were_measured(page: Path) -> None:
    """Whoever measures anew changes both pages."""
    head, *rows = _tables(page)[1]
    for row, (title, names) in zip(rows, _FIGURES, strict=True):
        measured = _measured(title)
        expected = {name: measured.get(label, "") for name, label in names.items()}
        told = {name: cell for name, cell in zip(head[1:], row[1:], strict=True) if cell}
        assert told == {name: figure for name, figure in expected.items() if figure}, row[0]
