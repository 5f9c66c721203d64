"""The two ways to read and write JSON, orjson and the standard library, against each other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests import inside
from tests.strategies import json_values
from tests.support import printed_by
from videsk_rooms._wire import json as _json

if TYPE_CHECKING:
    from collections.abc import Callable

    from videsk_rooms import JSONValue

orjson = pytest.importorskip("orjson", reason="orjson (extra `fast`) is compared with")


def outcome(body: bytes, read: Callable[[bytes], JSONValue]) -> str:
    """Tell what reading gives, so that 1, 1.0 and True differ, and -0.0 from 0.0."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_json, "_read", read)
        try:
            return repr(_json.loads(body))
        except ValueError:
            return "refused"


def both(body: bytes) -> tuple[str, str]:
    """Read by the standard library and by orjson."""
    return outcome(body, _json.standard_read), outcome(body, orjson.loads)


@st.composite
def nearly_json(draw: st.DrawFn) -> bytes:
    """Sound JSON with a few bytes taken out, put in or replaced."""
    text = json.dumps(
        draw(json_values()),
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 1])),
    )
    body = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(body)))
        new = draw(st.binary(max_size=2) | st.sampled_from(list(b'[]{},:"\\ud8-.e0')).map(_byte))
        body[place : place + draw(st.integers(0, 2))] = new
    return bytes(body)


def _byte(number: int) -> bytes:
    return bytes([number])


def _text_of(alphabet: str) -> st.SearchStrategy[bytes]:
    return st.text(alphabet, max_size=40).map(str.encode)


@given(
    st.binary(max_size=60)
    | nearly_json()
    | _text_of("0123456789+-.eE")
    | _text_of('\\u0dD8cFbn"/ é😀\x00\x1f\x7f').map(lambda inner: b'"' + inner + b'"')
    | _text_of('[]{},:"a1 \n')
)
@example(b"")
@example(b"\xef\xbb\xbf1")
@example(b"\xff\xfe1\x00")
@example(b'"\xed\xa0\x80"')
@example(b'{"a":1,"b":2,"a":3}')
@example(b"[NaN]")
@example(b"-Infinity")
@example(b"-0")
@example(b"-0.0")
@example(b"1e400")
@example(b"1e-400")
@example(b"18446744073709551615")
@example(b"18446744073709551616")
@example(b"-9223372036854775808")
@example(b"-9223372036854775809")
@example(b"9" * 308)
@example(b"9" * 5000)
@example(b'"\\ud800"')
@example(b'{"\\udc00":1}')
@example(b'"\\ud83d\\ude00"')
@example(b'"\\ude00\\ud83d"')
@example(b'"\\\\ud800"')
@example(b'"\\ud83d\\ude00\\ude00"')
@example(b'"\\ud83d\\ud83d\\ude00"')
@example(b'"\\ud83d\\\\\\ude00"')
def test_both_refuse_or_give_the_same(body: bytes) -> None:
    """Whatever comes over the wire, orjson changes nothing but the time it takes."""
    standard, fast = both(body)
    assert standard == fast


def test_a_byte_order_mark_is_ignored() -> None:
    """RFC 8259, section 8.1, allows it; some proxies and editors write one."""
    assert [_json.loads(mark + b'{"a":1}') for mark in (b"", b"\xef\xbb\xbf")] == [{"a": 1}] * 2
    with pytest.raises(ValueError, match=r".*"):
        _json.loads(b"\xef\xbb\xbf")


def test_a_body_too_long_for_orjson_is_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orjson takes twelve times its length in memory."""
    monkeypatch.setattr(_json, "_MOST_FOR_ORJSON", 0)
    assert _json.loads(b'{"a":[1.5,99999999999999999999]}') == {"a": [1.5, 1e20]}
    with pytest.raises(ValueError, match="half of a surrogate pair"):
        _json.loads(b'"\\ud800"')


@pytest.mark.parametrize("depth", [1, 499, 500, 501, 1_000, 100_000])
@pytest.mark.parametrize(
    ("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"":', b"}]")]
)
@pytest.mark.parametrize("rest", [b"0", b'"[[["', b'"\\u00e9"'])
def test_nesting_ends_at_500(depth: int, opening: bytes, closing: bytes, rest: bytes) -> None:
    """Neither way recurses until it breaks, and both draw the line at the same depth."""
    levels = depth * (opening.count(b"[") + opening.count(b"{"))
    standard, fast = both(opening * depth + rest + closing * depth)
    assert standard == fast
    assert (fast == "refused") is (levels > 500)


def test_brackets_side_by_side_or_in_strings_are_no_depth() -> None:
    """A long page has thousands of brackets, and a name may have some too."""
    body = b'[{"a":[]},"' + b"[{" * 600 + b'",' + b"[[]]," * 600 + b"0]"
    standard, fast = both(body)
    assert standard == fast != "refused"


@pytest.mark.parametrize("unclosed", [b"[", b'{"a":', b'[{"a":'])
def test_nesting_that_never_ends_is_refused(unclosed: bytes) -> None:
    """A body that was cut off in its depth is no JSON either way."""
    assert both(unclosed * 100_000) == ("refused", "refused")


@given(json_values())
def test_what_one_writes_the_other_reads(value: JSONValue) -> None:
    """Values of JSON make the round trip whichever of the two wrote them."""
    for written in (_json.standard_write(value), orjson.dumps(value)):
        assert both(written) == (repr(value), repr(value))


@pytest.mark.parametrize("value", [object(), {"a": {1, 2}}, b"bytes", "\ud800", {"\ud800": 1}])
def test_both_refuse_to_write_what_json_cannot_say(value: object) -> None:
    """A value that slipped through the checks is never written as something else."""
    for write in (_json.standard_write, orjson.dumps):
        with pytest.raises((TypeError, ValueError)):
            write(value)


def test_orjson_is_used_where_it_is_installed() -> None:
    """The extra `fast` needs no setting."""
    assert inside.json_in_use() == (orjson.loads, orjson.dumps)


def test_the_standard_library_is_used_where_orjson_is_not_installed() -> None:
    """Without the extra, everything works the same."""
    program = (
        "import sys; sys.modules['orjson'] = None\n"
        "from videsk_rooms._wire import json as _json\n"
        "print(_json._read.__name__, _json._write.__name__, _json.loads(_json.dumps({'a': [1]})))"
    )
    assert printed_by("-c", program) == "standard_read standard_write {'a': [1]}\n"
