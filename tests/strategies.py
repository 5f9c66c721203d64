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
