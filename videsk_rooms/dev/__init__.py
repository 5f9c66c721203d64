"""The console of a sandbox: everything that it serves outside of `/vpaas`.

`Sandbox(console=True)` makes one. The sandbox knows of it by two hooks only: a callable that is
asked for an answer before the API is, and an `Observer` that hears what happens.
"""

from videsk_rooms.dev._site import Site
from videsk_rooms.dev._state import StateFile

__all__ = ["Site", "StateFile"]
