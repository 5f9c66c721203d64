"""The monotonic clock, also while a test freezes time.

freezegun replaces `time.monotonic` in every module that holds it. Its own stands still and counts
from 1970, so deadlines would never come, or all at once. It does not look into a `partial`.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["monotonic"]

# A module that is imported while time is frozen finds freezegun's.
_real = getattr(sys.modules.get("freezegun.api"), "real_monotonic", time.monotonic)

monotonic: Callable[[], float] = partial(_real)
"""Returns seconds, unaffected by the wall clock."""

del _real
