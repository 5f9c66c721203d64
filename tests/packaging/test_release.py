"""The checks before a release, on a small checkout that is ready and on spoiled copies of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT

from .__main__ import main
from .building import built
from .release import CHECKS

pytestmark = pytest.mark.any_python("what is built holds no code for one Python alone")

for _package in ("build", "hatchling", "hatch_fancy_pypi_readme"):
    pytest.importorskip(_package, reason="the package is built with what the extra `dev` brings")
if shutil.which("git") is None:
    pytest.skip("no git", allow_module_level=True)

CHANGELOG = "# Changelog\n\n## [1.2.3] - 2026-01-31\n\n## [1.2.2] - Unreleased\n"


def _git(checkout: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=checkout, check=True, capture_output=True)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of a small package, built, committed and tagged."""
    checkout = tmp_path_factory.mktemp("ready")
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, checkout)
    (checkout / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    (checkout / "videsk_rooms").mkdir()
    _write_version(checkout, "1.2.3")
    guide = checkout / "docs" / "guide"
    guide.mkdir(parents=True)
    (guide / "first-steps.md").write_text("pip install 'videsk-rooms[fast]'\n", encoding="utf-8")
    (checkout / "dist").mkdir()
    built(checkout, checkout / "dist")
    _git(checkout, "init", "--quiet")
    _git(checkout, "add", ".")
    _git(checkout, "commit", "--quiet", "-m", "All")
    _git(checkout, "tag", "v1.2.3")
    return checkout


@pytest.fixture
def checkout(ready: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoiled."""
    return Path(shutil.copytree(ready, tmp_path / "checkout"))


def _write_version(checkout: Path, version: str) -> None:
    text = f'__version__ = "{version}"\n'
    (checkout / "videsk_rooms" / "_version.py").write_text(text, encoding="utf-8")


def _complaints(checkout: Path, what: str) -> list[str]:
    return list(CHECKS[what](checkout))


def test_a_checkout_that_is_ready_passes(ready: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every check, and what is left for a person is told."""
    assert main(ready) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[: len(CHECKS)] == [f"ok     {what}" for what in CHECKS]
    assert "- Upload: python -m uv publish dist/*1.2.3*" in lines


@pytest.mark.parametrize("version", ["1.2", "1.2.3.dev0", "1.2.3+local"])
def test_a_version_that_pypi_or_people_misread(checkout: Path, version: str) -> None:
    """Three numbers, perhaps a mark of a version to try."""
    _write_version(checkout, version)
    (said,) = _complaints(checkout, "the version is one to hand out")
    assert said.startswith(f"__version__ is {version};")


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("[1.2.2] - 2026-01-31", "CHANGELOG.md begins with 1.2.2, __version__ is 1.2.3"),
        ("[1.2.3] - Unreleased", "CHANGELOG.md: 'Unreleased' stands where the date belongs;"),
        ("[1.2.3] - 9999-01-01", "CHANGELOG.md: 9999-01-01 is yet to come;"),
    ],
)
def test_a_changelog_that_is_not_of_this_version(checkout: Path, heading: str, said: str) -> None:
    """Its first heading has the version and the day."""
    (checkout / "CHANGELOG.md").write_text(f"## {heading}\n", encoding="utf-8")
    (complaint,) = _complaints(checkout, "the changelog begins with it, and with its day")
    assert complaint.startswith(said)


def test_a_page_that_installs_from_a_checkout(checkout: Path) -> None:
    """Before the first release they must, with it they must not any more."""
    page = checkout / "docs" / "guide" / "first-steps.md"
    page.write_text("\npip install '.[fast]'\npip install '.[docs]'\n", encoding="utf-8")
    (said,) = _complaints(checkout, "the pages install from PyPI")
    assert said.startswith("docs/guide/first-steps.md:2 installs from a checkout;")


def test_a_commit_without_its_tag(checkout: Path) -> None:
    """Or with that of another version."""
    _git(checkout, "tag", "-d", "v1.2.3")
    _git(checkout, "tag", "1.2.3")
    (said,) = _complaints(checkout, "the commit is tagged")
    assert said == "1.2.3 at this commit; run: git tag -a v1.2.3 -m v1.2.3"


def test_what_is_wrong_is_told(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Below the check that found it; and the command fails."""
    (checkout / "notes").write_text("", encoding="utf-8")
    dist = checkout / "dist"
    (dist / "videsk_rooms-1.2.3.tar.gz").unlink()
    (dist / "videsk_rooms-1.2.3-py3-none-any.whl").write_bytes(b"older")
    (dist / "videsk_rooms-1.2.2.tar.gz").write_bytes(b"")
    assert main(checkout) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(";")[0] for line in lines[3:10]] == [
        "wrong  everything is committed",
        "       not committed: notes",
        "ok     the commit is tagged",
        "wrong  dist/ holds what this commit builds",
        "       dist/ lacks videsk_rooms-1.2.3.tar.gz",
        "       dist/ also holds videsk_rooms-1.2.2.tar.gz",
        "       dist/videsk_rooms-1.2.3-py3-none-any.whl is not what this checkout builds",
    ]
