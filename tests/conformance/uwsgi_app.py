"""The applications of the guide, which have called the API by the time that uWSGI forks.

What they are served by calls in processes that no hook of Python's has told of.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def flask() -> Any:
    """Load the Flask application, and make a call by its client."""
    app = import_module("flask_app").create_app()
    app.extensions["videsk"].rooms.list(limit=1)
    return app


def django() -> Any:
    """Load the Django application, and make a call by its client."""
    application = import_module("django_app").application
    import_module("videsk_rooms.integrations.django").videsk.rooms.list(limit=1)
    return application
