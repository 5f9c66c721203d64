"""A plugin of pytest: the reports of a test tell what it shows, also from other processes.

Nobody imports it but pytest, which rewrites its plugins when it loads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .matrix import PROPERTY, WHATS

if TYPE_CHECKING:
    from collections.abc import Sequence


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Put what the mark `shows` says where the reports of a test have it."""
    for item in items:
        for mark in item.iter_markers("shows"):
            place, what = mark.kwargs["place"], mark.kwargs["what"]
            if what not in WHATS:
                raise pytest.UsageError(f"{item.nodeid} shows {what!r}; choose from {WHATS}")
            item.user_properties.append((PROPERTY, (place, what)))
