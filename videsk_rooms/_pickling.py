"""Pickles and copies a client as its settings.

The new client makes its own connections, threads and queues. A pickle holds a secret that was
given as an argument only if that was allowed (docs/decisions/0013-pickled-clients.md).
"""

from __future__ import annotations

import copy
import io
import pickle
import ssl as _ssl
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import attrs

from ._config import Priority, RateLimit, Retry, Timeout
from ._http.hooks import Hooks
from ._http.tokens import TokenSource, token_source
from .errors import ConfigurationError

if TYPE_CHECKING:
    import aiohttp  # noqa: TC004 - attrs reads no types, and aiohttp is loaded late
    from typing_extensions import Self


@attrs.frozen(repr=False)
class Settings:
    """The checked options of a client."""

    source: TokenSource
    base_url: str
    timeout: Timeout
    retry: Retry
    rate_limit: RateLimit | None
    hooks: Hooks
    session: aiohttp.ClientSession | None
    proxy: str | None
    trust_env: bool
    ssl: bool | _ssl.SSLContext | aiohttp.Fingerprint | None
    allow_http: bool = False
    priority: Priority | None = None
    secrets_in_pickles: bool = False
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def __reduce__(self) -> tuple[object, ...]:
        _check_picklable(self)
        api_token = self.source.in_pickle(secrets=self.secrets_in_pickles)
        _check_pickles("api_token", api_token, _GIVE_A_FUNCTION)
        rest = attrs.asdict(self, recurse=False)
        for name in ("source", "session", "secrets_in_pickles"):
            del rest[name]
        return _unpickled, (api_token, rest)


def _unpickled(api_token: Any, rest: dict[str, Any]) -> Settings:
    # `secrets_in_pickles` is not passed on: each process has to allow it.
    return Settings(token_source(api_token), session=None, **rest)


class PickledBySettings:
    """A client that is pickled and copied by its settings, with the attributes of a subclass."""

    _parts: ClassVar[frozenset[str]]
    """The attributes that `_set_up` makes, which are not pickled."""

    _settings: Settings

    def _set_up(self, settings: Settings) -> None:
        raise NotImplementedError

    def __getstate__(self) -> dict[str, object]:
        return {**self._added(), "_settings": self._settings}

    def __setstate__(self, state: dict[str, Any]) -> None:
        added = dict(state)
        self._set_up(added.pop("_settings"))
        self.__dict__.update(added)

    def __copy__(self) -> Self:
        copied = object.__new__(type(self))
        copied._set_up(self._settings)
        copied.__dict__.update(self._added())
        return copied

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        # Settings are immutable, and the objects in them, such as an SSLContext, may be shared.
        copied = copy.copy(self)
        memo[id(self)] = copied
        copied.__dict__.update(copy.deepcopy(self._added(), memo))
        return copied

    def _added(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name not in self._parts}


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
    # Pickled in advance, because pickle's own error does not name the argument. cloudpickle pickles
    # lambdas, too, and it cannot be found out which of the two is pickling.
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
