"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from .generated import generating
from .server import serving
from .tables import Table, as_markdown, as_plain, as_text
from .worker import NEEDED, SECTIONS, WITHOUT_JSON, measured

_REPEATS, _QUICK_REPEATS, _QUICK_SHARE = 19, 1, 0.05
_TOLD = (
    "aiohttp",
    "attrs",
    "cattrs",
    "orjson",
    "httpx",
    "niquests",
    "openapi-python-client",
    "requests",
    "pydantic",
    "uvloop",
)

_FAST = "with the extra fast (orjson)"
_STANDARD = "without the extra fast"
_EITHER = "the same either way"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=(
            "Calls per second of this package and its peers, in turns, against a local server. "
            "Tells which goals are met; never fails because of timing."
        ),
    )
    parser.add_argument(
        "sections", nargs="*", metavar="section", help=f"which of {', '.join(SECTIONS)}; all"
    )
    parser.add_argument("--repeats", type=int, help=f"rounds over all peers; {_REPEATS}")
    parser.add_argument(
        "--quick", action="store_true", help="a few calls, in one way of JSON, to see it work"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print the figures as JSON")
    shown.add_argument("--markdown", action="store_true", help="print docs/performance.md's tables")
    given = parser.parse_args()
    if unknown := set(given.sections).difference(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    if given.repeats is not None and given.repeats < 1:
        parser.error("--repeats: give 1 or more")
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        parser.error(f"{', '.join(missing)} missing; run: pip install -e '.[bench]'")
    return given


def _groups(sections: list[str], *, quick: bool) -> dict[str, tuple[list[str], bool]]:
    """Group sections by what JSON is read with: those that are measured, and whether by orjson."""
    has_orjson = find_spec("orjson") is not None
    if quick:
        return {_FAST if has_orjson else _STANDARD: (sections, has_orjson)}
    by_json = [section for section in sections if section not in WITHOUT_JSON]
    others = [section for section in sections if section in WITHOUT_JSON]
    return {
        _STANDARD: (by_json, False),
        _FAST: (by_json if has_orjson else [], True),
        _EITHER: (others, True),
    }


def _all_measured(
    groups: dict[str, tuple[list[str], bool]], *, repeats: int, share: float
) -> dict[str, list[Table]]:
    with serving() as url, generating() as folder:
        return {
            title: measured(
                sections, fast=fast, url=url, generated=folder, repeats=repeats, share=share
            )
            for title, (sections, fast) in groups.items()
            if sections
        }


def _environment() -> str:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    versions = [f"{name} {found}" for name in _TOLD if (found := _version(name))]
    return ", ".join([python, *versions, f"urllib3 {_urllib3()}", f"{os.cpu_count()} cores"])


def _urllib3() -> str:
    from urllib3._version import __version__

    return str(__version__)  # its metadata does not tell when niquests has replaced it


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _print_for_people(environment: str, groups: dict[str, list[Table]], *, markdown: bool) -> None:
    show = as_markdown if markdown else as_text
    print(f"{environment}:\n")
    for title, tables in groups.items():
        print(f"{'### ' if markdown else '== '}{title[0].upper()}{title[1:]}\n")
        for table in tables:
            print(f"{show(table)}\n")


def _main() -> None:
    given = _arguments()
    repeats = given.repeats or (_QUICK_REPEATS if given.quick else _REPEATS)
    load_before = _load()
    sections = [section for section in SECTIONS if section in (given.sections or SECTIONS)]
    groups = _all_measured(
        _groups(sections, quick=given.quick),
        repeats=repeats,
        share=_QUICK_SHARE if given.quick else 1.0,
    )
    load = f"load average {load_before} before and {_load()} after"
    environment = f"{_environment()}, {load}, rounds: {repeats}"
    if given.json:
        plain = {title: [as_plain(table) for table in tables] for title, tables in groups.items()}
        json.dump({"environment": environment, "groups": plain}, sys.stdout, indent=2)
    else:
        _print_for_people(environment, groups, markdown=given.markdown)


if __name__ == "__main__":
    _main()
