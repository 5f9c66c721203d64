"""`videsk-rooms sandbox`: serves the API on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from ._params import with_options
from ._serving import Serving


@with_options(Serving)
def sandbox(
    serving: Serving,
    *,
    port: Annotated[
        int,
        typer.Option(
            min=0,
            max=65535,
            metavar="N",
            show_default=False,
            help="Port to listen on. Absent: any free one.",
        ),
    ] = 0,
    seed: Annotated[
        int | None,
        typer.Option(metavar="S", help="Makes ids and tokens the same in every run."),
    ] = None,
    deletion: Annotated[
        bool,
        typer.Option("--deletion", help="Allow deleting rooms. Absent: refused, as published."),
    ] = False,
) -> None:
    """Run the Rooms API on this machine, for trying things and for tests.

    Prints where it listens, the two variables to set, and a line for each
    request. Rooms are kept in memory. Ctrl-C and SIGTERM end it with exit code
    0; a port that is taken is exit code 1.
    """
    heading = "Sandbox of the Videsk Rooms API at {url}; Ctrl-C ends it.\n"
    serving.run(
        serving.sandbox(port, seed=seed, deletion=deletion),
        port,
        lambda sandbox: serving.announce(sandbox, heading),
        any_port="none for any free one",
    )
