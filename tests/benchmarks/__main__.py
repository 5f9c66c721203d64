"""The command line of the benchmark."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from .server import serving
from .tables import Table, as_markdown, as_plain, as_text
from .worker import SECTIONS, WITHOUT_JSON, measured

_REPEATS, _QUICK_REPEATS, _QUICK_SHARE = 31, 1, 0.05
_NEEDED = ("httpx", "pydantic", "requests")
_TOLD = ("aiohttp", "attrs", "cattrs", "orjson", "httpx", "requests", "pydantic", "uvloop")

_FAST = "with the extra fast (orjson)"
_STANDARD = "without the extra fast"


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
    parser.add_argument("--quick", action="store_true", help="a few calls only, to see it work")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print the figures as JSON")
    shown.add_argument("--markdown", action="store_true", help="print docs/performance.md's tables")
    given = parser.parse_args()
    if unknown := set(given.sections).difference(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    if given.repeats is not None and given.repeats < 1:
        parser.error("--repeats: give 1 or more")
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        parser.error(f"{', '.join(missing)} missing; run: pip install 'videsk-rooms[bench]'")
    return given


def _all_measured(sections: list[str], *, repeats: int, share: float) -> dict[str, list[Table]]:
    """Measure in groups, by what JSON is read with."""
    by_json = [section for section in sections if section not in WITHOUT_JSON]
    others = [section for section in sections if section in WITHOUT_JSON]
    groups = {
        _STANDARD: (by_json, False),
        _FAST: (by_json if find_spec("orjson") else [], True),
        "the same either way": (others, True),
    }
    with serving() as url:
        return {
            title: measured(chosen, fast=fast, url=url, repeats=repeats, share=share)
            for title, (chosen, fast) in groups.items()
            if chosen
        }


def _environment() -> str:
    versions = [f"{name} {found}" for name in _TOLD if (found := _version(name))]
    return ", ".join([f"{platform.python_implementation()} {platform.python_version()}", *versions])


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _print_for_people(groups: dict[str, list[Table]], *, markdown: bool) -> None:
    show = as_markdown if markdown else as_text
    print(f"{_environment()}\n")
    for title, tables in groups.items():
        print(f"{'### ' if markdown else '== '}{title[0].upper()}{title[1:]}\n")
        for table in tables:
            print(f"{show(table)}\n")


def _main() -> None:
    given = _arguments()
    groups = _all_measured(
        [section for section in SECTIONS if section in (given.sections or SECTIONS)],
        repeats=given.repeats or (_QUICK_REPEATS if given.quick else _REPEATS),
        share=_QUICK_SHARE if given.quick else 1.0,
    )
    if given.json:
        plain = {title: [as_plain(table) for table in tables] for title, tables in groups.items()}
        json.dump({"environment": _environment(), "groups": plain}, sys.stdout, indent=2)
    else:
        _print_for_people(groups, markdown=given.markdown)


if __name__ == "__main__":
    _main()
