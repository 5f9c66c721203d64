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

SECTIONS = (
    "get",
    "tasks",
    "limited",
    "list",
    "iter",
    "create",
    "blocking",
    "threads",
    "decode",
    "import",
    "memory",
)
# What the extra bench brings.
NEEDED = ("httpx", "niquests", "openapi_python_client", "pydantic", "requests")
# Those whose figures do not depend on what JSON is read with.
WITHOUT_JSON = frozenset({"import", "memory"})


def measured(
    sections: Sequence[str], *, fast: bool, url: str, generated: str, repeats: int, share: float
) -> list[Table]:
    """Measure sections in a process of their own."""
    done = subprocess.run(
        [
            *(sys.executable, *(f"-W{option}" for option in sys.warnoptions)),
            *("-m", __name__, *sections),
            *("--url", url, "--generated", generated),
            *("--repeats", str(repeats), "--share", str(share)),
            *(() if fast else ("--without-fast",)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [from_plain(plain) for plain in cast("list[PlainTable]", json.loads(done.stdout))]


def _measure(section: str, url: str, repeats: int, share: float) -> list[Table]:
    from . import awaited, blocking, creating, decoding, importing, memory, reading

    def effort(calls: int) -> Effort:
        return Effort(repeats, max(1, round(calls * share)))

    sections: dict[str, Callable[[], list[Table]]] = {
        "get": lambda: [asyncio.run(awaited.get(url, effort(100)))],
        "tasks": lambda: [asyncio.run(awaited.tasks(url, effort(128)))],
        "limited": lambda: [asyncio.run(awaited.limited(url, effort(100)))],
        "list": lambda: [asyncio.run(awaited.list_(url, effort(40)))],
        "iter": lambda: [asyncio.run(reading.iter_(url, effort(1)))],
        "create": lambda: [asyncio.run(creating.create(url, effort(200)))],
        "blocking": lambda: [blocking.one_thread(url, effort(60))],
        "threads": lambda: [blocking.many_threads(url, effort(128), n) for n in (16, 64)],
        "decode": lambda: [decoding.decode(effort(40))],
        "import": lambda: [importing.import_(effort(1))],
        "memory": lambda: memory.memory(url, effort(40).calls),
    }
    return sections[section]()


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("sections", nargs="+", choices=SECTIONS)
    parser.add_argument("--url", required=True)
    parser.add_argument("--generated", required=True)
    parser.add_argument("--repeats", type=int, required=True)
    parser.add_argument("--share", type=float, required=True)
    parser.add_argument("--without-fast", action="store_true")
    given = parser.parse_args()
    if given.without_fast:
        sys.modules["orjson"] = None  # type: ignore[assignment]  # importing it now fails
    sys.path.append(given.generated)
    tables = [
        table
        for section in given.sections
        for table in _measure(section, given.url, given.repeats, given.share)
    ]
    json.dump([as_plain(table) for table in tables], sys.stdout)


if __name__ == "__main__":
    _main()
