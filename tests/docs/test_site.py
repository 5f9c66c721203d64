"""The site is built as it is published, and looked through for what is public."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from videsk_rooms import errors

from .blocks import DOCS, PUBLIC_MODULES, ROOT, public_methods

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

for _package in ("mkdocs", "material", "mkdocstrings", "mkdocs_static_i18n"):
    pytest.importorskip(_package, reason="the site is built with the extra `docs`")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built without a warning; links and anchors that lead nowhere are warnings."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def _public_names() -> Iterator[str]:
    for module_name in PUBLIC_MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            yield name
            value = getattr(module, name)
            if inspect.isclass(value):
                # Blocking methods that are derived are told of where they come from.
                methods = (method for method in public_methods(value) if not _derived(method[1]))
                yield from (".".join(full.split(".")[-2:]) for full, _ in methods)


def _derived(method: object) -> bool:
    return hasattr(method, "__wrapped__")


def test_every_public_name_is_in_the_reference(site: Path) -> None:
    """What users may rely on, they can look up."""
    pages = (site / "reference").rglob("index.html")
    found = re.findall(
        r'id="([\w.]+)"', "".join(page.read_text(encoding="utf-8") for page in pages)
    )
    ends = {name.removeprefix(f"{module}.") for name in found for module in _modules(name)}
    assert set(_public_names()) - ends == set()


def _modules(name: str) -> Iterator[str]:
    """All that may be the module in the name of a class or a function."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(1, len(parts)))


def test_the_spanish_side_is_in_spanish(site: Path) -> None:
    """Menus and search too, not only the text."""
    text = (site / "es" / "guide" / "first-steps" / "index.html").read_text(encoding="utf-8")
    assert '<html lang="es"' in text
    assert "Primeros pasos" in text
    assert "Referencia" in text


def test_the_text_of_every_error_links_to_its_page(site: Path) -> None:
    """The address that it ends with is the one that the page is published under."""
    pages = {name: site / "errors" / name / "index.html" for name in errors.__all__}
    links = {name: _link(getattr(errors, name)) for name in pages}
    told = {
        name: re.findall('<link rel="canonical" href="([^"]+)">', page.read_text(encoding="utf-8"))
        for name, page in pages.items()
    }
    assert told == {name: [link] for name, link in links.items()}


def _link(kind: type[errors.VideskError]) -> str:
    return str(kind.__new__(kind)).split()[-1]


def test_the_page_of_every_error_is_there_in_spanish(site: Path) -> None:
    """And not the English one in its place."""
    pages = [site / "es" / "errors" / name / "index.html" for name in errors.__all__]
    assert [page for page in pages if "Qué hacer" not in page.read_text(encoding="utf-8")] == []


def test_the_command_line_page_tells_every_command_and_option() -> None:
    """docs/reference/command-line.md and `videsk-rooms --help` are about the same commands."""
    typer = pytest.importorskip("typer", reason="the command line is the extra `cli`")
    from videsk_rooms.cli._app import app

    page = (DOCS / "reference" / "command-line.md").read_text(encoding="utf-8")
    options = {
        section.partition("\n")[0]: set(re.findall(r"(?m)^\| `(--[\w-]+)", section))
        for section in page.split("\n## ")[1:]
    }
    common = options["Options of rooms and doctor"]
    told = {
        title.removeprefix("videsk-rooms "): own
        | (common if title.split()[1] in {"rooms", "doctor"} else set())
        for title, own in options.items()
        if title.startswith("videsk-rooms ")
    }
    assert told == dict(_options_by_command(typer.main.get_command(app)))


def _options_by_command(group: Any, path: str = "") -> Iterator[tuple[str, set[str]]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _options_by_command(command, f"{path}{name} ")
            continue
        options = (option for parameter in command.params for option in parameter.opts)
        yield f"{path}{name}", {option for option in options if option.startswith("--")}


def test_the_command_line_page_tells_every_exit_code() -> None:
    """The table is that of the code."""
    from videsk_rooms.cli._exits import ExitCode

    page = (DOCS / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert [int(code) for code in re.findall(r"(?m)^\| (\d+) \|", page)] == list(ExitCode)
