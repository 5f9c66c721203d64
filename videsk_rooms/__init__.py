"""Video rooms from Python: the Videsk VPaaS Rooms API, awaited and blocking.

Names are loaded on first use, so `import videsk_rooms` costs next to nothing. Importing aiohttp
alone takes longer than everything else here together.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from ._attempt import *
    from ._blocking.access_stock import *
    from ._config import *
    from ._http.hooks import *
    from ._operations.access_stock import *
    from ._operations.bulk_iterators import *
    from ._operations.outcomes import *
    from ._ratelimit.status import *
    from ._wire.message import *
    from .client import *
    from .errors import *
    from .models import *
    from .rooms import *
    from .sync import *

_HOMES = {
    "_attempt": ("Attempt",),
    "_blocking.access_stock": ("AccessStock",),
    "_wire.message": ("Answer", "Headers", "Response"),
    "_http.hooks": ("AttemptEvent", "Hooks", "PaceEvent", "RetryEvent"),
    "_config": ("RateLimit", "Retry", "Timeout"),
    "_ratelimit.status": ("RateLimitStatus",),
    "_operations.access_stock": ("AsyncAccessStock",),
    "_operations.bulk_iterators": ("AsyncOutcomes", "Outcomes"),
    "_operations.outcomes": ("Outcome", "Progress"),
    "client": ("AsyncVidesk",),
    "errors": (
        "APIError",
        "AuthenticationError",
        "BadRequestError",
        "ClosedError",
        "ConfigurationError",
        "ConflictError",
        "ConnectionFailedError",
        "DeadlineExceededError",
        "InvalidRequestError",
        "NotFoundError",
        "OutcomeUnknownAtDeadlineError",
        "OutcomeUnknownError",
        "PermissionDeniedError",
        "RateLimitError",
        "ResponseError",
        "ServerError",
        "TransportError",
        "VideskError",
    ),
    "models": (
        "Authorization",
        "EnterableRoom",
        "JSONValue",
        "Room",
        "RoomAccess",
        "RoomPage",
        "RoomStats",
        "StatsView",
    ),
    "rooms": ("AsyncRooms", "AsyncRoomsWithResponse", "RoomChange", "RoomSpec", "Sort", "When"),
    "sync": ("Rooms", "RoomsWithResponse", "Videsk"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

# Type checkers use the imports above, each of which brings the names in `__all__` of its module.
# Of `__all__` they only read a list of strings, and they would accept any misspelt name because of
# `__getattr__`.
if not TYPE_CHECKING:
    __all__ = list(_HOME_OF)

    def __getattr__(name: str) -> object:
        if name not in _HOME_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})
