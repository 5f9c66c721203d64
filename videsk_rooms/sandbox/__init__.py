"""The Rooms API in the same process, for tests and demos.

It is written from `docs/api.md` and shares no code with the client, so that a mistake
in one of them does not hide in the other.
"""

from videsk_rooms.sandbox._fault import Fault, FaultKind
from videsk_rooms.sandbox._faults import Faults
from videsk_rooms.sandbox._log import RequestLog, RequestRecord
from videsk_rooms.sandbox._messages import Operation
from videsk_rooms.sandbox._sandbox import Sandbox
from videsk_rooms.sandbox._tokens import ApiTokens

__all__ = [
    "ApiTokens",
    "Fault",
    "FaultKind",
    "Faults",
    "Operation",
    "RequestLog",
    "RequestRecord",
    "Sandbox",
]
