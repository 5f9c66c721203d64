"""The settings of a client, by which it is pickled and copied.

The new client makes its own connections, threads and queues. A pickle holds a secret that was
given as an argument only if that was allowed (docs/decisions/0013-pickled-clients.md).
"""

from __future__ import annotations

import io
import pickle
import ssl as _ssl
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from videsk_rooms._config import (
    Priority,
    RateLimit,
    Retry,
    Timeout,
    checked_headers,
    checked_proxy,
    checked_rate_limit,
    checked_retry,
    checked_secrets_in_pickles,
    checked_timeout,
)
from videsk_rooms.errors import ConfigurationError

from .hooks import Hooks, checked_hooks
from .tokens import TokenSource, token_source

if TYPE_CHECKING:
    import aiohttp  # noqa: TC004 - attrs reads no types, and aiohttp is loaded late


@attrs.frozen(repr=False)
class Settings:
    """The options of a client, checked here where that takes no other option."""

    source: TokenSource = attrs.field(converter=token_source)
    base_url: str
    timeout: Timeout = attrs.field(converter=checked_timeout)
    retry: Retry = attrs.field(converter=checked_retry)
    rate_limit: RateLimit | None = attrs.field(converter=checked_rate_limit)
    hooks: Hooks = attrs.field(converter=checked_hooks)
    session: aiohttp.ClientSession | None
    proxy: str | None = attrs.field(converter=checked_proxy)
    trust_env: bool
    ssl: bool | _ssl.SSLContext | aiohttp.Fingerprint | None
    headers: Mapping[str, str] = attrs.field(converter=checked_headers)
    allow_http: bool
    priority: Priority | None = None
    secrets_in_pickles: bool = attrs.field(default=False, converter=checked_secrets_in_pickles)

    def __reduce__(self) -> tuple[object, ...]:
        _check_picklable(self)
        api_token = self.source.in_pickle(secrets=self.secrets_in_pickles)
        _check_pickles("api_token", api_token, _GIVE_A_FUNCTION)
        rest = attrs.asdict(self, recurse=False)
        for name in ("source", "session", "secrets_in_pickles"):
            del rest[name]
        return _unpickled, (api_token, rest)

    def __deepcopy__(self, _: dict[int, object]) -> Settings:
        # They are immutable, and the objects in them, such as an SSLContext, may be shared.
        return self


def _unpickled(api_token: Any, rest: dict[str, Any]) -> Settings:
    # `secrets_in_pickles` is not passed on: each process has to allow it.
    return Settings(api_token, session=None, **rest)


class PickledBySettings:
    """A client that is pickled and copied by its settings, including a subclass's attributes."""

    _parts: ClassVar[frozenset[str]]
    """The attributes that `_set_up` makes, which are not pickled."""

    _settings: Settings

    def _set_up(self, settings: Settings) -> None:
        raise NotImplementedError

    def __getstate__(self) -> dict[str, object]:
        added = {name: value for name, value in vars(self).items() if name not in self._parts}
        return {**added, "_settings": self._settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        added = dict(state)
        self._set_up(added.pop("_settings"))
        self.__dict__.update(added)


# -- what is not pickled --------------------------------------------------------------------------

_MAKE_IT_THERE = "make the client in the process that uses it"
_GIVE_A_FUNCTION = "give a function of a module, which is pickled by its name"
_MAY_BE_SECRET = (
    "{} may hold a password, and a client does not put secrets into its pickle; "
    f"{_MAKE_IT_THERE}, or pickle client.with_options(secrets_in_pickles=True), whose pickles show "
    "it to everyone who reads them"
)
_WITHOUT_HOOKS = (
    f"{_GIVE_A_FUNCTION}, or pickle client.with_options(hooks=Hooks()), which has no hooks"
)


def _check_picklable(settings: Settings) -> None:
    if settings.session is not None:
        raise ConfigurationError(
            "a client with session= does not pickle, because the session's connections belong to "
            f"this process; {_MAKE_IT_THERE}"
        )
    if not settings.secrets_in_pickles:
        _check_without_password("proxy", settings.proxy)
        if settings.headers:
            raise ConfigurationError(_MAY_BE_SECRET.format("headers"))
        if settings.rate_limit is not None:
            _check_without_password("RateLimit.shared", settings.rate_limit.shared)
    for name, hook in attrs.asdict(settings.hooks, recurse=False).items():
        _check_pickles(f"hooks: {name}", hook, _WITHOUT_HOOKS)
    _check_pickles("ssl", settings.ssl, _MAKE_IT_THERE)


def _check_without_password(name: str, url: str | None) -> None:
    # Anywhere, because the URL may be misspelt, and because Redis takes `?password=…`, too.
    if url is not None and not url.startswith("file:") and ("@" in url or "password" in url):
        raise ConfigurationError(_MAY_BE_SECRET.format(name))


def _check_pickles(name: str, value: object, instead: str) -> None:
    # Pickled in advance, because pickle's own error does not name the argument. cloudpickle also
    # pickles lambdas, and there is no telling which of the two is pickling.
    if "cloudpickle" in sys.modules:
        return
    try:
        _Probe(io.BytesIO()).dump(value)
    except Exception:
        shown = getattr(value, "__qualname__", type(value).__qualname__)
        raise ConfigurationError(f"{name}={shown} does not pickle; {instead}") from None


class _Probe(pickle.Pickler):
    """Pickles a value to see whether that is possible.

    It skips clients, which check themselves, and the queues and locks of multiprocessing, which
    are pickled only while a process is started.
    """

    def persistent_id(self, thing: object) -> str | None:
        skipped = isinstance(thing, PickledBySettings) or type(thing).__module__.startswith(
            "multiprocessing."
        )
        return "skipped" if skipped else None
