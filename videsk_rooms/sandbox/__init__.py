"""The Rooms API in the same process, for tests and demos.

It is written from `docs/api.md` and shares no code with the client, so that a mistake
in one of them does not hide in the other.
"""

from ._fault import Fault, FaultKind
from ._faults import Faults
from ._log import RequestLog, RequestRecord
from ._messages import Operation
from ._sandbox import Sandbox
from ._tokens import ApiTokens

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
