"""The clients of this process, created from the setting on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from django.conf import settings
from django.core.signals import setting_changed

import videsk_rooms
from videsk_rooms import ConfigurationError

if TYPE_CHECKING:
    from videsk_rooms import AsyncVidesk, Videsk
    from videsk_rooms.integrations._settings import Configured

Kind = Literal["AsyncVidesk", "Videsk"]

SETTING = "VIDESK"
_clients: dict[Kind, AsyncVidesk | Videsk] = {}


def configured() -> Configured:
    """Read the setting.

    Raises:
        ConfigurationError: It is not a dictionary.
    """
    # Imported here, because it loads the clients, and most commands of manage.py need none.
    from videsk_rooms.integrations._settings import Configured

    values = getattr(settings, SETTING, {})
    if not isinstance(values, dict):
        raise ConfigurationError(
            f"{SETTING} is a {type(values).__name__}; give a dictionary, such as "
            '{"TIMEOUT": 10.0}'
        )
    return Configured(values, f'{SETTING}["{{}}"]')


class _Proxy:
    """A proxy for the process's client, which is created on first use."""

    def __init__(self, kind: Kind) -> None:
        self._kind: Kind = kind

    def __getattr__(self, name: str) -> object:
        return getattr(_client(self._kind), name)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._kind,)  # unpickles as a proxy for the other process's client

    def __repr__(self) -> str:
        return f"<the {self._kind} of the setting {SETTING}>"


def _client(kind: Kind) -> AsyncVidesk | Videsk:
    client = _clients.get(kind)
    if client is None:
        # No lock, because a fork could inherit it locked. If two clients are created at the same
        # time, one is dropped before it has a thread or a connection.
        made: AsyncVidesk | Videsk = configured().make(getattr(videsk_rooms, kind))
        client = _clients.setdefault(kind, made)
    return client


def _forget(*, setting: str, **_: object) -> None:
    """Create new clients after a test changed the setting."""
    if setting != SETTING:
        return
    _clients.pop("AsyncVidesk", None)  # its connections close with their event loops
    blocking = _clients.pop("Videsk", None)
    if blocking is not None:
        cast("Videsk", blocking).close()


setting_changed.connect(_forget)

videsk: Videsk = cast("Videsk", _Proxy("Videsk"))
async_videsk: AsyncVidesk = cast("AsyncVidesk", _Proxy("AsyncVidesk"))
