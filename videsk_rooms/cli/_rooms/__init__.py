"""`videsk-rooms rooms`: a command for each operation of the resource.

reading.py   list, get, stats
changing.py  create, update, join
ending.py    end, delete
files.py     import, export
shown.py     rooms as text

To add a command, write a function here and register it below. `asking_an_account` adds the options
that all have, `asking_for_a_room` those that name a room; `../_params.py` has those that several
share.
"""

from __future__ import annotations

import typer

from videsk_rooms.cli._output import EPILOG

from . import changing, ending, files, reading

rooms = typer.Typer(no_args_is_help=True, help="Work with the rooms of an account.", epilog=EPILOG)
rooms.command("list", short_help="List rooms: a page, or all of them.")(reading.list_rooms)
rooms.command("get", short_help="Show a room.")(reading.get)
rooms.command("create", short_help="Create a room, once.")(changing.create)
rooms.command("update", short_help="Change a room.")(changing.update)
rooms.command("end", short_help="End rooms: nobody can join any more.")(ending.end)
rooms.command("delete", short_help="Delete rooms, if the account allows it.")(ending.delete)
rooms.command("join", short_help="Issue a token that lets somebody join.")(changing.join)
rooms.command("stats", short_help="Show a room's statistics.")(reading.stats)
rooms.command("import", short_help="Create the rooms of a file, each once.")(files.import_rooms)
rooms.command("export", short_help="Write all rooms to a file.")(files.export_rooms)
