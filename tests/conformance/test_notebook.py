"""Notebooks: the cells of the guide, run by nbclient."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import DOCS, blocks_of
from tests.waiting import wait_until

from .account import opened
from .notebook import Notebook

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCKING, AWAITED = "notebook", "notebook, awaited"


def shows(what: str, *, blocking: object, awaited: object) -> pytest.MarkDecorator:
    """Have a test show something of both clients, given what differs between them."""
    return pytest.mark.parametrize(
        "given",
        [
            pytest.param(blocking, id=BLOCKING, marks=pytest.mark.shows(place=BLOCKING, what=what)),
            pytest.param(awaited, id=AWAITED, marks=pytest.mark.shows(place=AWAITED, what=what)),
        ],
    )


@pytest.fixture(scope="module")
def kept_notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """One notebook for all tests: a kernel takes a while to start."""
    with opened() as account:
        notebook = Notebook(account, tmp_path_factory.mktemp("notebook"))
        yield notebook
        notebook.close()


@pytest.fixture
def notebook(kept_notebook: Notebook) -> Notebook:
    """The notebook with its clients made, and nothing in the sandbox's log."""
    shown = kept_notebook.run(
        "import asyncio\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from videsk_rooms import AsyncVidesk, Videsk\n"
        "blocking, awaited = Videsk(), AsyncVidesk()"
    )
    assert shown == []
    kept_notebook.account.sandbox.requests.clear()
    return kept_notebook


def _cells_of_the_guide(*, awaited: bool) -> list[str]:
    page = (DOCS / "guide" / "legacy-code.md").read_text(encoding="utf-8")
    section = page.partition("\n## Notebooks\n")[2].partition("\n## ")[0]
    cells = [block.code for block in blocks_of(section)]
    return [cell for cell in cells if ("await" in cell) is awaited]


@shows("calls", blocking=False, awaited=True)
def test_the_cells_of_the_guide_work(notebook: Notebook, given: bool) -> None:
    """They show what they print, and no warning and no error."""
    cells = _cells_of_the_guide(awaited=given)
    shown = notebook.run(*cells)
    assert [output["name"] for output in shown] == ["stdout"] * len(cells)
    assert len(notebook.account.sandbox.requests) > 0


@shows(
    "at once",
    blocking=(
        "with ThreadPoolExecutor(6) as pool:\n"
        "    futures = [pool.submit(blocking.rooms.list) for _ in range(6)]"
    ),
    awaited="pages = await asyncio.gather(*(awaited.rooms.list() for _ in range(6)))",
)
def test_calls_of_a_cell_run_side_by_side(notebook: Notebook, given: str) -> None:
    """All of them are at the API before the first has an answer."""
    with notebook.account.relay.holding_answers():
        run = notebook.begin(given)
        wait_until(lambda: len(notebook.account.sandbox.requests) == 6)
    assert run.result() == []


@shows(
    "errors",
    blocking='blocking.rooms.get("64f1a2b3c4d5e6f7a8b9c0d1")',
    awaited='await awaited.rooms.get("64f1a2b3c4d5e6f7a8b9c0d1")',
)
def test_an_error_is_shown_in_its_cell(notebook: Notebook, given: str) -> None:
    """With what to do about it, and without the token."""
    (shown,) = notebook.run(given)
    assert shown["ename"] == "NotFoundError"
    assert "Check the room id" in shown["evalue"]
    assert notebook.account.sandbox.api_token not in json.dumps(shown)


@pytest.mark.shows(place=BLOCKING, what="leaves nothing")
@pytest.mark.shows(place=AWAITED, what="leaves nothing")
def test_a_kernel_that_is_shut_down_leaves_nothing(notebook: Notebook) -> None:
    """Though nobody closed the clients."""
    assert notebook.run("blocking.rooms.list();", "await awaited.rooms.list();") == []
    assert notebook.shut_down() == (0, [])
    wait_until(lambda: notebook.account.relay.open == 0)
