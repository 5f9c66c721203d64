"""Files of rooms as text: CSV as spreadsheets write it, JSON Lines, and what is neither."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.strategies import texts
from videsk_rooms.cli._output import CommandFailedError
from videsk_rooms.cli._transfer import table as tables
from videsk_rooms.cli._transfer.rows import rows_of
from videsk_rooms.cli._transfer.table import Format, format_of


def csv(text: str) -> tables.Table:
    return tables.read(text, Format.CSV)


def json_lines(text: str) -> tables.Table:
    return tables.read(text, Format.JSONL)


def written(form: Format, *lines: dict[str, object]) -> str:
    file = io.StringIO(newline="")
    writer = tables.Writer(file, form, lines[0])
    for line in lines:
        writer.write(line)
    return file.getvalue()


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_cells_may_be_parted_as_spreadsheets_do(sign: str) -> None:
    """Where the comma is the decimal point, they write semicolons."""
    table = csv(sign.join(["name", "externalId"]) + "\r\n" + sign.join(["Ana", "a-1"]) + "\r\n")
    assert table.columns == ["name", "externalId"]
    assert table.lines == [(2, {"name": "Ana", "externalId": "a-1"})]


def test_what_parts_cells_may_be_inside_of_one() -> None:
    """Between quotes; so may a line break, which is no line of its own."""
    table = csv('name;settings\n"Ana, Luis;\nMarta";"{""a"": 1}"\nEva;\n')
    assert table.lines == [
        (2, {"name": "Ana, Luis;\nMarta", "settings": '{"a": 1}'}),
        (3, {"name": "Eva"}),
    ]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_empty_lines_count_and_are_no_rows(sign: str) -> None:
    """The number is the one that the spreadsheet shows beside the row."""
    text = "\n,,,\nname,exp,,\n\nAna,2h,,\n,,,\nLuis,\n".replace(",", sign)
    assert csv(text).lines == [(5, {"name": "Ana", "exp": "2h"}), (7, {"name": "Luis"})]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("Ana,2h,more", "3 cells for 2 columns"),
        ('"Ana" Luis,2h', "not CSV"),
        ('"Ana,2h', "not CSV"),
    ],
)
def test_a_line_that_is_wrong_is_no_end_of_the_others(line: str, said: str) -> None:
    """It is told with its number, and with what would be right."""
    lines = csv(f"name,exp\nEva,1h\n{line}\n").lines
    assert lines[0] == (2, {"name": "Eva", "exp": "1h"})
    number, told = lines[1]
    assert number == 3
    assert isinstance(told, str)
    assert said in told
    assert "quotes" in told


def test_lines_go_on_after_one_that_is_wrong() -> None:
    """A quote that ends too early spoils its own line alone."""
    assert csv('name\n"Ana" x\nLuis\n').lines[-1] == (3, {"name": "Luis"})


def test_a_cell_may_be_as_long_as_a_list_of_people() -> None:
    """What an export writes is read again, however many were let in."""
    ((_, line),) = csv(f"name,authorizations\nAna,{'x' * 200_000}\n").lines
    assert isinstance(line, dict)
    assert line["name"] == "Ana"


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "empty"), ("\n \n", "empty"), ("name,,exp\n", "column 2"), ('"na"me\n', "not CSV")],
)
def test_a_table_without_a_header_is_refused(text: str, said: str) -> None:
    """There is nothing to know the cells by."""
    with pytest.raises(CommandFailedError, match=said):
        csv(text)


def test_each_line_of_json_lines_is_an_object() -> None:
    """Null and empty are absent, empty lines are none; a text may hold U+2028."""
    table = json_lines(
        '{"name": "A\u2028", "exp": null, "external_id": ""}\r\n\n{"settings": {"a": [1]}}\n'
    )
    assert table.columns == ["name", "settings"]
    assert table.lines == [(1, {"name": "A\u2028"}), (3, {"settings": {"a": [1]}})]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"name": ', "not JSON"),
        ('["Ana"]', "not a JSON object"),
        ('{"a":' * 100_000, "too deep"),
        ("\0", "not JSON"),
        (f'{{"settings": {{"a": {"1" * 5_000}}}}}', "too many digits"),
    ],
    ids=["half a line", "a list", "deep", "NUL", "a long number"],
)
def test_a_line_that_is_no_object_is_told(line: str, said: str) -> None:
    """And is no end of the others."""
    lines = json_lines(f'{line}\n{{"name": "Ana"}}\n').lines
    assert said in lines[0][1]
    assert lines[1] == (2, {"name": "Ana"})


def test_a_header_that_is_no_text_is_no_end_in_a_traceback() -> None:
    """Before Python 3.11 csv reads no NUL; from then on there is no such column."""
    with pytest.raises(CommandFailedError, match=r"not CSV|no column"):
        rows_of(csv("name,nb\0f\nAna,1h\n"), "rooms.csv")


cells = texts.filter(lambda text: "\0" not in text)  # which csv reads from Python 3.11 on


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=5))
@example([("", "\t")])  # written with an apostrophe, which makes no row of it
def test_what_is_written_as_csv_is_read_again(pairs: list[tuple[str, str]]) -> None:
    """To the letter; what is empty, or but blanks, is absent."""
    lines: list[dict[str, object]] = [{"name": one, "exp": other} for one, other in pairs]
    read = [line for _, line in csv(written(Format.CSV, *lines)).lines]
    kept = [{k: v for k, v in line.items() if str(v).strip()} for line in lines]
    assert read == [line for line in kept if line]


@pytest.mark.parametrize("cell", ["=1+1", "+56", "-1", "@a", "\t=1", "\r=1", "'=1", "''+"])
def test_what_a_spreadsheet_would_run_is_text(cell: str) -> None:
    """In CSV; it is read again as it was."""
    shown = written(Format.CSV, {"name": cell, "exp": "a=1"})
    assert f"'{cell}" in shown
    assert "'a=1" not in shown
    assert csv(shown).lines == [(2, {"name": cell, "exp": "a=1"})]
    assert json.loads(written(Format.JSONL, {"name": cell})) == {"name": cell}


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_cells_are_parted_also_where_no_column_is_known(sign: str) -> None:
    """By the sign that parts most."""
    assert csv(f"Cliente{sign}Hora{sign}Sala\nAna{sign}9{sign}2\n").columns == [
        *("Cliente", "Hora", "Sala")
    ]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Cliente;Fecha (día, mes, año)", ["Cliente", "Fecha (día, mes, año)"]),
        ('"Fecha\ny hora";Cliente', ["Fecha\ny hora", "Cliente"]),
        ('"Cliente; o empresa",Hora', ["Cliente; o empresa", "Hora"]),
    ],
)
def test_the_name_of_a_column_may_have_what_parts_others(header: str, columns: list[str]) -> None:
    """Commas where semicolons part the cells; anything between quotes."""
    assert csv(f"{header}\n").columns == columns


def test_values_that_are_no_text_are_json_in_csv() -> None:
    """Nothing is an empty cell; letters stay as they are."""
    line: dict[str, Any] = {"name": "Señal", "ended": False, "exp": None, "settings": {"a": "ñ"}}
    assert written(Format.CSV, line) == ('name,ended,exp,settings\nSeñal,false,,"{""a"": ""ñ""}"\n')
    assert json.loads(written(Format.JSONL, line)) == line


@pytest.mark.parametrize(
    ("file", "said", "form"),
    [
        ("rooms.csv", None, Format.CSV),
        ("a/ROOMS.CSV", None, Format.CSV),
        ("rooms.jsonl", None, Format.JSONL),
        ("rooms.ndjson", None, Format.JSONL),
        ("-", Format.CSV, Format.CSV),
        ("rooms.csv", Format.JSONL, Format.JSONL),
    ],
)
def test_the_suffix_tells_the_format(file: str, said: Format | None, form: Format) -> None:
    """Unless somebody says it."""
    assert format_of(file, said) is form


@pytest.mark.parametrize("file", ["-", "rooms", "rooms.xlsx", "rooms.json"])
def test_another_suffix_tells_none(file: str) -> None:
    """What to give is told."""
    with pytest.raises(CommandFailedError, match="--format"):
        format_of(file, None)
