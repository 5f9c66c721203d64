"""A proxy and certificate authorities from the environment.

The environment is read once, when the client is created. aiohttp would read the proxy at every
request. It makes its TLS context once, when it is imported, perhaps before truststore is set up.
"""

from __future__ import annotations

import os
import ssl as _ssl
from errno import ENOENT
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs

from videsk_rooms._config import is_loopback, is_url_of_proxy
from videsk_rooms.errors import ConfigurationError

__all__ = ["Environment", "read_environment"]


@attrs.frozen(repr=False)
class Environment:
    """The part of the environment that a client uses.

    Attributes:
        proxy: The URL of the proxy to use; `None` for none.
        ssl: The context of TLS to use; `None` for aiohttp's own.
        ignored: The variable that names a proxy, if there is one and it is not used.
    """

    proxy: str | None = None
    ssl: _ssl.SSLContext | None = None
    ignored: str | None = None


def read_environment(
    base_url: str, *, trusted: bool, has_proxy: bool, has_ssl: bool
) -> Environment:
    """Read the environment's settings for an address.

    Args:
        base_url: The API's address.
        trusted: Whether the settings are used; otherwise they are only named.
        has_proxy: Whether the caller gave a proxy, which takes precedence.
        has_ssl: Whether the caller gave a TLS context or the like, which takes precedence.

    Raises:
        ConfigurationError: A variable in use has an invalid proxy or certificate file.
    """
    named = None if has_proxy else _proxy_for(base_url)
    if not trusted:
        return Environment(ignored=named[0] if named else None)
    if named and not is_url_of_proxy(named[1]):
        # Not shown, because it may hold a password.
        raise ConfigurationError(
            f"{named[0]} in the environment cannot be used; set it to a URL such as "
            "'http://proxy.example:3128', or unset it, or give trust_env=False"
        )
    context = None if has_ssl or base_url.startswith("http:") else _context()
    return Environment(named[1] if named else None, context)


def _proxy_for(base_url: str) -> tuple[str, str] | None:
    """Return the variable that names the proxy for an address, and its value.

    Never for this machine, where sandboxes are: a proxy on another machine cannot reach it.
    """
    parts = urlsplit(base_url)
    host, proxies = parts.hostname or "", getproxies()
    if not proxies or is_loopback(host) or proxy_bypass(host):
        return None
    for scheme in (parts.scheme, "all"):
        if url := proxies.get(scheme, "").strip():
            return f"{scheme.upper()}_PROXY", url
    return None


def _context() -> _ssl.SSLContext | None:
    """Return a TLS context if the environment or truststore calls for another than aiohttp's."""
    files, folders = _named("SSL_CERT_FILE"), _named("SSL_CERT_DIR")
    if not (files or folders):
        # From requests, for users who come from there. It may be a file or a folder.
        bundle = _named("REQUESTS_CA_BUNDLE")
        files, folders = (None, bundle) if bundle and Path(bundle[1]).is_dir() else (bundle, None)
    kind = _ssl.SSLContext
    if not (files or folders):
        # truststore replaces the class with its own.
        return None if kind.__module__ == "ssl" else _made(kind, None, None, 0)
    name, value = files or folders or ("", "")
    try:
        changed = Path(files[1]).stat().st_mtime_ns if files else 0
        if folders and not any(Path(each).is_dir() for each in folders[1].split(os.pathsep)):
            name, value = folders
            raise NotADirectoryError(ENOENT, "No such folder")
        return _made(kind, files and files[1], folders and folders[1], changed)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        no_pem = isinstance(error, _ssl.SSLError) or not getattr(error, "strerror", None)
        reason = "it holds no certificates" if no_pem else error.strerror  # type: ignore[union-attr]  # a ValueError has none
        raise ConfigurationError(
            f"{name}={value!r} in the environment cannot be used: {reason}; set it to certificates "
            "in PEM format, or unset it, or give trust_env=False"
        ) from None


def _named(variable: str) -> tuple[str, str] | None:
    value = os.environ.get(variable)
    return (variable, value) if value else None


@cache
def _made(
    kind: type[_ssl.SSLContext],
    cafile: str | None,
    capath: str | None,
    changed: int,
) -> _ssl.SSLContext:
    """Make a context as aiohttp does. Reading the certificates takes as long as 100 requests."""
    context = _ssl.create_default_context(cafile=cafile, capath=capath)
    context.set_alpn_protocols(["http/1.1"])
    return context
