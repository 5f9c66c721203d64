"""Video rooms in a Flask application: an extension, with one client for each application.

```python
from flask import Flask
from flask.typing import ResponseReturnValue
from videsk_rooms.integrations.flask import FlaskVidesk

videsk = FlaskVidesk()


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["VIDESK_TIMEOUT"] = 10.0
    videsk.init_app(app)

    @app.post("/rooms/<room>/guests")
    def join(room: str) -> ResponseReturnValue:
        return {"accessToken": videsk.rooms.join(room).access_token}

    return app
```
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from videsk_rooms import ConfigurationError, Rooms, Videsk, VideskError

from ._command_line import run_command_line
from ._settings import Configured
from .http import ChooseAnswer, answer_to, http_answer

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

__all__ = ["FlaskVidesk"]

_NAME = "videsk"  # in app.extensions, and as a command


class FlaskVidesk:
    """The extension: a client for each application, error responses, and `flask videsk`.

    `init_app` creates the client. It works before and after a fork, serves all threads of each
    process, and closes when the process exits. It is `app.extensions["videsk"]`.

    The application's configuration has the client's arguments: `VIDESK_API_TOKEN`,
    `VIDESK_BASE_URL`, `VIDESK_TIMEOUT`, `VIDESK_RETRY`, `VIDESK_RATE_LIMIT`, `VIDESK_HOOKS`,
    `VIDESK_HEADERS`, `VIDESK_PROXY`, `VIDESK_TRUST_ENV`, `VIDESK_SSL` and `VIDESK_ALLOW_HTTP`.
    `VIDESK_RATE_LIMIT_SHARED` is short for `RateLimit(shared=…)`. A token or base URL that is
    absent or `None` comes from the environment.

    Args:
        app: The application; `None`: pass it to `init_app` later.
        choose_answer: Chooses the response to a visitor when a call of the Rooms API failed.

    Raises:
        ConfigurationError: A setting is invalid, or there is no token.

    Example:
        ```python
        from flask import Flask
        from videsk_rooms.integrations.flask import FlaskVidesk

        videsk = FlaskVidesk(Flask(__name__))
        ```
    """

    def __init__(
        self, app: Flask | None = None, *, choose_answer: ChooseAnswer = http_answer
    ) -> None:
        self._choose_answer = choose_answer
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Create the client of an application from its current configuration.

        Args:
            app: The application.

        Raises:
            ConfigurationError: A setting is invalid, or there is no token.

        Example:
            ```python
            from flask import Flask
            from videsk_rooms.integrations.flask import FlaskVidesk

            videsk = FlaskVidesk()
            app = Flask(__name__)
            videsk.init_app(app)
            ```
        """
        app.extensions[_NAME] = _configured(app).make(Videsk)
        app.register_error_handler(VideskError, self._failed)
        app.cli.add_command(_command)

    @property
    def client(self) -> Videsk:
        """The client of the current application."""
        client = current_app.extensions.get(_NAME)
        if client is None:
            raise ConfigurationError(
                "this application has no client for video rooms; call init_app(app) of its "
                "FlaskVidesk when the application is created"
            )
        return cast("Videsk", client)

    @property
    def rooms(self) -> Rooms:
        """The account's rooms, through the current application's client."""
        return self.client.rooms

    def _failed(self, error: VideskError) -> ResponseReturnValue:
        answer = answer_to(error, self._choose_answer)
        return answer.body, answer.status, answer.headers


def _configured(app: Flask) -> Configured:
    return Configured(app.config.get_namespace("VIDESK_", lowercase=False), "VIDESK_{}")


@click.command(
    _NAME,
    short_help="Videsk rooms from the command line.",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@with_appcontext
def _command(arguments: tuple[str, ...]) -> None:
    try:
        sys.exit(run_command_line(arguments, _configured(current_app)))
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
