"""Which file may import which: every import is read, and a broken rule is told in words."""

from __future__ import annotations

import ast
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest

import videsk_rooms
from tests.support import printed_by

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(videsk_rooms.__file__).parent

# The way of a call, from what knows nothing to what knows it all: a file imports from above only.
CLIENT = (
    "_quoting",
    "errors",
    "models",
    "_json",
    "_drafts",
    "_elsewhere",
    "_forking",
    "_messages",
    "_checks",
    "_codec",
    "_fast",
    "_decode",
    "_decision",
    "_remedies",
    "_status",
    "_paging",
    "_outcomes",
    "_bulk",
    "_options",
    "_deadline",
    "_failures",
    "_under_way",
    "_observing",
    "_tracing",
    "_auth",
    "_pacing",
    "_connection",
    "_sessions",
    "_transport",
    "_retry",
    "_settings",
    "_verify",
    "_lookup",
    "_creation",
    "rooms",
    "client",
    "_leaving",
    "_uv",
    "_greenlets",
    "_threads",
    "_handoff",
    "_standstill",
    "_portal",
    "_blocking",
    "sync",
)
# What stands outside of it, with all of this package that it may import.
OUTSIDE = {
    "__init__": set[str](),  # names are loaded when they are first used
    "sandbox": {"sandbox"},
    "cli": {"cli", "errors", "sandbox", "sync", "__init__"},
    "integrations": {"cli", "integrations", "__init__"},
    "pytest_plugin": {"sandbox", "__init__"},
}

REQUIRED = {"anyio", "attrs", "cattrs"}
# aiohttp, with what comes with it.
AIOHTTP = {"aiohappyeyeballs", "aiohttp", "multidict", "yarl"}
# anyio likewise; with what, depends on its version and Python's.
ANYIO = {"anyio", "exceptiongroup", "idna", "sniffio", "typing_extensions"}
# _uv: connections as aiohttp makes them.
MAY_IMPORT_AIOHTTP = {"_auth", "_connection", "_sessions", "_transport", "_uv", "sandbox"}
# The packages of the extras: who may import them, a file or all of a folder.
OPTIONAL = {
    "arq": {"integrations/arq.py"},
    "asgiref": {"integrations/django"},
    "celery": {"integrations/celery.py"},
    "click": {"integrations/flask.py"},
    "django": {"integrations/django"},
    "fastapi": {"integrations/fastapi.py"},
    "flask": {"integrations/flask.py"},
    "jwt": {"sandbox"},
    "opentelemetry": {"_tracing", "integrations"},
    "orjson": {"_json"},
    "pytest": {"pytest_plugin"},
    "redis": {"_pacing/_redis.py", "cli"},
    "rich": {"cli"},
    "starlette": {"integrations/fastapi.py", "integrations/starlette.py"},
    "typer": {"cli"},
    "gevent": {"_greenlets"},
    "uvloop": {"_uv"},
}
# Elsewhere they are imported when they are first used. What `cli/__init__.py` says about a missing
# package covers the files of the command line, which it imports late. A module for a framework is
# imported by those who have it.
AT_ONCE = {
    *(("integrations", name) for name in ("arq", "asgiref", "celery", "click", "django")),
    *(("integrations", name) for name in ("fastapi", "flask", "starlette")),
    ("_greenlets", "gevent"),
    ("_json", "orjson"),
    ("_uv", "uvloop"),
    ("cli", "rich"),
    ("cli", "typer"),
    ("pytest_plugin", "pytest"),
}
NEVER_AT_ONCE = {"cli/__init__.py", "cli/__main__.py"}
# What some systems lack: the only file that may import it, which others import late in turn.
NOT_EVERYWHERE = {"fcntl": "_pacing/_file.py"}

DOWN = "the imports of the client run down the table only"
APART = "client and sandbox share nothing, not even types"
INSIDE = "the client imports nothing that stands outside of it"
PUBLIC = "what stands outside imports what OUTSIDE lists only"
CARRIER = "on the client's side only MAY_IMPORT_AIOHTTP lists who imports aiohttp or what it uses"
OPTION = "an optional package is imported by those that OPTIONAL lists only"
LATE = "an optional package is imported where it is used"
SYSTEM = "one file imports what some systems lack, and is itself imported where it is used"
UNKNOWN = "this is no dependency"
NOWHERE = "one of the two has no place in the table"

When = Literal["at once", "later", "for types"]


class Import(NamedTuple):
    """One import of one file."""

    file: str
    line: int
    target: str
    when: When

    @property
    def importer(self) -> str:
        """The file or folder at the top of the package."""
        return self.file.partition("/")[0].removesuffix(".py")

    @property
    def package(self) -> str:
        """The package imported, such as `aiohttp`."""
        return self.target.partition(".")[0]

    @property
    def neighbour(self) -> str | None:
        """What is imported of this package, by its name at the top; `None` for other packages."""
        if self.package != PACKAGE.name:
            return None
        return [*self.target.split("."), "__init__"][1]

    def breaks(self, rule: str) -> str:
        """Tell in words what is wrong."""
        what = self.neighbour or self.package
        return f"{self.file}:{self.line} imports {what} {self.when}: {rule}"


# -- reading imports ------------------------------------------------------------------------------


class _Reader(ast.NodeVisitor):
    def __init__(self, file: str) -> None:
        self.file = file
        self.imports: list[Import] = []
        self._when: When = "at once"

    def visit_Import(self, node: ast.Import) -> None:
        self.imports += [Import(self.file, node.lineno, a.name, self._when) for a in node.names]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        home = node.module or ""
        if node.level:
            folders = [PACKAGE.name, *self.file.split("/")][: -node.level]
            home = ".".join([*folders, *filter(None, [home])])
        for alias in node.names:
            target = _module(home, alias.name)
            self.imports.append(Import(self.file, node.lineno, target, self._when))

    def visit_If(self, node: ast.If) -> None:
        for_types = ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
        self._within("for types" if for_types else self._when, node.body)
        self._within(self._when, node.orelse)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._within("later" if self._when == "at once" else self._when, node.body)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._within("later" if self._when == "at once" else self._when, node.body)

    def _within(self, when: When, body: list[ast.stmt]) -> None:
        before, self._when = self._when, when
        for statement in body:
            self.visit(statement)
        self._when = before


def _module(home: str, name: str) -> str:
    """Tell where a name comes from: one out of a folder is a file, or what `__init__.py` has."""
    package, *folders = home.split(".")
    if package != PACKAGE.name:
        return home
    if PACKAGE.joinpath(*folders, f"{name}.py").exists():
        return f"{home}.{name}"
    return home if folders else f"{home}.__init__"


def imports_in(file: str, source: str) -> list[Import]:
    """Read the imports of a file, wherever they stand in it."""
    reader = _Reader(file)
    reader.visit(ast.parse(source))
    return reader.imports


def files() -> dict[str, str]:
    """Read all files of the package."""
    return {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(PACKAGE.rglob("*.py"))
    }


# -- the rules ------------------------------------------------------------------------------------


def broken_rules(found: list[Import]) -> list[str]:
    """Tell what is wrong with imports, a line each."""
    rules = (_own, _aiohttp, _system, _other)
    return [words for one in found for rule in rules for words in rule(one)]


def _own(one: Import) -> Iterator[str]:
    """Judge an import from this package."""
    target = one.neighbour
    if target is None or target == one.importer:
        return
    sides = {one.importer, target}
    if not sides <= {*CLIENT, *OUTSIDE}:
        yield one.breaks(NOWHERE)
    elif "sandbox" in sides and sides & {*CLIENT, "__init__"}:
        yield one.breaks(APART)
    elif one.when == "for types":
        return
    elif one.importer in OUTSIDE:
        if target not in OUTSIDE[one.importer]:
            yield one.breaks(PUBLIC)
    elif target in OUTSIDE:
        if target != "__init__" or one.when != "later":  # the version, once all is loaded
            yield one.breaks(INSIDE)
    elif CLIENT.index(target) > CLIENT.index(one.importer):
        yield one.breaks(DOWN)


def _aiohttp(one: Import) -> Iterator[str]:
    """Judge an import of aiohttp."""
    allowed = one.importer in MAY_IMPORT_AIOHTTP or one.when == "for types"
    if one.package in AIOHTTP and not allowed:
        yield one.breaks(CARRIER)


def _system(one: Import) -> Iterator[str]:
    """Judge an import of what some systems lack, and of the file that needs it."""
    needed_by = {f"{PACKAGE.name}/{file}" for file in NOT_EVERYWHERE.values()}
    at_once = one.when == "at once" and f"{one.target.replace('.', '/')}.py" in needed_by
    if at_once or NOT_EVERYWHERE.get(one.target, one.file) != one.file:
        yield one.breaks(SYSTEM)


def _other(one: Import) -> Iterator[str]:
    """Judge an import of another package."""
    package = one.package
    free = {PACKAGE.name, *AIOHTTP, *REQUIRED, *sys.stdlib_module_names}
    if one.when == "for types" or package in free:
        return
    if package not in OPTIONAL:
        yield one.breaks(UNKNOWN)
    elif not _places(one) & OPTIONAL[package]:
        yield one.breaks(OPTION)
    elif one.when == "at once" and not _may_be_at_once(one):
        yield one.breaks(LATE)


def _places(one: Import) -> set[str]:
    """Name where an import stands: its file, and the folders around it."""
    return {one.importer, one.file, *map(str, PurePosixPath(one.file).parents)}


def _may_be_at_once(one: Import) -> bool:
    return (one.importer, one.package) in AT_ONCE and one.file not in NEVER_AT_ONCE


# -- the package against the rules ----------------------------------------------------------------


def test_every_file_has_its_place() -> None:
    """Whoever adds a file says where it stands."""
    known = {*CLIENT, *OUTSIDE}
    found = {file.partition("/")[0].removesuffix(".py") for file in files()}
    assert found == known


@pytest.mark.parametrize("file", files())
def test_a_file_imports_what_its_place_allows(file: str) -> None:
    """Down the table only, nothing between client and sandbox, optional packages late."""
    assert broken_rules(imports_in(file, files()[file])) == []


LATER = "def f():\n    "
TYPES = "if TYPE_CHECKING:\n    "


@pytest.mark.parametrize(
    ("file", "source", "found", "rule"),
    [
        ("_codec.py", LATER + "from .rooms import AsyncRooms", "2 imports rooms later", DOWN),
        ("_json.py", "from . import _codec", "1 imports _codec at once", DOWN),
        ("_pacing/_ring.py", "from ..client import A", "1 imports client at once", DOWN),
        ("rooms.py", "class A:\n    import videsk_rooms.client", "2 imports client at once", DOWN),
        (
            "rooms.py",
            "if not TYPE_CHECKING:\n    from .sync import A",
            "2 imports sync at once",
            DOWN,
        ),
        ("models.py", "from . import __version__", "1 imports __init__ at once", INSIDE),
        ("client.py", LATER + "import videsk_rooms.cli", "2 imports cli later", INSIDE),
        ("rooms.py", TYPES + "from .sandbox import A", "2 imports sandbox for types", APART),
        ("sandbox/_api.py", TYPES + "from ..models import A", "2 imports models for types", APART),
        ("sandbox/_api.py", "from .. import Room", "1 imports __init__ at once", APART),
        ("cli/_app.py", "from .._auth import A", "1 imports _auth at once", PUBLIC),
        ("integrations/a.py", "from ..client import A", "1 imports client at once", PUBLIC),
        ("integrations/flask.py", "import django", "1 imports django at once", OPTION),
        ("integrations/django/a/b.py", "import flask", "1 imports flask at once", OPTION),
        ("integrations/a.py", "import tornado", "1 imports tornado at once", UNKNOWN),
        ("__init__.py", "from .errors import A", "1 imports errors at once", PUBLIC),
        ("client.py", LATER + "import aiohttp.web", "2 imports aiohttp later", CARRIER),
        ("_codec.py", "from yarl import URL", "1 imports yarl at once", CARRIER),
        ("_decode.py", LATER + "import orjson", "2 imports orjson later", OPTION),
        ("sandbox/_a.py", "try:\n    import jwt\nexcept E:\n    0", "2 imports jwt at once", LATE),
        ("cli/__init__.py", "import typer", "1 imports typer at once", LATE),
        ("_pacing/_redis.py", "import redis.asyncio", "1 imports redis at once", LATE),
        ("_pacing/_ring.py", LATER + "import redis", "2 imports redis later", OPTION),
        ("_tracing.py", "import opentelemetry.trace", "1 imports opentelemetry at once", LATE),
        ("_retry.py", LATER + "import opentelemetry", "2 imports opentelemetry later", OPTION),
        ("_pacing/_ring.py", LATER + "import fcntl", "2 imports fcntl later", SYSTEM),
        ("_pacing/__init__.py", "from . import _file", "1 imports _pacing at once", SYSTEM),
        ("_pacing/_shared.py", "from ._file import A", "1 imports _pacing at once", SYSTEM),
        ("_portal.py", "import trio", "1 imports trio at once", UNKNOWN),
        ("_new.py", "from .errors import A", "1 imports errors at once", NOWHERE),
    ],
)
def test_a_broken_rule_is_told_in_words(file: str, source: str, found: str, rule: str) -> None:
    """The reading finds what it is for, wherever the import stands."""
    assert broken_rules(imports_in(file, source)) == [f"{file}:{found}: {rule}"]


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("errors.py", TYPES + "from ._messages import Attempt"),
        ("_transport.py", LATER + "from . import __version__"),
        ("rooms.py", "from . import _codec, _decode"),
        ("client.py", TYPES + "import aiohttp"),
        ("_json.py", "try:\n    import orjson\nexcept ImportError:\n    pass"),
        ("_pacing/__init__.py", LATER + "from ._file import FileStore"),
        ("_pacing/_file.py", "import fcntl\nfrom ._ring import Ring"),
        ("_pacing/_redis.py", LATER + "import redis"),
        ("_tracing.py", LATER + "from opentelemetry import trace"),
        ("integrations/fastapi.py", "import fastapi\nfrom videsk_rooms import AsyncVidesk"),
        ("integrations/django/a/b.py", "from django import a\nfrom ... import _configured"),
        ("integrations/_command_line.py", "from videsk_rooms.cli import main"),
        ("cli/_demo/run.py", "import rich\nfrom .. import _output\nfrom ...sync import Videsk"),
        ("sandbox/_server.py", "from aiohttp import web\nfrom ._api import RoomsApi"),
    ],
)
def test_what_is_allowed_breaks_no_rule(file: str, source: str) -> None:
    """Nor does it cry wolf."""
    assert broken_rules(imports_in(file, source)) == []


# -- what an import loads -------------------------------------------------------------------------


def loaded_by(statement: str) -> set[str]:
    """Run a statement in a fresh interpreter; tell the packages that it loaded."""
    program = (
        "import sys; before = set(sys.modules)\n"
        f"{statement}\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    loaded = set(printed_by("-c", program).split()) - sys.stdlib_module_names
    return {name for name in loaded if not name.startswith("_")}  # _sysconfigdata_… of the build


def test_importing_the_package_loads_nothing_else() -> None:
    """Neither aiohttp nor anything optional, nor any file of its own."""
    assert loaded_by("import videsk_rooms") == {PACKAGE.name}
    program = "import sys, videsk_rooms; print(*[m for m in sys.modules if 'videsk_rooms.' in m])"
    assert printed_by("-c", program) == "\n"


@pytest.mark.parametrize(
    ("name", "loaded"),
    [
        ("VideskError", set()),
        ("Room", {"attr", "attrs"}),
        ("Retry", {"attr", "attrs"}),
        ("RateLimit", {"attr", "attrs"}),
        ("Hooks", {"attr", "attrs", "orjson", *ANYIO}),
        ("Response", {"attr", "attrs", "orjson"}),
    ],
)
def test_names_load_what_they_need(name: str, loaded: set[str]) -> None:
    """Whoever catches an error or names a model does not wait for aiohttp."""
    assert loaded_by(f"from videsk_rooms import {name}") <= {PACKAGE.name, *loaded}


def test_the_client_loads_no_optional_package_but_the_fast_ones() -> None:
    """An extra costs those who use it."""
    loaded = loaded_by("from videsk_rooms import AsyncVidesk, Videsk")
    assert loaded & set(OPTIONAL) <= {"orjson", "uvloop"}
    assert loaded >= {"aiohttp", "anyio", "cattrs"}


def test_the_sandbox_loads_nothing_of_the_client() -> None:
    """A mistake in one must not hide in the other."""
    program = (
        "import sys, videsk_rooms.sandbox\n"
        "print(*[m for m in sys.modules if m.startswith('videsk_rooms.')])"
    )
    loaded = printed_by("-c", program).split()
    assert {module.split(".")[1] for module in loaded} == {"sandbox"}


def test_what_django_loads_for_each_command_does_not_load_the_client() -> None:
    """Most of what `manage.py` does needs none."""
    pytest.importorskip("django", reason="the integration is with Django")
    package = "videsk_rooms.integrations.django"
    loaded = loaded_by(f"import {package}.apps, {package}.management.commands.videsk")
    assert "django" in loaded
    assert not loaded & {"aiohttp", "typer"}
