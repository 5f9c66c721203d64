"""The options that all commands on an account share, and the client made of them."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
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


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="Show no colours; so does NO_COLOR.")]
_BaseUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Where the API is. Absent: VIDESK_BASE_URL, else https://api.videsk.io.",
    ),
]
_TokenFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="File that holds the API token. Absent: VIDESK_API_TOKEN, else the file of "
        "VIDESK_API_TOKEN_FILE. No option takes the token itself: others would see it in ps.",
    ),
]
_Timeout = Annotated[
    float,
    typer.Option(metavar="SECONDS", parser=seconds_of, help="For each call, with its retries."),
]
_NoTrustEnv = Annotated[
    bool,
    typer.Option(
        "--no-trust-env",
        help="Use neither the proxy of HTTPS_PROXY nor the authorities of SSL_CERT_FILE.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class CommandContext:
    """The options that a command got, which are the options of the command line.

    Attributes:
        as_json: Whether to print JSON.
        no_color: Whether to show no colours, whatever the terminal is.
        base_url: Where the API is; `None`: `VIDESK_BASE_URL`, else Videsk's.
        token_file: The file with the API token; `None`: as the environment says.
        timeout: Seconds for each call.
        no_trust_env: Whether to leave the proxy and the authorities of the environment aside.
    """

    as_json: AsJson = False
    no_color: NoColor = False
    base_url: _BaseUrl = None
    token_file: _TokenFile = None
    timeout: _Timeout = 30.0
    no_trust_env: _NoTrustEnv = False

    def client(self, *, shared: str | None = None) -> Videsk:
        """Return a client of the account.

        Args:
            shared: Where the rate limit is shared with others; `None`: nowhere.

        Raises:
            ConfigurationError: There is no token, or the address is invalid.
            CommandFailedError: The file with the token cannot be read.
        """
        from videsk_rooms.sync import Videsk

        return self._make(Videsk, shared=shared)

    def check_token(self) -> None:
        """Check the token alone, by a client that goes nowhere.

        Raises:
            ConfigurationError: There is no token, or it is invalid.
            CommandFailedError: The file with the token cannot be read.
        """
        from videsk_rooms.sync import Videsk

        self._make(Videsk, base_url="http://127.0.0.1", trust_env=False).close()

    def async_client(self, *, shared: str | None = None) -> AsyncVidesk:
        """Return an asynchronous client of the account; otherwise as `client`."""
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

    @cached_property  # a pipe, such as that of <(pass show videsk), can be read only once
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
        """Return standard output for people, which is silent with `--json`."""
        return Output(colours=not self.no_color, quiet=self.as_json)

    def _named_as_typed(self, text: str) -> str:
        """Replace the names of arguments by those of options."""
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
        room: The id of the room; `None`: it is named by its external id.
        external_id: The external id of the room, in place of its id.

    Raises:
        CommandFailedError: The room is named in no way, or in both.
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
    """Check that a room is given in exactly one way.

    Raises:
        CommandFailedError: It is given in none, or in both.
    """
    if (room is None) == (external_id is None):
        raise wrong_usage("give either a ROOM or --external-id, to say which room")


def find(videsk: Videsk, room: str | None, external_id: str | None) -> str | Room:
    """Return an id as it is; look an external id up.

    Only Retrieve is documented to take an external id in the path (docs/api.md, "Operations").
    """
    return str(room) if external_id is None else videsk.rooms.get_by_external_id(external_id)


def look_command(room: str | None, external_id: str | None) -> str:
    """Return the command that shows a room."""
    if external_id is None:
        return f"videsk-rooms rooms get {room}"
    return f"videsk-rooms rooms get --external-id {shlex.quote(external_id)}"
