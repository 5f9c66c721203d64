"""The console of a sandbox: everything that it serves outside `/vpaas`.

`Sandbox(console=True)` creates one. The sandbox reaches it through two hooks: a callable that may
respond before the API does, and an `Observer` of what happens.
"""

from videsk_rooms.dev._site import Site
from videsk_rooms.dev._state import StateFile

__all__ = ["Site", "StateFile"]
