"""What the API could send, for property tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from videsk_rooms import JSONValue

# No bounds on time: a loaded machine is no mistake in the code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# What UTF-8 can say; with the signs that parsers and paths trip over made likely.
texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('"\\/[]{}.%\x00é😀 '))


def json_scalars() -> st.SearchStrategy[JSONValue]:
    """Draw strings, numbers, truth values and null, as both readers give them."""
    return (
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | texts
    )


def json_values(*, max_leaves: int = 12) -> st.SearchStrategy[JSONValue]:
    """Draw whatever JSON can say."""
    drawn = st.recursive(
        json_scalars(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=max_leaves,
    )
    return cast("st.SearchStrategy[JSONValue]", drawn)


def json_objects() -> st.SearchStrategy[dict[str, JSONValue]]:
    """Draw objects of JSON."""
    return st.dictionaries(texts, json_values(max_leaves=5), max_size=4)


def _or_null(values: st.SearchStrategy[JSONValue]) -> st.SearchStrategy[JSONValue]:
    return st.none() | values


_times = st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='milliseconds')}Z")
_authorizations = st.fixed_dictionaries(
    {},
    optional={"ip": _or_null(texts), "jti": _or_null(texts), "createdAt": _or_null(_times)},
)
ROOM_FIELDS: dict[str, st.SearchStrategy[JSONValue]] = {
    "name": _or_null(texts),
    "externalId": _or_null(texts),
    "exp": _or_null(_times),
    "nbf": _or_null(_times),
    "settings": _or_null(cast("st.SearchStrategy[JSONValue]", json_objects())),
    "ended": _or_null(st.booleans()),
    "createdAt": _or_null(_times),
    "updatedAt": _or_null(_times),
    "authorizations": _or_null(
        cast("st.SearchStrategy[JSONValue]", st.lists(_authorizations, max_size=3))
    ),
    "accessToken": _or_null(texts),
}
"""What a room may hold besides its `id`, under the API's names (docs/api.md, "Objects")."""


def rooms() -> st.SearchStrategy[dict[str, JSONValue]]:
    """Draw rooms as the API may send them, unknown fields included."""
    known = st.fixed_dictionaries({"id": texts}, optional=ROOM_FIELDS)
    unknown = st.dictionaries(
        texts | st.sampled_from(["extra", "external_id", "access_token", "__class__"]),
        json_values(max_leaves=4),
        max_size=2,
    )
    return st.builds(
        lambda more, room: {
            **{name: value for name, value in more.items() if name not in ROOM_FIELDS},
            **room,
        },
        unknown,
        known,
    )


@st.composite
def almost_rooms(draw: st.DrawFn) -> dict[str, JSONValue]:
    """Draw rooms of which one field holds anything at all."""
    room = draw(rooms())
    room[draw(st.sampled_from(["id", *ROOM_FIELDS]))] = draw(json_values())
    return room


def pages(
    room: st.SearchStrategy[dict[str, JSONValue]],
) -> st.SearchStrategy[dict[str, JSONValue]]:
    """Draw pages of the rooms given."""
    numbers = st.integers(0, 2**40)
    page = st.fixed_dictionaries(
        {"total": numbers, "limit": numbers, "skip": numbers, "data": st.lists(room, max_size=3)}
    )
    return cast("st.SearchStrategy[dict[str, JSONValue]]", page)
