"""What editors show: by jedi, as Vim and notebooks do, and by Pyright, as VS Code does."""

from __future__ import annotations

import ast
import inspect
import re
from typing import TYPE_CHECKING

import jedi
import pytest

from tests.typing.language_server import LanguageServer
from videsk_rooms import EnterableRoom, Room, Videsk, models

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPERATIONS = {"create", "delete", "end", "get", "get_by_external_id", "get_or_create", "iter"} | {
    *("join", "list", "stats", "update", "create_many", "update_many", "delete_many", "join_many"),
    *("access_stock", "with_response"),
}
MADE = 'from videsk_rooms import AsyncVidesk, Videsk\nvidesk = Videsk("token")\n'


# -- jedi -----------------------------------------------------------------------------------------


def completed(code: str) -> set[str]:
    """Return the public names that jedi offers at the end of a program."""
    return {each.name for each in jedi.Script(MADE + code).complete() if each.name[0] != "_"}


@pytest.mark.parametrize("client", ["videsk", 'AsyncVidesk("token")'])
def test_jedi_completes_the_operations(client: str) -> None:
    """Of both clients, and nothing else."""
    assert completed(f"{client}.rooms.") == OPERATIONS


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ('videsk.rooms.get("x")', "EnterableRoom"),
        ("videsk.rooms.create()", "EnterableRoom"),
        ('videsk.rooms.update("x", ended=True)', "Room"),
        ('videsk.rooms.join("x")', "RoomAccess"),
        ("videsk.rooms.list()", "RoomPage"),
        ('videsk.rooms.access_stock("x", size=2)', "AccessStock"),
        ("next(videsk.rooms.iter())", "Room"),
        ('videsk.request("GET", "/x")', "Response"),
        ('videsk.with_options(timeout=1.0).rooms.get("x")', "EnterableRoom"),
    ],
)
def test_jedi_knows_what_a_blocking_call_returns(value: str, kind: str) -> None:
    """Though the method is derived: its type says it."""
    code = f"{MADE}value = {value}\nvalue"
    found = jedi.Script(code).infer()
    assert [each.name for each in found] == [kind]


def test_jedi_knows_what_an_awaited_call_returns() -> None:
    """Where it is awaited."""
    code = f'{MADE}async def enter(client: AsyncVidesk):\n    room = await client.rooms.get("x")\n'
    assert [each.name for each in jedi.Script(f"{code}    room").infer()] == ["EnterableRoom"]


def test_jedi_completes_the_fields_of_a_room() -> None:
    """By their first letters."""
    assert {"external_id", "exp", "extra"} <= completed('videsk.rooms.get("x").ex')


def test_jedi_shows_what_a_field_means() -> None:
    """The text beside it."""
    (found,) = jedi.Script(f"{MADE}videsk.rooms.get('x').exp").goto()
    assert found.docstring() == "When participants are disconnected, in UTC."


def test_a_notebook_shows_parameters_and_docstring() -> None:
    """There jedi asks the objects themselves. Of a program's text it reads no derived signature."""
    with Videsk("token") as videsk:
        script = jedi.Interpreter("videsk.rooms.create(", [{"videsk": videsk}])
        signatures = script.get_signatures()
        found = jedi.Interpreter("videsk.rooms.create", [{"videsk": videsk}]).help()
    assert {tuple(each.name for each in one.params) for one in signatures} == {
        ("name", "external_id", "exp", "nbf", "settings")
    }
    assert "Create one room, however" in found[0].docstring()


# -- Pyright --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """One with a program open."""
    folder: Path = tmp_path_factory.mktemp("editor")
    code = f'{MADE}room = videsk.rooms.get("x")\nroom.name\nroom.access_token\n'
    with LanguageServer(folder, f"{code}videsk.rooms.create(\n") as server:
        yield server


def test_pyright_shows_the_docstring_of_a_blocking_method(editor: LanguageServer) -> None:
    """With its parameters and what it returns."""
    shown = editor.hover("videsk.rooms.get")
    assert "get(room: Room | str) -> EnterableRoom" in shown
    assert "Retrieve a room, with a fresh access token." in shown


def test_pyright_shows_the_parameters_while_a_call_is_typed(editor: LanguageServer) -> None:
    """Those of the awaited method."""
    shown = editor.signature("videsk.rooms.create(")
    assert shown.startswith("(*, name: str | None = None, external_id: str | None = None")


def test_pyright_shows_type_and_meaning_of_a_field(editor: LanguageServer) -> None:
    """A retrieved room has a token; a name it may lack."""
    assert "name: str | None" in (shown := editor.hover("room.name"))
    assert "The display name." in shown
    assert "access_token: str" in (shown := editor.hover("room.access_token"))
    assert "The token for Videsk's Browser SDK" in shown


# -- the texts ------------------------------------------------------------------------------------


def test_the_text_beside_a_field_is_that_of_the_class() -> None:
    """One is for editors, the other for `help()`."""
    tree = ast.parse(inspect.getsource(models))
    (room,) = (each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == "Room")
    beside = {
        field.target.id: text.value.value
        for field, text in zip(room.body, room.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }
    section = (inspect.getdoc(Room) or "").partition("Attributes:\n")[2]
    assert beside == dict(re.findall(r"^    (\w+): (.+)$", section, re.MULTILINE))
    assert EnterableRoom.access_token.__doc__ is not None
