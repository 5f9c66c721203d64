"""The site is built as it is published, looked through, and read in a browser, in both languages.

All of it is in this one file, so that the site is built once, whichever process has the file.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from videsk_rooms import errors

from .blocks import DOCS, PUBLIC_MODULES, ROOT, public_methods
from .site import Document, is_elsewhere, served, target_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.browser.chromium import Visits

pytestmark = pytest.mark.any_python("the site is built and read in one way everywhere")

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
    code = getattr(method, "__code__", None)
    return code is not None and code.co_filename == "<derived method>"


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


def test_a_result_is_one_item(site: Path) -> None:
    """However many lines describe it; each line would otherwise be a result by itself."""
    section = re.compile(r"Returns:</span></p>\s*<ul>(.*?)</ul>", re.DOTALL)
    found = [
        items.count("doc-section-item")
        for page in (site / "reference").rglob("index.html")
        for items in section.findall(page.read_text(encoding="utf-8"))
    ]
    assert len(found) > 30
    assert set(found) == {1}


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
    from videsk_rooms.cli._output import ExitCode

    page = (DOCS / "reference" / "command-line.md").read_text(encoding="utf-8")
    assert [int(code) for code in re.findall(r"(?m)^\| (\d+) \|", page)] == list(ExitCode)


# -- for language models --------------------------------------------------------------------------


def test_the_index_for_language_models_lists_every_english_page(site: Path) -> None:
    """Once, and each with an address that is there."""
    text = (site / "llms.txt").read_text(encoding="utf-8")
    assert text.startswith("# videsk-rooms\n\n> Video rooms from Python")
    listed = re.findall(r"(?m)^- \[.+\]\((.+?)\)(?:: .+)?$", text)
    pages = {page.parent.relative_to(site).as_posix() for page in site.rglob("index.html")}
    english = {page for page in pages if page.split("/")[0] != "es"}
    root = errors.PAGES.removesuffix("errors/")
    assert sorted(listed) == sorted(f"{root}{page}/".replace("./", "") for page in english)


def test_the_text_for_language_models_holds_the_pages_and_the_reference(site: Path) -> None:
    """With whole addresses, and with docstrings where a page names an object."""
    text = (site / "llms-full.txt").read_text(encoding="utf-8")
    pages = [DOCS / "guide" / "workers.md", ROOT / "CHANGELOG.md"]
    for page in pages:
        assert f"\n{page.read_text(encoding='utf-8').splitlines()[0]}\n" in text
    assert "### `videsk_rooms.AsyncRooms.create(" in text
    prose = re.sub(r"(?ms)^ *```.*?^ *```$", "", text)
    assert re.findall(r"\]\((?!https?://|#|mailto:)[^)]+\)", prose) == []
    assert not re.search(r"(?m)^(:::|--8<--)", prose)


# -- links ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def documents(site: Path) -> dict[Path, Document]:
    """Every page of the site, by its file."""
    return {page.resolve(): Document(page) for page in site.rglob("*.html")}


def test_links_and_anchors_lead_somewhere(site: Path, documents: dict[Path, Document]) -> None:
    """MkDocs checks those of Markdown; these are all that a reader can click on."""
    broken = []
    for page, document in documents.items():
        for link in document.links:
            if is_elsewhere(link):
                continue
            found, anchor = target_of(link, page, site)
            if not found.is_file():
                broken.append(f"{page}: {link} is no page")
            elif anchor and anchor not in documents[found].ids:
                broken.append(f"{page}: {link} has no such anchor")
    assert broken == []


def test_links_to_elsewhere_can_be_followed(documents: dict[Path, Document]) -> None:
    """Whether somebody answers there is not asked; that they are addresses, and encrypted, is."""
    links = {link for document in documents.values() for link in document.links}
    elsewhere = {link for link in links if is_elsewhere(link)}
    assert elsewhere
    right = re.compile(r"https://([\w-]+\.)+[a-z]{2,}(/[\w./~%@+-]*)?(#[\w./-]*)?")
    assert {link for link in elsewhere if not right.fullmatch(link)} == set()


def test_pages_load_what_is_there_and_nothing_from_elsewhere(
    site: Path, documents: dict[Path, Document]
) -> None:
    """A reader's address is nobody else's business, and the site can be read without a network."""
    for page, document in documents.items():
        for loaded in document.loaded:
            assert not is_elsewhere(loaded), f"{page}: {loaded}"
            assert target_of(loaded, page, site)[0].is_file(), f"{page}: {loaded}"
        # The theme would fetch Mermaid from a host of its own.
        assert "mermaid" not in document.classes, page
    for sheet in site.rglob("*.css"):
        for loaded in re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")]+)", sheet.read_text("utf-8")):
            assert loaded.startswith("data:") or not is_elsewhere(loaded), f"{sheet}: {loaded}"


# -- in a browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where a browser finds the site."""
    with served(site) as address:
        yield address


@pytest.mark.parametrize(
    ("side", "asked", "title"),
    [("", "clinic", "A clinic's waiting room"), ("/es", "clínica", "La sala de espera")],
)
def test_search_finds_a_page(
    visits: Visits, address: str, side: str, asked: str, title: str
) -> None:
    """On each side of the site in its language."""
    page = visits.visitor()
    page.goto(f"{address}{side}/")
    page.locator(".md-search__input").click()
    page.locator(".md-search__input").press_sequentially(asked)
    page.locator(".md-search-result__link", has_text=title).first.click()
    page.wait_for_url(re.compile(rf"{re.escape(address)}{side}/tutorial/.*"))


def _found(visits: Visits, address: str, side: str, asked: str) -> list[str]:
    """Return the paths of what a side's search finds, the best first."""
    page = visits.visitor()
    page.goto(f"{address}{side}/?q={quote(asked)}")
    links = page.locator("a.md-search-result__link")
    links.first.wait_for(state="attached")
    paths: list[str] = links.evaluate_all("found => found.map(link => link.pathname + link.hash)")
    return paths


@pytest.mark.parametrize("side", ["", "/es"])
def test_search_stays_on_its_side(visits: Visits, address: str, side: str) -> None:
    """A reader finds no page in the other language; the reference is on both sides."""
    found = [
        path for asked in ("webhook", "to_dict") for path in _found(visits, address, side, asked)
    ]
    assert f"{side}/not-offered/" in found
    assert f"{side}/reference/models/" in found
    assert {path.startswith("/es/") for path in found} == {side == "/es"}


@pytest.mark.parametrize(
    ("side", "asked", "path"),
    [
        ("", "How do I delete a room?", "/guide/first-steps/"),
        ("", "list all rooms", "/guide/first-steps/"),
        ("", "mock videsk in tests", "/guide/testing/"),
        ("/es", "¿Cómo se elimina una sala?", "/es/guide/first-steps/"),
        ("/es", "listar todas las salas", "/es/guide/first-steps/"),
    ],
)
def test_search_answers_a_question(
    visits: Visits, address: str, side: str, asked: str, path: str
) -> None:
    """The first page found is the one that says how; small words and marks do not count."""
    assert _found(visits, address, side, asked)[0] == path


def test_the_language_changes_and_the_page_stays(visits: Visits, address: str) -> None:
    """Both ways."""
    page = visits.visitor()
    page.goto(f"{address}/guide/first-steps/")
    for language, title in (("es", "Primeros pasos"), ("en", "First steps")):
        page.locator(".md-select .md-header__button").hover()
        page.locator(f".md-select__link[hreflang={language}]").click()
        page.locator("h1", has_text=title).wait_for()
        assert page.locator("html").get_attribute("lang") == language


def test_the_page_goes_dark_and_stays_so(visits: Visits, address: str) -> None:
    """On the next page too; the diagrams go along."""
    page = visits.visitor(color_scheme="light")
    page.goto(f"{address}/guide/first-steps/")
    drawn = page.locator(".sequence .request > span:last-child").first
    colour = "element => getComputedStyle(element).color"
    on_paper = drawn.evaluate(colour)
    page.locator("label[for=__palette_1]:visible").click()
    page.locator("body[data-md-color-scheme=slate]").wait_for()
    assert drawn.evaluate(colour) != on_paper
    page.goto(f"{address}/tutorial/")
    page.locator("body[data-md-color-scheme=slate]").wait_for()


def test_tabs_change_and_code_is_copied(visits: Visits, address: str) -> None:
    """The first thing that a reader does."""
    page = visits.visitor(permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"{address}/")
    awaited, blocking = (page.locator(".tabbed-block").nth(number) for number in (0, 1))
    assert (awaited.is_visible(), blocking.is_visible()) == (True, False)
    page.locator(".tabbed-labels label", has_text="Blocking").click()
    blocking.wait_for()
    assert not awaited.is_visible()
    blocking.locator(".md-code__button").first.click()
    page.locator(".md-dialog--active").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("from videsk_rooms import Videsk\n\nwith Videsk() as videsk:\n")


_LAID_OUT = """body => {
    document.body.innerHTML = body;
    return document.querySelector(".md-content").scrollWidth;
}"""


def test_nothing_is_wider_than_a_phone(chromium: Browser, address: str, site: Path) -> None:
    """But for tables and code, which are moved within their frames; the layout needs no script."""
    page = chromium.new_page(viewport={"width": 360, "height": 780}, java_script_enabled=False)
    page.goto(f"{address}/")
    too_wide = []
    for file in site.rglob("index.html"):
        # All pages have the same style: to lay out their bodies takes a fraction of opening each.
        body = re.split(r"<body[^>]*>", file.read_text(encoding="utf-8"))[1]
        if page.evaluate(_LAID_OUT, body) > 360:
            too_wide.append(file.relative_to(site).parent.as_posix())
    page.close()
    assert too_wide == []


@pytest.mark.parametrize("side", ["", "/es"])
def test_the_cheat_sheet_is_printed_on_one_page(chromium: Browser, address: str, side: str) -> None:
    """Both clients side by side, in each language."""
    page = chromium.new_page()
    page.goto(f"{address}{side}/cheat-sheet/")
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
