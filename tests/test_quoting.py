"""The server's words are shown without tokens, printable and in short, whatever they are."""

from __future__ import annotations

import html
import json
import quopri
from base64 import b64encode, encodebytes, urlsafe_b64encode
from contextvars import copy_context
from functools import partial
from time import thread_time
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.strategies import json_values
from videsk_rooms._quoting import Secret, sent_with, shown, shown_data, without_tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms import JSONValue

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJqdGkiOiI0NzExIn0.c2lnbmF0dXJl-_w"
OPAQUE = "vk_live/51a-Secret.of+ours=="


def percent_encoded(text: str) -> str:
    return "".join(f"%{ord(sign):02X}" for sign in text)


def wrapped(text: str, between: str) -> str:
    return between.join(text[at : at + 16] for at in range(0, len(text), 16))


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda token: json.dumps(token).replace("/", "\\/"),
    "JSON, all escaped": lambda token: "".join(f"\\u{ord(sign):04x}" for sign in token),
    "JSON, all escaped, in JSON": lambda token: "".join(f"\\\\u{ord(s):04X}" for s in token),
    "JSON, some escaped": lambda token: token.replace("e", "\\u0065").replace(".", "\\u002E"),
    "HTML": html.escape,
    "HTML, decimal": lambda token: "".join(f"&#{ord(sign)};" for sign in token),
    "HTML, padded": lambda token: "".join(f"&#{ord(sign):07d};" for sign in token),
    "HTML, hexadecimal": lambda token: "".join(f"&#x{ord(sign):x};" for sign in token),
    "HTML, named": lambda token: token.replace(".", "&period;").replace("_", "&lowbar;"),
    "URL": lambda token: quote(token, safe=""),
    "URL, dots": lambda token: token.replace(".", "%2E").replace("-", "%2d"),
    "URL, whole": percent_encoded,
    "URL, twice": lambda token: quote(percent_encoded(token)),
    "URL in HTML": lambda token: html.escape(percent_encoded(token)),
    "Python": lambda token: "".join(f"\\x{ord(sign):02x}" for sign in token),
    "mail": lambda token: quopri.encodestring(token.encode(), quotetabs=True).decode(),
    "wrapped": lambda token: wrapped(token, "\n"),
    "wrapped and indented": lambda token: wrapped(token, "\r\n    "),
    "wrapped in JSON": lambda token: wrapped(token, "\\n"),
    "wrapped in mail": lambda token: wrapped(token, "=\r\n"),
    "wrapped in HTML": lambda token: wrapped(token, "<br />"),
    "with places to wrap": lambda token: wrapped(token, "\u200b"),
    "UTF-16": lambda token: "\x00".join(token),
}
spellings = pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS)


def sending(token: str, shorten: Callable[[], str]) -> str:
    """Run as if a request had been sent with a token."""

    def run() -> str:
        sent_with.set(Secret(token))
        return shorten()

    return copy_context().run(run)


# -- tokens --------------------------------------------------------------------------------------


@spellings
def test_a_jwt_is_removed_in_every_spelling(spell: Callable[[str], str]) -> None:
    """Whosever it is."""
    said = f"no access for {spell(JWT)} today"
    assert without_tokens(said).split() == ["no", "access", "for", "[removed]", "today"] or (
        '"[removed]"' in without_tokens(said)
    )


@spellings
@pytest.mark.parametrize("token", [JWT, OPAQUE], ids=["JWT", "opaque"])
def test_the_token_that_was_sent_is_removed_in_every_spelling(
    spell: Callable[[str], str], token: str
) -> None:
    """Whatever it looks like; and nothing of what stands around it."""
    told = sending(token, lambda: shown(f"no access for {spell(token)} today"))
    assert told.replace('"', "") == "no access for [removed] today"


def test_the_token_that_was_sent_is_removed_between_blanks() -> None:
    """As a page has it whose markup was taken out."""
    assert sending(OPAQUE, lambda: shown(" ".join(OPAQUE))) == "[removed]"


@pytest.mark.parametrize("token", [JWT, OPAQUE])
@pytest.mark.parametrize(
    "part", [slice(None, -3), slice(None, 20), slice(3, None), slice(-16, None), slice(5, 23)]
)
def test_a_part_of_the_token_that_was_sent_is_removed(token: str, part: slice) -> None:
    """As of one that is cut short before it is told: "invalid token vk_live/51a-Sec…"."""
    told = sending(token, lambda: shown(f"That is {token[part]}~ to nobody"))
    assert told == "That is [removed]~ to nobody"


ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "base64": lambda raw: b64encode(raw).decode(),
    "base64 for URLs": lambda raw: urlsafe_b64encode(raw).decode(),
    "base64 in mail": lambda raw: encodebytes(raw).decode(),
    "hexadecimal": bytes.hex,
    "hexadecimal, capitals": lambda raw: raw.hex().upper(),
    "hexadecimal, dumped": lambda raw: raw.hex(" "),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("before", ["", "x", "xy", "Authorization: Bearer "])
@pytest.mark.parametrize("token", [JWT, OPAQUE], ids=["JWT", "opaque"])
def test_the_token_that_was_sent_is_removed_where_the_request_was_encoded(
    encode: Callable[[bytes], str], before: str, token: str
) -> None:
    """Wherever in the request it stood; a letter beside it may be left."""
    echo = encode(f"{before}{token}; charset=utf-8".encode())
    told = sending(token, lambda: without_tokens(f"request was: {echo}"))
    assert "[removed]" in told
    kept = told.removeprefix("request was: ").replace("[removed]", "").split()
    assert len("".join(kept)) <= len(encode(f"{before}; charset=utf-8".encode())) + 6


def test_many_echoes_of_the_token_that_was_sent_hold_nobody_up() -> None:
    """Nor do as many parts of it."""
    token = "".join(f"{number:03x}" for number in range(1_000))
    parts = "".join(token[at:] for at in range(0, 3_000, 9))
    for said in (token * 100, token[:12] * 5_000, parts):
        began = thread_time()
        assert token[:16] not in sending(token, partial(shown, said))
        assert thread_time() - began < 0.25


def test_a_token_of_a_few_letters_is_no_echo() -> None:
    """It stands in most texts."""
    assert sending("token", lambda: shown("the token is bad")) == "the token is bad"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('{"accessToken":"opaque-1"}', '{"accessToken":"[removed]"}'),
        ('{"access_token" : "opa\\"que-1"}', '{"access_token" : "[removed]"}'),
        ("{'clientSecret': 'opaque-1'}", "{'clientSecret': '[removed]'}"),
        ('"{\\"accessToken\\":\\"opaque-1\\"}"', '"{\\"accessToken\\":\\"[removed]\\"}"'),
        ('{"data":[{"accessToken":"opaq', '{"data":[{"accessToken":"[removed]'),
        ("authorization: bearer  an-opaque-token", "authorization: bearer  [removed]"),
        ("Bearer%20an-opaque-token", "Bearer%20[removed]"),
        ("api_token=an-opaque-token-4711&a=b", "api_token=[removed]&a=b"),
        ("x-api-key: 0123456789abcdef0123", "x-api-key: [removed]"),
    ],
)
def test_what_is_called_a_token_is_removed(said: str, told: str) -> None:
    """Though it does not look like one."""
    assert without_tokens(said) == told


@pytest.mark.parametrize(
    "said",
    [
        "Invalid token: jwt malformed",
        "The integration token it's invalid or was removed",
        "Authorization header with valid JWT is required.",
        "the bearer is ill",
        "100 % of 3 < 4 & 5 \\ 6",
        "No record found for id '64f1a2b3c4d5e6f7a8b9c0d1'",
        "",
    ],
)
def test_what_holds_no_token_stays(said: str) -> None:
    """The API's own words above all."""
    assert sending(JWT, lambda: shown(said)) == said


# -- in one line, and short ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("two\nlines\r\n", "two\\nlines\\r\\n"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m\x07\x00", "\\x9b31m\\x07\\x00"),
        ("a\u202egnp.exe\u2069", "a\\u202egnp.exe\\u2069"),
        ("a\u2028b\u2029c\x85", "a\\u2028b\\u2029c\\x85"),
        ("half \ud83d", "half \\ud83d"),
        ("ñandú 会议 😀", "ñandú 会议 😀"),
    ],
)
def test_what_is_not_printable_is_escaped(said: str, told: str) -> None:
    """Nothing forges a line, moves a cursor or turns the direction of writing."""
    assert shown(said) == told
    told.encode("utf-8")


@given(st.text(st.characters()), st.integers(1, 400))
def test_whatever_is_said_is_shown_in_one_short_line(said: str, limit: int) -> None:
    """Printable, encodable, and no longer than asked for."""
    told = shown(said, limit)
    assert told.isprintable()
    assert len(told) <= limit
    assert not said or told


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8), st.text(), st.text()
)
def test_no_text_keeps_the_token_that_was_sent(token: str, before: str, after: str) -> None:
    """Wherever it stands, and whatever characters it has."""
    told = sending(token, lambda: without_tokens(before + token + after))
    assert token not in told.replace("[removed]", "\n")


def test_a_token_at_the_end_of_what_is_quoted_is_removed_whole() -> None:
    """Its first half would be told otherwise."""
    for length in range(8_100, 8_200):
        assert JWT[:9] not in without_tokens("-" * length + " " + JWT)


# -- data ----------------------------------------------------------------------------------------


@given(json_values())
def test_data_without_tokens_stays_as_it_is(value: JSONValue) -> None:
    """Equal, and of the same types."""
    assert json.dumps(shown_data(value)) == json.dumps(value)


def test_data_is_without_tokens_in_keys_and_values_of_any_depth() -> None:
    """By their look, by what they are called, and by what was sent."""
    hidden = {
        f"a {JWT}": [{"b": {JWT: [f"c {percent_encoded(JWT)}"]}}],
        OPAQUE: {"x": OPAQUE, "accessToken": "opaque-1", "tokens": ["opaque-2", {"a": "opaque-3"}]},
    }
    told = sending(OPAQUE, lambda: repr(shown_data(hidden)))  # type: ignore[arg-type]  # JSON
    assert not [each for each in (JWT[:9], "%65%79", OPAQUE, "opaque-") if each in told]
    assert told.count("[removed]") == 8


def test_what_is_said_about_a_token_stays() -> None:
    """A refusal names the field, and says what was wrong with it."""
    said: JSONValue = {"accessToken": {"message": "must not be sent", "kind": 5}}
    assert shown_data(said) == said


SECRETS: JSONValue = {f"token{n}": "" for n in range(1_000)}


@pytest.mark.parametrize(
    "value",
    [[0] * 10_000, {str(n): n for n in range(10_000)}, [[0] * 100] * 100, "a" * 10_000],
    ids=["list", "object", "lists", "string"],
)
def test_data_is_bounded(value: JSONValue) -> None:
    """Nobody reads more, and logs have it whole."""
    assert len(repr(shown_data(value))) < 6_000


@pytest.mark.parametrize(
    "value",
    [SECRETS, [SECRETS] * 100, {str(n): SECRETS for n in range(100)}],
    ids=["object", "list", "objects"],
)
def test_secrets_in_data_are_bounded(value: JSONValue) -> None:
    """They count as all other values do, though none of them is shown."""
    assert repr(shown_data(value)).count("[removed]") <= 500


def test_deep_data_is_cut() -> None:
    """So that it can be printed, compared and pickled."""
    value: JSONValue = "bottom"
    for _ in range(400):
        value = [value]
    assert repr(shown_data(value)) == "[" * 20 + "'…'" + "]" * 20


# -- the time it takes ---------------------------------------------------------------------------

HOSTILE = (
    "a", " ", "%41", "%25", "&#", "&amp;", "&#x41;", "\\u0041", '"', "token:", '"token":"',
    "token-",
    "token=aaaaaaaaaaaaaaaaaaa", "bearer ", "bearer\t", "eyJ", "eyJ.", "<br", "=\n", "\n", "\0",
    "\\", "a b", "-a", JWT[:-1], " ".join(JWT), "'\\'",
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("start", ["", '"token":"', "token"])
def test_no_text_holds_anybody_up(unit: str, start: str) -> None:
    """10 MiB of anything take milliseconds; the best of three, because others are at work too."""
    text = start + unit * (10 * 2**20 // len(unit))
    taken = []
    for _ in range(3):
        began = thread_time()
        sending(JWT, lambda: shown(text))
        taken.append(thread_time() - began)
    assert min(taken) < 0.1
