"""An import loads little: names are loaded on first use, optional packages later still."""

from __future__ import annotations

import sys

import pytest

from tests.support import printed_by

PACKAGE = "videsk_rooms"
# anyio, and what comes with it, which depends on its version and Python's.
ANYIO = {"anyio", "exceptiongroup", "idna", "sniffio", "typing_extensions"}
OPTIONAL = {
    "arq",
    "asgiref",
    "celery",
    "click",
    "django",
    "fastapi",
    "flask",
    "gevent",
    "jwt",
    "opentelemetry",
    "orjson",
    "pydantic",
    "pytest",
    "redis",
    "rich",
    "starlette",
    "typer",
    "uvloop",
}


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
    assert loaded_by("import videsk_rooms") == {PACKAGE}
    program = "import sys, videsk_rooms; print(*[m for m in sys.modules if 'videsk_rooms.' in m])"
    assert printed_by("-c", program) == "videsk_rooms._version\n"


@pytest.mark.parametrize(
    ("name", "loaded"),
    [
        ("VideskError", set()),
        ("Room", {"attr", "attrs"}),
        ("Retry", {"attr", "attrs"}),
        ("RateLimit", {"attr", "attrs"}),
        ("Hooks", {"attr", "attrs", "orjson", *ANYIO}),
        ("Response", {"attr", "attrs", "orjson"}),
        ("RoomSpec", {"attr", "attrs", "cattrs", "orjson", *ANYIO}),
    ],
)
def test_names_load_what_they_need(name: str, loaded: set[str]) -> None:
    """Whoever catches an error or names a model does not wait for aiohttp."""
    assert loaded_by(f"from videsk_rooms import {name}") <= {PACKAGE, *loaded}


def test_the_client_loads_no_optional_package_but_the_fast_ones() -> None:
    """An extra costs those who use it."""
    loaded = loaded_by("from videsk_rooms import AsyncVidesk, Videsk")
    assert loaded & OPTIONAL <= {"orjson"}
    assert loaded >= {"aiohttp", "anyio", "cattrs"}


def test_the_sandbox_loads_nothing_of_the_client() -> None:
    """A mistake in one must not hide in the other."""
    program = (
        "import sys, videsk_rooms.sandbox\n"
        "print(*[m for m in sys.modules if m.startswith('videsk_rooms.')])"
    )
    loaded = printed_by("-c", program).split()
    assert {module.split(".")[1] for module in loaded} == {"_emulator", "_version", "sandbox"}


def test_what_django_loads_for_each_command_does_not_load_the_client() -> None:
    """Most of what `manage.py` does needs none."""
    pytest.importorskip("django", reason="the integration is with Django")
    package = "videsk_rooms.integrations.django"
    loaded = loaded_by(f"import {package}.apps, {package}.management.commands.videsk")
    assert "django" in loaded
    assert not loaded & {"aiohttp", "typer"}
