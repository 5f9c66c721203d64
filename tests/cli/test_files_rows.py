"""The rows of a file: their columns, their values, and the names of their rooms."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from videsk_rooms.cli._output import CommandFailedError
from videsk_rooms.cli._transfer import table
from videsk_rooms.cli._transfer.journal import Outcome, failed
from videsk_rooms.cli._transfer.rows import AnyRow, Row, rows_of
from videsk_rooms.cli._transfer.table import Format


def rows(text: str, *, file: str = "rooms.csv", form: Format = Format.CSV) -> list[AnyRow]:
    return rows_of(table.read(text, form), file)


def names(text: str, *, file: str = "rooms.csv") -> list[str | None]:
    return [row.external_id for row in rows(text, file=file)]


def only(text: str, **how: Any) -> AnyRow:
    (row,) = rows(text, **how)
    return row


# -- columns --------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["external_id", "externalId", "External ID", " external-id "])
def test_a_column_may_be_spelled_as_the_api_or_people_do(column: str) -> None:
    """`externalId` is what the API calls it."""
    assert only(f"name,{column}\nAna,a-1\n") == Row(2, "a-1", {"name": "Ana"})


def test_what_only_the_api_sets_is_passed_over() -> None:
    """So that what was exported can be imported again."""
    text = (
        "id,ended,created_at,updatedAt,authorizations,extra,access_token,external_id\n"
        "1,true,x,x,[],{},secret,a-1\n"
    )
    assert only(text) == Row(2, "a-1", {})


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("nmae", "there is no column 'nmae'; call it 'name'"),
        ("bnf,name", "there is no column 'bnf'; call it 'nbf'"),
        ("name,price", "there is no column 'price'; remove it"),
        ("Nombre,Fin", "or map it to a field, as --map name=Nombre"),
        ("external_id,externalId", "'external_id' and 'externalId' are the same"),
        ("id,ended", "no column has a field"),
    ],
)
def test_a_column_that_cannot_be_is_refused(header: str, said: str) -> None:
    """With the name that may be meant, before anything is sent."""
    with pytest.raises(CommandFailedError, match=said):
        rows(f"{header}\nx,y\n")


def test_an_unknown_field_in_any_line_is_refused() -> None:
    """JSON Lines have no header: each line tells its own."""
    with pytest.raises(CommandFailedError, match="call it 'settings'"):
        rows('{"name": "Ana"}\n{"setings": {}}\n', form=Format.JSONL)


# -- values ---------------------------------------------------------------------------------------


def test_times_count_from_when_a_row_is_sent() -> None:
    """`2h` of the last of many rows is as long as that of the first."""
    row = only("name,exp,nbf\nAna, 2h ,2042-08-14T16:00:00.250Z\n")
    assert isinstance(row, Row)
    before = datetime.now(timezone.utc)
    fields = row.fields()
    assert before <= fields["exp"] - timedelta(hours=2) <= datetime.now(timezone.utc)
    assert fields["nbf"] == datetime(2042, 8, 14, 16, 0, 0, 250_000, timezone.utc)


def test_settings_are_an_object_in_either_format() -> None:
    """In CSV it is written as JSON."""
    given = {"settings": {"maxParticipants": 10}}
    row = only('external_id;settings\na;"{""maxParticipants"": 10}"\n')
    assert row == Row(2, "a", given)
    line = '{"external_id": "a", "settings": {"maxParticipants": 10}}'
    assert only(line, form=Format.JSONL) == Row(1, "a", given)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"external_id": 7}', "external_id 7 is not text; put it in quotes"),
        ('{"name": ["Ana"]}', 'name ["Ana"] is not text'),
        ('{"exp": "never"}', "exp 'never' is not a time"),
        ('{"nbf": 1786000000}', "nbf 1786000000 is not text"),
        ('{"settings": "{"}', "settings is not JSON"),
        ('{"settings": "[]"}', "settings is not a JSON object; give an object such as"),
        ('{"settings": "@/etc/hostname"}', "settings is not JSON"),
        ('{"settings": 3}', "settings 3 is not text"),
        ("nothing", "not JSON"),
    ],
)
def test_a_value_that_cannot_be_is_its_row_s_own_matter(line: str, said: str) -> None:
    """The rows beside it are read."""
    bad, good = rows(f'{line}\n{{"name": "Ana"}}\n', form=Format.JSONL)
    assert isinstance(bad, Outcome)
    assert bad.row == 1
    assert said in str(bad.error)
    assert isinstance(good, Row)


def test_a_bad_row_keeps_its_name() -> None:
    """Whoever reads the results knows which one it is."""
    assert only("external_id,exp\na-1,never\n").external_id == "a-1"


# -- names ----------------------------------------------------------------------------------------


def test_a_second_row_of_one_name_is_refused() -> None:
    """One room cannot be as two rows want it."""
    first, second = rows("external_id,name\na,Ana\na,Luis\n")
    assert isinstance(first, Row)
    assert second == failed(3, "a", "row 2 has this external_id already; change one")


def test_a_row_without_a_name_gets_one_of_its_own() -> None:
    """That begins as the file does, and that the API takes."""
    one, other = names("name\nAna\nLuis\n", file="salas de mañana.csv")
    assert one != other
    assert one is not None
    assert one.startswith("salas-de-mañana-")
    (long,) = names("name\nAna\n", file=f"{'x' * 250}.csv")
    assert long is not None
    assert len(long) <= 100


def test_rows_that_say_the_same_are_as_many_rooms() -> None:
    """Three times the same line is three rooms."""
    assert len(set(names("name\nAna\nAna\nAna\n"))) == 3


def test_the_name_of_a_row_does_not_come_from_its_place() -> None:
    """Rows may be put in, taken out and moved, and columns too, between two runs."""
    ana, luis, again = names("name,exp\nAna,2h\nLuis,2h\nAna,2h\n")
    moved = names("exp;name\n1h;Eva\n2h;Luis\n\n2h;Ana\n2h;Ana\n")
    assert moved[1:] == [luis, ana, again]


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ("name,exp\nAna,3h\n", "rooms.csv"),
        ("name,nbf\nAna,2h\n", "rooms.csv"),
        ("name,exp\nAna,2h\n", "other.csv"),
        ("name,exp\nAna,2h\n", ""),
    ],
)
def test_another_row_or_another_file_is_another_room(text: str, file: str) -> None:
    """The same row of a file of the same name is the same room; nothing else is."""
    assert names(text, file=file) != names("name,exp\nAna,2h\n")


def test_the_format_does_not_matter_to_a_name() -> None:
    """Only the file's own name does."""
    csv = only('name,settings\nAna,"{""b"":1,""a"":2}"\n', file="a").external_id
    line = '{"settings": {"a": 2, "b": 1}, "name": "Ana"}'
    assert only(line, file="a", form=Format.JSONL).external_id == csv


def test_a_name_cannot_be_spelled_out_of_the_alphabet() -> None:
    """A lone surrogate is no reason to fail for: the client refuses it when it is sent."""
    assert isinstance(only('{"name": "\\ud800"}', form=Format.JSONL), Row)
