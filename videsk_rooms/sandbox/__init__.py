"""The Rooms API in the same process, for tests and demos."""

# `_emulator/` is the API and `dev/` the console. `Sandbox` puts them together.

from videsk_rooms._emulator.fault import Fault, FaultKind
from videsk_rooms._emulator.faults import Faults
from videsk_rooms._emulator.log import RequestLog, RequestRecord
from videsk_rooms._emulator.messages import Operation
from videsk_rooms._emulator.tokens import ApiTokens
from videsk_rooms.sandbox._sandbox import Sandbox

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
