"""One process that measures some sections, with or without orjson, and prints them as JSON.

Which JSON the package reads with is settled when it is imported, so each way has its process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, cast

from .measure import Effort
from .tables import PlainTable, Table, as_plain, from_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SECTIONS = ("get", "paced", "list", "blocking", "threads", "decode", "import")
# Those whose figures do not depend on what JSON is read with.
WITHOUT_JSON = frozenset({"import"})


def measured(
    sections: Sequence[str], *, fast: bool, url: str, repeats: int, share: float
) -> list[Table]:
    """Measure sections in a process of their own."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", __name__, *sections),
            *("--url", url, "--repeats", str(repeats), "--share", str(share)),
            *(() if fast else ("--without-orjson",)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [from_plain(plain) for plain in cast("list[PlainTable]", json.loads(done.stdout))]


def _measure(section: str, url: str, repeats: int, share: float) -> Table:
    from . import awaited, blocking, decoding, importing

    def effort(calls: int) -> Effort:
        return Effort(repeats, max(2, round(calls * share)))

    sections: dict[str, Callable[[], Table]] = {
        "get": lambda: asyncio.run(awaited.get(url, effort(100))),
        "paced": lambda: asyncio.run(awaited.paced(url, effort(100))),
        "list": lambda: asyncio.run(awaited.list_(url, effort(40))),
        "blocking": lambda: blocking.one_thread(url, effort(60)),
        "threads": lambda: blocking.many_threads(url, effort(10)),
        "decode": lambda: decoding.decode(effort(40)),
        "import": lambda: importing.import_(effort(1)),
    }
    return sections[section]()


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sections", nargs="+", choices=SECTIONS)
    parser.add_argument("--url", required=True)
    parser.add_argument("--repeats", type=int, required=True)
    parser.add_argument("--share", type=float, required=True)
    parser.add_argument("--without-orjson", action="store_true")
    given = parser.parse_args()
    if given.without_orjson:
        sys.modules["orjson"] = None  # type: ignore[assignment]  # importing it now fails
    tables = [
        _measure(section, given.url, given.repeats, given.share) for section in given.sections
    ]
    json.dump([as_plain(table) for table in tables], sys.stdout)


if __name__ == "__main__":
    _main()
