"""A plugin of pytest: the reports of a test tell what it shows, also from other processes.

Nobody imports it but pytest, which rewrites its plugins when it loads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .matrix import PROPERTY, WHATS

if TYPE_CHECKING:
    from collections.abc import Sequence

_FOLDER = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Put what the mark `shows` says where the reports of a test have it."""
    for item in items:
        marks = [mark.kwargs for mark in item.iter_markers("shows")]
        if not marks and _FOLDER in item.path.parents:
            raise pytest.UsageError(f"{item.nodeid}: mark it with shows(place=…, what=…)")
        for mark in marks:
            if mark.keys() != {"place", "what"} or mark["what"] not in WHATS:
                raise pytest.UsageError(
                    f"{item.nodeid}: shows({mark}) needs a place, and a what of {WHATS}"
                )
            item.user_properties.append((PROPERTY, (mark["place"], mark["what"])))
