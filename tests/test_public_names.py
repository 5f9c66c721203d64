"""The public names: told alike wherever they are told, documented, the same on both faces."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import importlib.metadata
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, is_typeddict

import attrs
import pytest

import videsk_rooms
import videsk_rooms.sandbox
from tests import inside
from tests.support import printed_by
from videsk_rooms import (
    AsyncRooms,
    AsyncRoomsWithResponse,
    AsyncVidesk,
    Rooms,
    RoomsWithResponse,
    Videsk,
    VideskError,
    errors,
)

if TYPE_CHECKING:
    from collections.abc import Callable

HOMES = inside.homes()
NAMES: list[str] = vars(videsk_rooms)["__all__"]  # type checkers do not see it
SANDBOX_NAMES = videsk_rooms.sandbox.__all__


def public(kind: type) -> dict[str, Any]:
    """Tell the public members of a class that are its own or of a class of this package."""
    return {
        name: inspect.getattr_static(kind, name)
        for home in reversed(kind.__mro__)
        if home.__module__.startswith("videsk_rooms")
        for name in vars(home)
        if not name.startswith("_")
    }


def classes() -> dict[str, type]:
    """Every public class of the package and of the sandbox."""
    named = {name: getattr(videsk_rooms, name) for name in NAMES}
    named |= {f"sandbox.{name}": getattr(videsk_rooms.sandbox, name) for name in SANDBOX_NAMES}
    return {name: value for name, value in named.items() if inspect.isclass(value)}


def methods() -> dict[str, Callable[..., object]]:
    """Every public method of those classes."""
    return {
        f"{class_name}.{name}": member
        for class_name, kind in classes().items()
        for name, member in public(kind).items()
        if inspect.isfunction(member)
    }


# -- names ----------------------------------------------------------------------------------------


def test_each_name_has_one_home() -> None:
    """`__all__` and the homes that names are loaded from tell the same names, each once."""
    assert [name for home in HOMES.values() for name in home] == NAMES
    assert len(set(NAMES)) == len(NAMES)


def test_type_checkers_are_told_the_same_names_and_homes() -> None:
    """They are told by a star import of each home, which brings the names in its `__all__`."""
    source = Path(videsk_rooms.__file__).read_text(encoding="utf-8")
    (block,) = (
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    told: dict[str, set[str]] = {}
    for node in block.body:
        assert isinstance(node, ast.ImportFrom)
        assert node.module is not None
        assert [alias.name for alias in node.names] == ["*"]
        module = importlib.import_module(f"videsk_rooms.{node.module}")
        told[node.module] = set(module.__all__)
    assert told == {home: set(names) for home, names in HOMES.items()}


def test_a_fresh_interpreter_shows_all_names() -> None:
    """Completion in a shell finds what has not been loaded yet."""
    program = "import videsk_rooms; print(*dir(videsk_rooms))"
    assert set(printed_by("-c", program).split()) >= {*NAMES, "__version__"}


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_loaded_from_its_home(name: str) -> None:
    """The lazy name is the very object, and the second look finds it without loading."""
    (home,) = (home for home, names in HOMES.items() if name in names)
    module = importlib.import_module(f"videsk_rooms.{home}")
    value = getattr(videsk_rooms, name)
    assert value is getattr(module, name)
    assert vars(videsk_rooms)[name] is value
    if not home.startswith("_"):
        assert name in module.__all__


def test_a_star_import_brings_the_public_names() -> None:
    """And no others."""
    names: dict[str, object] = {}
    exec("from videsk_rooms import *", names)
    assert names.keys() - {"__builtins__"} == set(NAMES)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of any module, so that `hasattr` and mistyped imports work as everywhere."""
    with pytest.raises(AttributeError, match="module 'videsk_rooms' has no attribute 'Rom'"):
        videsk_rooms.Rom  # type: ignore[attr-defined]  # noqa: B018 - what is tested
    with pytest.raises(ImportError, match="cannot import name 'Rom'"):
        from videsk_rooms import Rom  # type: ignore[attr-defined]  # noqa: F401 - what is tested


def test_every_error_is_public() -> None:
    """What can be raised can be caught by its name."""
    own = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, VideskError)
    }
    assert own == set(errors.__all__) == set(HOMES["errors"])


def test_the_version_is_that_of_the_package() -> None:
    """A report of a bug names what is installed."""
    assert videsk_rooms.__version__ == importlib.metadata.version("videsk-rooms")


# -- documentation --------------------------------------------------------------------------------

_SECTION = re.compile(r"^(Args|Attributes|Returns|Raises|Example|API):", re.MULTILINE)


def sections(value: object) -> dict[str, str]:
    """Split a docstring at its sections; the text before them is under the empty name."""
    text = inspect.getdoc(value) or ""
    parts = _SECTION.split(text)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def names_in(section: str) -> list[str]:
    """Tell the names that a section explains, in order."""
    return re.findall(r"^    (\w+):", section, re.MULTILINE)


def parameters(call: Callable[..., object]) -> dict[str, inspect.Parameter]:
    found = inspect.signature(call).parameters
    return {name: parameter for name, parameter in found.items() if name != "self"}


@pytest.mark.parametrize("name", classes())
def test_each_class_says_what_it_is(name: str) -> None:
    """A docstring of its own, that begins with a sentence."""
    kind = classes()[name]
    assert re.match(r"[^\n]+[.:]$", (vars(kind)["__doc__"] or "").partition("\n")[0])


# Classes whose objects the package makes, and no caller.
MADE_HERE = {
    *("AccessStock", "AsyncAccessStock", "AsyncOutcomes", "AsyncRooms"),
    *("AsyncRoomsWithResponse", "Headers", "Outcomes", "Rooms", "RoomsWithResponse"),
    *("sandbox.ApiTokens", "sandbox.Faults", "sandbox.RequestLog"),
}


@pytest.mark.parametrize("name", classes())
def test_each_class_explains_its_data(name: str) -> None:
    """Each field of a model, each datum of an error, each argument of what a caller makes."""
    kind = classes()[name]
    told = sections(kind)
    assert names_in(told.get("Attributes", "")) == own_data(kind)
    if not (is_record(kind) or issubclass(kind, VideskError) or name in MADE_HERE):
        assert names_in(told["Args"]) == list(parameters(kind))


def is_record(kind: type) -> bool:
    """Tell whether a class is made of its data alone."""
    return attrs.has(kind) or dataclasses.is_dataclass(kind) or is_typeddict(kind)


def own_data(kind: type) -> list[str]:
    """Tell what objects of a class have that no property explains."""
    if "__attrs_attrs__" in vars(kind):
        # What a class merely has of another one is explained there.
        return [field.name for field in attrs.fields(kind) if field.name in vars(kind)["__slots__"]]
    own = [
        name
        for name in inspect.get_annotations(kind)
        if not (name.startswith("_") or callable(getattr(kind, name, None)))
    ]
    if not (issubclass(kind, VideskError) and "__init__" in vars(kind)):
        return own
    # An error keeps what its constructor is given besides the text.
    _, *names = parameters(kind)
    given = [name for name in names if name in own or not hasattr(kind, name)]
    return [*given, *(name for name in own if name not in given)]


@pytest.mark.parametrize("name", methods())
def test_each_method_explains_its_arguments(name: str) -> None:
    """All of them, in their order; and what it gives back, if anything."""
    method = methods()[name]
    told = sections(method)
    assert re.match(r"[^\n]+\.(\n|$)", told[""])
    assert names_in(told.get("Args", "")) == list(parameters(method))
    returned = inspect.signature(method).return_annotation
    assert ("Returns" in told) is (returned not in {"None", "Answer[None]"})


RESOURCE_METHODS = [name for name in methods() if name.startswith(("AsyncRooms.", "Rooms."))]


@pytest.mark.parametrize("name", [*RESOURCE_METHODS, "AsyncVidesk.request", "Videsk.request"])
def test_each_call_tells_its_errors_its_path_and_an_example(name: str) -> None:
    """Whoever reads the help of a call need not read anything else."""
    told = sections(methods()[name])
    raised = names_in(told["Raises"])
    assert raised[-1] == "VideskError"
    assert all(issubclass(getattr(videsk_rooms, error), VideskError) for error in raised)
    assert told["API"].strip()
    example = inspect.cleandoc(told["Example"])
    assert re.fullmatch(r"```python\n.*\n```", example, re.DOTALL)
    compile(
        example.strip("`").removeprefix("python\n"), name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    )
    assert f".{name.rpartition('.')[2]}(" in example


def test_resource_methods_are_found() -> None:
    """The table above is not empty by mistake."""
    names = {name.rpartition(".")[2] for name in RESOURCE_METHODS}
    assert names >= {"create", "get", "update", "end", "delete", "join", "stats", "list", "iter"}


# -- both faces -----------------------------------------------------------------------------------

FACES = {
    "client": (AsyncVidesk, Videsk),
    "rooms": (AsyncRooms, Rooms),
    "rooms.with_response": (AsyncRoomsWithResponse, RoomsWithResponse),
}


SHARED = [
    pytest.param(awaited, blocking, name, id=f"{awaited.__name__}.{name}")
    for awaited, blocking in FACES.values()
    for name, member in public(awaited).items()
    if inspect.isfunction(member)
]


@pytest.mark.parametrize(("awaited", "blocking"), FACES.values(), ids=FACES)
def test_both_faces_have_the_same_names(awaited: type, blocking: type) -> None:
    """Whoever knows one knows the other."""
    assert _public_names(blocking) == _public_names(awaited)


def _public_names(kind: type) -> set[str]:
    hints = {name for name in inspect.get_annotations(kind) if not name.startswith("_")}
    return hints | public(kind).keys()


@pytest.mark.parametrize(("awaited", "blocking", "name"), SHARED)
def test_both_faces_take_the_same_arguments(awaited: type, blocking: type, name: str) -> None:
    """Names, order, kinds, defaults and types."""
    theirs, ours = (inspect.signature(getattr(kind, name)) for kind in (awaited, blocking))
    assert list(ours.parameters.values()) == list(theirs.parameters.values())


@pytest.mark.parametrize(("awaited", "blocking", "name"), SHARED)
def test_both_faces_are_explained_alike(awaited: type, blocking: type, name: str) -> None:
    """Only what shows an `await` may differ, and what closing closes."""
    theirs, ours = (sections(getattr(kind, name)) for kind in (awaited, blocking))
    assert list(ours) == list(theirs)
    for section in theirs.keys() - {"Example", "" if name == "close" else "Example"}:
        assert ours[section] == theirs[section]


def test_both_constructors_take_the_same_but_a_session() -> None:
    """A session belongs to the caller's loop, and the blocking face has a loop of its own."""
    awaited, blocking = parameters(AsyncVidesk), parameters(Videsk)
    assert awaited.pop("session").default is None
    assert list(blocking.values()) == list(awaited.values())


def test_both_constructors_are_explained_in_the_same_order() -> None:
    """Each argument of each."""
    assert names_in(sections(AsyncVidesk)["Args"]) == list(parameters(AsyncVidesk))
    assert names_in(sections(Videsk)["Args"]) == list(parameters(Videsk))
