"""The two files that are handed out: what is in them, and what they say of themselves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

import videsk_rooms
from tests.docs.blocks import ROOT

from .building import Built, built

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.any_python("what is built holds no code for one Python alone")

for _package in ("build", "hatchling", "hatch_fancy_pypi_readme", "trove_classifiers"):
    pytest.importorskip(_package, reason="the package is built with what the extra `dev` brings")

VERSION = videsk_rooms.__version__
SITE = "https://videsk-rooms.readthedocs.io/latest/"
# What a distribution holds beside the three folders. hatchling always adds .gitignore, for a wheel
# that is built of the distribution to leave out the same.
BESIDE = {
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "SECURITY.md",
    "PKG-INFO",
    "README.md",
    "mkdocs.yml",
    "pyproject.toml",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Both files, built of this checkout."""
    return built(ROOT, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def unpacked(files: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, unpacked."""
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["tar", "-xf", files.sdist, "-C", folder], check=True)
    (inside,) = folder.iterdir()
    return inside


def _in_checkout(*folders: str) -> Iterator[str]:
    for folder in folders:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix()


# -- contents -------------------------------------------------------------------------------------


def test_the_wheel_holds_the_package_and_nothing_else(files: Built) -> None:
    """No tests, no pages, no caches; the console with all that browsers load."""
    with zipfile.ZipFile(files.wheel) as wheel:
        names = set(wheel.namelist())
    about = f"videsk_rooms-{VERSION}.dist-info"
    of_metadata = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
    code = {name for name in _in_checkout("videsk_rooms") if name.endswith(".py")}
    served = {f"videsk_rooms/dev/{folder}" for folder in ("console", "sdk", "call")}
    files_of_pages = {name for name in _in_checkout(*served) if not name.endswith(".py")}
    assert {name.rpartition("/")[0] for name in files_of_pages} >= served
    assert names - code - files_of_pages == {
        "videsk_rooms/py.typed",
        *(f"{about}/{name}" for name in of_metadata),
    }
    assert code | files_of_pages <= names


def test_the_source_distribution_holds_code_tests_and_pages(files: Built) -> None:
    """All that the wheel is built of and the tests need, without caches and the like."""
    with tarfile.open(files.sdist) as sdist:
        names = {member.name for member in sdist if member.isfile()}
    expected = BESIDE | set(_in_checkout("docs", "tests", "videsk_rooms"))
    assert names == {f"videsk_rooms-{VERSION}/{name}" for name in expected}


def test_what_is_built_of_the_source_distribution_is_the_same_to_the_byte(
    files: Built, unpacked: Path, tmp_path: Path
) -> None:
    """Whoever doubts a published file can build it again."""
    again = built(unpacked, tmp_path)
    assert again.wheel.read_bytes() == files.wheel.read_bytes()
    assert again.sdist.read_bytes() == files.sdist.read_bytes()


def test_tests_run_from_the_source_distribution(unpacked: Path) -> None:
    """Whoever packages it for a system can run them; these read pages and code, and are quick."""
    quick = ["tests/docs/test_pages.py", "tests/docs/test_architecture.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *quick],
        cwd=unpacked,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# -- metadata -------------------------------------------------------------------------------------


def test_the_metadata_says_what_the_package_is(files: Built) -> None:
    """Name, version, licence and what it needs."""
    told = files.metadata.metadata
    assert (told["Name"], told["Version"]) == ("videsk-rooms", VERSION)
    assert (told["License-Expression"], told.get_all("License-File")) == ("MIT", ["LICENSE"])
    assert told["Description-Content-Type"] == "text/markdown"
    needed = {each for each in files.metadata.requires or [] if "extra ==" not in each}
    assert {re.split(r"[>=<;]", each)[0] for each in needed} == {
        "aiohttp",
        "anyio",
        "attrs",
        "cattrs",
    }


def test_its_links_are_those_of_the_site(files: Built) -> None:
    """Pages that the site will have, and the vendor's own."""
    links = files.metadata.metadata.get_all("Project-URL") or []
    told = dict(link.split(", ") for link in links)
    assert told.pop("API documentation") == "https://docs.videsk.io"
    assert told == {"Documentation": SITE, "Changelog": f"{SITE}changelog/"}
    assert f"site_url: {SITE}\n" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


def test_classifiers_are_known(files: Built) -> None:
    """PyPI refuses a distribution with any other."""
    from trove_classifiers import classifiers

    told = files.metadata.metadata.get_all("Classifier") or []
    assert set(told) - set(classifiers) == set()


def test_the_oldest_python_told_is_the_oldest_that_is_allowed(files: Built) -> None:
    """Classifiers for people, `Requires-Python` for pip."""
    told = files.metadata.metadata
    named = re.findall(r":: (3)\.(\d+)\n", "\n".join(told.get_all("Classifier") or []) + "\n")
    oldest = min((int(major), int(minor)) for major, minor in named)
    assert told["Requires-Python"] == ">={}.{}".format(*oldest)


# -- pages ----------------------------------------------------------------------------------------


def _description(files: Built) -> str:
    return files.metadata.metadata["Description"]


def test_the_readme_on_pypi_links_to_pages_of_the_site(files: Built) -> None:
    """Links to files of the checkout would lead nowhere there; images are on the site, too."""
    found = re.findall(r"\]\(([^)#]+)", _description(files))
    links = [link for link in found if not link.startswith("https://docs.videsk.io")]
    assert len(links) > 10
    assert [link for link in links if not _is_page(link)] == []


def _is_page(link: str) -> bool:
    """Tell whether a file of the pages becomes what the site has there."""
    path = link.removeprefix(SITE)
    if path.startswith("assets/"):
        return (ROOT / "docs" / path).is_file()
    path, ending = (path[3:], "es.md") if path.startswith("es/") else (path, "md")
    path = path.removesuffix("/") or "."
    files = [f"{path}.{ending}", f"{path}/index.{ending}"]
    return not path.endswith("index") and any((ROOT / "docs" / file).is_file() for file in files)


def test_the_readme_on_pypi_says_how_to_install_from_there(files: Built) -> None:
    """What the README says of checkouts stays there."""
    assert re.findall(r"pip install (.*)", _description(files)) == [
        "'videsk-rooms[cli]' && videsk-rooms demo"
    ]


@pytest.mark.parametrize("language", ["md", "es.md"])
def test_every_extra_is_explained(files: Built, language: str) -> None:
    """Those of users in the first steps, those of developers on the page for these."""
    told = _extras_told(f"guide/first-steps.{language}") + _extras_told("contributing.md")
    assert sorted(told) == sorted(files.metadata.metadata.get_all("Provides-Extra") or [])


def _extras_told(page: str) -> list[str]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    table = text.partition("\n| extra |")[2].partition("\n\n")[0]
    return re.findall(r"(?m)^\| `(\w+)` \|", table)
