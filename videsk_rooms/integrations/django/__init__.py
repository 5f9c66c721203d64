"""Video rooms in a Django project: one client for each process, from the setting `VIDESK`.

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
`RATE_LIMIT_SHARED` is short for `RateLimit(shared=…)`. A token or base URL that is absent or
`None` comes from the environment. `manage.py check` reports invalid settings.

```python
from videsk_rooms.integrations.django import async_videsk, videsk


def enter(request, room):
    access = videsk.rooms.join(room)


async def enter_awaited(request, room):
    access = await async_videsk.rooms.join(room)
```

`videsk` is a proxy for a `Videsk`, and `async_videsk` for an `AsyncVidesk`. Each client is created
on first use, for all threads and event loops of the process. They work before and after a fork,
close when the process exits, and follow `override_settings` in tests.

A process that uses both has two clients, which share one rate limit.
"""

from __future__ import annotations

from ._clients import async_videsk, videsk

__all__ = ["async_videsk", "videsk"]
