"""Video rooms from Python: the Videsk VPaaS Rooms API, awaited and blocking.

Names are loaded when they are first used, so that `import videsk_rooms` costs next to nothing;
aiohttp alone takes longer to import than everything else here together.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from ._attempt import Attempt as Attempt
    from ._blocking.access_stock import AccessStock as AccessStock
    from ._config import RateLimit as RateLimit
    from ._config import Retry as Retry
    from ._config import Timeout as Timeout
    from ._http.hooks import AttemptEvent as AttemptEvent
    from ._http.hooks import Hooks as Hooks
    from ._http.hooks import PaceEvent as PaceEvent
    from ._http.hooks import RetryEvent as RetryEvent
    from ._operations.access_stock import AsyncAccessStock as AsyncAccessStock
    from ._operations.bulk_iterators import AsyncOutcomes as AsyncOutcomes
    from ._operations.bulk_iterators import Outcomes as Outcomes
    from ._operations.outcomes import Outcome as Outcome
    from ._operations.outcomes import Progress as Progress
    from ._ratelimit.status import RateLimitStatus as RateLimitStatus
    from ._wire.message import Answer as Answer
    from ._wire.message import Headers as Headers
    from ._wire.message import Response as Response
    from .client import AsyncVidesk as AsyncVidesk
    from .errors import APIError as APIError
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BadRequestError as BadRequestError
    from .errors import ClosedError as ClosedError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import ConflictError as ConflictError
    from .errors import ConnectionFailedError as ConnectionFailedError
    from .errors import DeadlineExceededError as DeadlineExceededError
    from .errors import InvalidRequestError as InvalidRequestError
    from .errors import NotFoundError as NotFoundError
    from .errors import OutcomeUnknownAtDeadlineError as OutcomeUnknownAtDeadlineError
    from .errors import OutcomeUnknownError as OutcomeUnknownError
    from .errors import PermissionDeniedError as PermissionDeniedError
    from .errors import RateLimitError as RateLimitError
    from .errors import ResponseError as ResponseError
    from .errors import ServerError as ServerError
    from .errors import TransportError as TransportError
    from .errors import VideskError as VideskError
    from .models import Authorization as Authorization
    from .models import EnterableRoom as EnterableRoom
    from .models import JSONValue as JSONValue
    from .models import Room as Room
    from .models import RoomAccess as RoomAccess
    from .models import RoomPage as RoomPage
    from .models import RoomStats as RoomStats
    from .models import StatsView as StatsView
    from .rooms import AsyncRooms as AsyncRooms
    from .rooms import AsyncRoomsWithResponse as AsyncRoomsWithResponse
    from .rooms import RoomChange as RoomChange
    from .rooms import RoomSpec as RoomSpec
    from .rooms import Sort as Sort
    from .rooms import When as When
    from .sync import Rooms as Rooms
    from .sync import RoomsWithResponse as RoomsWithResponse
    from .sync import Videsk as Videsk

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

# Type checkers go by the names above. They read no `__all__` but a list of strings, and would take
# any misspelt name for one that `__getattr__` finds.
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
