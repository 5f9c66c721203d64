"""Chooses the thread backend: Python's threads, or native threads beside gevent."""

from __future__ import annotations

import sys

from videsk_rooms.errors import ConfigurationError

from .threads import ThreadBackend


def thread_backend() -> ThreadBackend:
    """Choose how the blocking client runs and waits for threads in this process.

    Raises:
        ConfigurationError: eventlet has replaced Python's threads.
    """
    if _is_patched("eventlet.patcher", "is_monkey_patched", ("thread", "socket")):
        raise ConfigurationError(
            "eventlet has patched this process, and a blocking client cannot wait in its green "
            "threads; use gevent or plain threads (gunicorn: -k gevent or -k gthread, Celery: "
            "--pool=gevent, threads or prefork), or AsyncVidesk where there is an event loop"
        )
    if _is_patched("gevent.monkey", "is_module_patched", ("threading", "socket")):
        from .gevent import GeventBackend

        return GeventBackend()
    return ThreadBackend()


def _is_patched(module: str, question: str, names: tuple[str, ...]) -> bool:
    patcher = sys.modules.get(module)  # a process that is patched has imported it
    return patcher is not None and any(getattr(patcher, question)(name) for name in names)
