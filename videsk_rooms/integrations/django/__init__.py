"""Video rooms in a Django project: one client for each process, set up by the setting `VIDESK`.

```python
INSTALLED_APPS = [
    "videsk_rooms.integrations.django",
]
MIDDLEWARE = [
    "videsk_rooms.integrations.django.middleware.VideskErrorMiddleware",
]
VIDESK = {
    "TIMEOUT": 10.0,
    "RATE_LIMIT_SHARED": "file:/run/shop/videsk-rooms.limit",
}
```

The keys of `VIDESK` are the client's arguments in capitals: `API_TOKEN`, `BASE_URL`, `TIMEOUT`,
`RETRY`, `RATE_LIMIT`, `HOOKS`, `HEADERS`, `PROXY`, `TRUST_ENV`, `SSL`, `ALLOW_HTTP`;
`RATE_LIMIT_SHARED` is short for a `RateLimit(shared=…)`. For a token or an address that is absent
or `None`, the environment is read. `manage.py check` reports wrong settings.

```python
from videsk_rooms.integrations.django import async_videsk, videsk


def enter(request, room):
    access = videsk.rooms.join(room)


async def enter_awaited(request, room):
    access = await async_videsk.rooms.join(room)
```

`videsk` stands for a `Videsk` and `async_videsk` for an `AsyncVidesk`, each made when it is first
used, for all threads and event loops of the process. They may be used before a fork and after it,
close themselves when the process exits, and follow `override_settings` in tests.

A process that uses both has two clients, which keep one rate limit together.
"""

from __future__ import annotations

from ._clients import async_videsk, videsk

__all__ = ["async_videsk", "videsk"]
