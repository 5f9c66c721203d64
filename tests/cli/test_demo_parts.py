"""The parts of the demo: where its code comes from, its checks, its rooms."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import types
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import QUICK
from videsk_rooms import ConflictError, NotFoundError, Videsk, VideskError
from videsk_rooms.cli._demo import story
from videsk_rooms.cli._demo.created import CreatedRooms
from videsk_rooms.cli._demo.steps import Demo, Step, code_of_steps
from videsk_rooms.cli._output import Output
from videsk_rooms.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType

CODE = code_of_steps(story)
ROOM_FOR_CODE = 80 - 6


@pytest.fixture
def videsk(account: Sandbox) -> Iterator[Videsk]:
    with Videsk(account.api_token, base_url=account.url, rate_limit=None) as videsk:
        yield videsk


@pytest.fixture
def demo() -> Demo:
    return Demo(Output(quiet=True), code={}, sandbox=None)


# -- the code that is shown -----------------------------------------------------------------------


@pytest.mark.parametrize("title", CODE)
def test_the_shown_lines_are_lines_of_the_story(title: str) -> None:
    """They follow the `with` of their step, whole, and are Python that fits the page."""
    source = inspect.getsource(story).splitlines()
    (start,) = [number for number, line in enumerate(source) if f'"{title}"' in line]
    start += next(n for n, line in enumerate(source[start:]) if line.rstrip().endswith(":"))
    shown = CODE[title].splitlines()
    below = source[start + 1 : start + 1 + len(shown)]
    assert [line.strip() for line in below] == [line.strip() for line in shown]
    ast.parse(CODE[title])
    assert max(map(len, shown)) <= ROOM_FOR_CODE


def test_every_step_of_the_story_has_its_lines() -> None:
    """There is no other way into a step than the one that is read."""
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(story)))
        if isinstance(node, ast.Attribute) and node.attr in {"step", "refusal"}
    ]
    assert len(calls) == len(CODE)


def module_of(path: Path, source: str) -> ModuleType:
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return module


def test_two_steps_of_one_title_are_refused(tmp_path: Path) -> None:
    """One would show the code of the other."""
    step = "    with demo.step('Twice') as step:\n        pass\n"
    with pytest.raises(ValueError, match="'Twice'"):
        code_of_steps(module_of(tmp_path / "twice.py", f"def tell(demo):\n{step}{step}"))


def test_a_program_without_its_source_shows_no_code() -> None:
    """It still runs its steps."""
    assert code_of_steps(types.ModuleType("frozen")) == {}


# -- the checks -----------------------------------------------------------------------------------


def test_a_step_without_a_check_is_refused(demo: Demo) -> None:
    """A tick that means nothing would be a lie."""
    with demo.step("Nothing is checked") as step:
        pass
    with pytest.raises(ValueError, match="checked nothing"):
        demo.done(step, "fine")
    assert not demo.ok


@pytest.mark.parametrize(
    ("live", "came", "ok"),
    [(True, None, True), (False, None, False), (True, "b", False), (False, "a", True)],
)
def test_only_an_account_may_leave_a_field_out(live: bool, came: str | None, ok: bool) -> None:
    """And what it does not leave out has to be right."""
    step = Step(1, "Title", "", live)
    step.equal_if_sent("name", came, "a")
    assert [check.ok for check in step.checks] == [ok]


def test_a_check_quotes_no_token() -> None:
    """What came is shown when it is wrong, whatever it is."""
    step = Step(1, "Title", "", live=True)
    step.equal("the answer", "Bearer abcdefghijklmnop", {"accessToken": "eyJhbGciOi.eyJleHAi.x"})
    (check,) = step.checks
    assert "abcdefghijklmnop" not in check.came
    assert "eyJ" not in check.expected


@pytest.mark.parametrize(
    ("raised", "ok"), [(ConflictError, True), (None, False)], ids=["refused", "let through"]
)
def test_a_refusal_that_does_not_come_is_a_failed_check(
    demo: Demo, account: Sandbox, videsk: Videsk, raised: type[VideskError] | None, ok: bool
) -> None:
    """The error is the result that is wanted."""
    name = "theirs" if raised else "new"
    with demo.refusal("Refused", ConflictError) as step:
        videsk.rooms.create(external_id=name)
    assert [check.ok for check in step.checks] == [ok]
    assert isinstance(step.error, ConflictError) is ok


def test_another_error_than_the_wanted_one_goes_on(demo: Demo, videsk: Videsk) -> None:
    """It ends the demo like anywhere else."""
    with pytest.raises(NotFoundError), demo.refusal("Refused", ConflictError):
        videsk.rooms.get("64f1a2b3c4d5e6f7a8b9c0d1")


# -- what has to be ended -------------------------------------------------------------------------


def make(videsk: Videsk, created: CreatedRooms, *names: str) -> None:
    for name in names:
        with created.creating(name):
            videsk.rooms.create(external_id=name)


def open_ids(account: Sandbox) -> list[object]:
    return [room["externalId"] for room in account.rooms if not room["ended"]]


def test_everything_made_is_ended(account: Sandbox, videsk: Videsk) -> None:
    """And nothing else is."""
    created = CreatedRooms()
    make(videsk, created, "ours-1", "ours-2")
    created.end_all(videsk)
    assert (created.maybe_open, created.ended_count) == ([], 2)
    assert open_ids(account) == ["theirs"]


def test_a_room_that_is_gone_already_need_not_be_ended() -> None:
    """Where an account may delete rooms, somebody else may have been quicker."""
    with (
        Sandbox(rate=QUICK, deletion=True) as account,
        Videsk(account.api_token, base_url=account.url, rate_limit=None) as videsk,
    ):
        created = CreatedRooms()
        make(videsk, created, "ours-1")
        videsk.rooms.delete(videsk.rooms.get_by_external_id("ours-1"))
        created.end_all(videsk)
        assert (created.maybe_open, created.ended_count) == ([], 0)


def test_a_room_that_is_over_need_not_be_ended(account: Sandbox, videsk: Videsk) -> None:
    """Such as one that a step of the demo has ended."""
    created = CreatedRooms()
    make(videsk, created, "ours-1")
    videsk.rooms.end(videsk.rooms.get_by_external_id("ours-1"))
    created.end_all(videsk)
    assert (created.maybe_open, created.ended_count) == ([], 0)
    assert len(account.requests.of("update")) == 1


def test_no_room_of_another_name_is_ended(account: Sandbox, videsk: Videsk) -> None:
    """A server that does not know the filter answers with everybody's."""
    created = CreatedRooms()
    created.maybe_open.append("ours-1")
    body = json.dumps({"total": 1, "limit": 10, "skip": 0, "data": account.rooms}).encode()
    account.faults.answer(200, body=body, on="list", times=None)
    created.end_all(videsk)
    assert open_ids(account) == ["theirs"]


def test_a_room_that_is_not_there_is_looked_for_twice(account: Sandbox, videsk: Videsk) -> None:
    """A create that was cut short may still be on its way."""
    created = CreatedRooms()
    created.maybe_open.append("ours-1")
    created.end_all(videsk)
    assert created.maybe_open == []
    assert len(account.requests.of("list")) == 2


def test_one_room_that_fails_does_not_keep_the_others(account: Sandbox, videsk: Videsk) -> None:
    """It is told at the end."""
    created = CreatedRooms()
    make(videsk, created, "ours-1", "ours-2")
    account.faults.status(405, on="update", times=1)
    created.end_all(videsk)
    assert (created.maybe_open, created.ended_count) == (["ours-1"], 1)


def test_a_proxy_s_404_does_not_say_that_a_room_is_gone(account: Sandbox, videsk: Videsk) -> None:
    """Whoever owns the account is told that it may be open."""
    created = CreatedRooms()
    make(videsk, created, "ours-1")
    account.faults.status(404, html=True, times=None)
    created.end_all(videsk)
    assert created.maybe_open == ["ours-1"]


def test_a_refused_token_ends_the_ending(account: Sandbox, videsk: Videsk) -> None:
    """Every further call would be refused alike."""
    created = CreatedRooms()
    make(videsk, created, "ours-1", "ours-2")
    before = len(account.requests)
    account.tokens.revoke(account.api_token)
    created.end_all(videsk)
    assert created.maybe_open == ["ours-1", "ours-2"]
    assert len(account.requests) == before + 1


@pytest.mark.parametrize(
    ("status", "left"), [(400, []), (502, ["ours-1"])], ids=["refused", "not known"]
)
def test_a_create_that_failed_is_looked_for_unless_it_was_refused(
    account: Sandbox, videsk: Videsk, status: int, left: list[str]
) -> None:
    """A 5xx may have come from something in front of an API that did its part."""
    account.faults.status(status, on="create", times=None)
    created = CreatedRooms()
    with pytest.raises(VideskError), created.creating("ours-1"):
        videsk.rooms.create(external_id="ours-1")
    assert created.maybe_open == left
