"""The options that all account commands share, and the client that they configure."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path  # noqa: TC003 - typer reads the hints
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from videsk_rooms.errors import ConfigurationError

from ._output import CommandFailedError, ExitCode, Output, wrong_usage
from ._params import OwnId, RoomId, with_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms import AsyncVidesk, Room
    from videsk_rooms.sync import Videsk

Client = TypeVar("Client")


def seconds_of(text: str) -> float:
    """Parse a number of seconds."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise typer.BadParameter(
            f"{text!r} is not a number of seconds above 0; give one such as 30 or 2.5"
        )
    return seconds


NoColor = Annotated[bool, typer.Option("--no-color", help="Show no colours; so does NO_COLOR.")]


@dataclass(frozen=True, kw_only=True)
class CommandContext:
    """The options of a command on an account.

    Attributes:
        as_json: Whether to print JSON.
        no_color: Whether to print without colours on any terminal.
        base_url: The API's address; `None`: `VIDESK_BASE_URL`, else Videsk's.
        token_file: The file with the API token; `None`: from the environment.
        timeout: Seconds for each call, retries included.
        no_trust_env: Whether to ignore the environment's proxy and certificate authorities.
    """

    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False
    no_color: NoColor = False
    base_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The API's address. Default: VIDESK_BASE_URL, else https://api.videsk.io.",
        ),
    ] = None
    token_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A file with the API token. Default: VIDESK_API_TOKEN, else the file of "
            "VIDESK_API_TOKEN_FILE. No option takes the token itself, because ps would show it.",
        ),
    ] = None
    timeout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", parser=seconds_of, help="The time for each call, retries included."
        ),
    ] = 30.0
    no_trust_env: Annotated[
        bool,
        typer.Option(
            "--no-trust-env",
            help="Ignore HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and the like.",
        ),
    ] = False

    def client(self, *, shared: str | None = None) -> Videsk:
        """Return a client for the account.

        Args:
            shared: The store that shares the rate limit; `None`: none.

        Raises:
            ConfigurationError: There is no token, or the address is invalid.
            CommandFailedError: The token file cannot be read.
        """
        from videsk_rooms.sync import Videsk

        return self._make(Videsk, shared=shared)

    def check_token(self) -> None:
        """Check only the token, without a request.

        Raises:
            ConfigurationError: There is no token, or it is invalid.
            CommandFailedError: The token file cannot be read.
        """
        from videsk_rooms.sync import Videsk

        self._make(Videsk, base_url="http://127.0.0.1", trust_env=False).close()

    def async_client(self, *, shared: str | None = None) -> AsyncVidesk:
        """Return an async client for the account, like `client`."""
        import videsk_rooms

        return self._make(videsk_rooms.AsyncVidesk, shared=shared)

    def _make(
        self, kind: Callable[..., Client], *, shared: str | None = None, **instead: Any
    ) -> Client:
        import videsk_rooms

        try:
            return kind(
                self.token,
                timeout=self.timeout,
                rate_limit=videsk_rooms.RateLimit(shared=shared),
                **{"base_url": self.base_url, "trust_env": not self.no_trust_env, **instead},
            )
        except ConfigurationError as error:
            raise ConfigurationError(self._named_as_typed(error.args[0])) from None

    @cached_property  # a pipe, such as that of <(pass show videsk), can only be read once
    def token(self) -> str | None:
        """The token in the file of `--token-file`; `None` without that option."""
        if self.token_file is None:
            return None
        try:
            return self.token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not text"
            raise CommandFailedError(
                f"--token-file {str(self.token_file)!r} cannot be read: {reason}; "
                "write the API token into it",
                ExitCode.NOT_SET_UP,
            ) from None

    def output(self) -> Output:
        """Standard output for people; silent with `--json`."""
        return Output(colours=not self.no_color, quiet=self.as_json)

    def _named_as_typed(self, text: str) -> str:
        """Replace Python's argument names by the command's options."""
        if text.startswith("api_token "):
            return text.replace("api_token", f"--token-file {str(self.token_file)!r}", 1)
        for argument, option in (("base_url", "--base-url"), ("RateLimit.shared", "--shared")):
            if text.startswith(argument):
                return text.replace(argument, option, 1).replace("=", " ", 1)
        return text.replace("pass api_token=", "give --token-file", 1)


@dataclass(frozen=True, kw_only=True)
class RoomContext(CommandContext):
    """The options of a command on one room.

    Attributes:
        room: The id of the room; `None`: the external id is given.
        external_id: The external id of the room, instead of its id.

    Raises:
        CommandFailedError: Neither or both are given.
    """

    room: RoomId = None
    external_id: OwnId = None

    def __post_init__(self) -> None:
        require_one(self.room, self.external_id)

    @property
    def look(self) -> str:
        """The command that shows the room."""
        return look_command(self.room, self.external_id)

    def find(self, videsk: Videsk) -> str | Room:
        """Return the id of the room, or the room if it has to be looked up."""
        return find(videsk, self.room, self.external_id)


asking_an_account = with_options(CommandContext)
asking_for_a_room = with_options(RoomContext)


def require_one(room: object, external_id: object) -> None:
    """Check that exactly one of the ids is given.

    Raises:
        CommandFailedError: Neither or both are given.
    """
    if (room is None) == (external_id is None):
        raise wrong_usage("give either a ROOM or --external-id, to say which room")


def find(videsk: Videsk, room: str | None, external_id: str | None) -> str | Room:
    """Return an id unchanged; look up an external id.

    Only Retrieve is documented to take an external id in the path (docs/api.md, "Operations").
    """
    return str(room) if external_id is None else videsk.rooms.get_by_external_id(external_id)


def look_command(room: str | None, external_id: str | None) -> str:
    """Return the command that shows a room."""
    if external_id is None:
        return f"videsk-rooms rooms get {room}"
    return f"videsk-rooms rooms get --external-id {shlex.quote(external_id)}"
