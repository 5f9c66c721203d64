"""The text of an error ends with a link to its page, once, wherever the error has been."""

from __future__ import annotations

import builtins
import copy
import logging
import pickle
import sys
import traceback
from typing import TYPE_CHECKING

import pytest

from tests.test_errors import SAMPLES, TicketError, samples
from videsk_rooms import (
    AsyncVidesk,
    AttemptEvent,
    ConfigurationError,
    Hooks,
    NotFoundError,
    OutcomeUnknownError,
    Retry,
    ServerError,
    VideskError,
)
from videsk_rooms.errors import PAGES

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

TWICE = Retry(attempts=2, base_delay=0.0)


def page_of(kind: type[VideskError]) -> str:
    return f"{PAGES}{kind.__name__}/"


@samples
def test_the_text_ends_with_the_link(error: VideskError) -> None:
    """After whole sentences; `args` have the text alone."""
    (text,) = error.args
    assert PAGES not in text
    assert str(error) == f"{text.rstrip('.')}. See {page_of(type(error))}"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConfigurationError("set a token"), "set a token. See "),
        (ConfigurationError("set a token."), "set a token. See "),
        (ConfigurationError("who said 'no'?"), "who said 'no'? See "),
        (ConfigurationError("see (above)"), "see (above). See "),
        (ConfigurationError(), "See "),
        (ConfigurationError("a", 1), "('a', 1). See "),
    ],
    ids=lambda each: repr(each) if isinstance(each, str) else "",
)
def test_the_link_follows_any_text(error: ConfigurationError, text: str) -> None:
    """Also one that is no sentence, or none at all."""
    assert str(error) == text + page_of(ConfigurationError)


def test_an_error_of_a_caller_links_to_the_error_that_it_derives_from() -> None:
    """It has no page of its own."""
    assert str(TicketError(7)) == f"ticket 7. See {page_of(OutcomeUnknownError)}"


class CuriousError(VideskError):
    """A caller's own, with a text of its own."""

    def __str__(self) -> str:
        return "curious"


def test_a_caller_may_word_errors_of_its_own() -> None:
    """And then there is no link."""
    assert str(CuriousError("text")) == "curious"


# -- only once ------------------------------------------------------------------------------------


@samples
def test_a_copy_has_one_link(error: VideskError) -> None:
    """However it was made."""
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert str(other) == str(error)
        assert str(other).count(PAGES) == 1


@samples
def test_an_error_made_anew_has_one_link(error: VideskError) -> None:
    """From its `args`, as Celery does it; or from what it printed, as those do who keep that."""
    for text in (*error.args, str(error)):
        assert str(type(error)(text)) == str(error)


def test_an_error_that_quotes_another_has_the_link_of_that() -> None:
    """It tells more than the link to a base would."""
    error = SAMPLES[NotFoundError]
    assert str(VideskError(f"ticket 7: {error}")) == f"ticket 7: {error}"


async def test_an_outcome_that_could_not_be_found_out_has_one_link(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """Its text quotes the error of the look-up."""
    sandbox.faults.drop("after", on="create")
    sandbox.faults.status(500, on="get", times=None)
    with pytest.raises(OutcomeUnknownError, match=r"looking it up failed: GET .* 500") as caught:
        await once.with_options(retry=TWICE).rooms.create()
    assert str(caught.value).count(PAGES) == 1
    assert str(caught.value).endswith(page_of(OutcomeUnknownError))


async def test_an_error_that_doubt_was_cast_on_has_one_link(
    sandbox: Sandbox, once: AsyncVidesk
) -> None:
    """Its text was written twice, and the link stands after the whole."""
    sandbox.faults.drop("after", on="update")
    sandbox.faults.status(501, on="update")
    room = await once.rooms.create()
    with pytest.raises(ServerError, match="may have been processed") as caught:
        await once.with_options(retry=TWICE).rooms.update(room, name="Support")
    assert str(caught.value).count(PAGES) == 1
    assert str(caught.value).endswith(f" See {page_of(ServerError)}")


# -- where errors are read ------------------------------------------------------------------------


@samples
def test_the_last_line_of_a_traceback_ends_with_the_link(error: VideskError) -> None:
    """That is where most people meet an error."""
    *_, last = traceback.format_exception_only(type(error), error)
    assert last.endswith(f"{page_of(type(error))}\n")


def test_each_error_of_a_chain_has_its_link() -> None:
    """`raise … from` prints both."""
    first, second = NotFoundError.__new__(NotFoundError, "missing"), TicketError(7)
    with pytest.raises(TicketError) as caught:
        raise second from first
    told = "".join(traceback.format_exception(caught.type, caught.value, caught.tb))
    assert (told.count(page_of(NotFoundError)), told.count(page_of(OutcomeUnknownError))) == (1, 1)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no groups of exceptions")
def test_each_error_of_a_group_has_its_link() -> None:
    """As a task group raises them."""
    assert sys.version_info >= (3, 11)  # told to the type checker
    group = builtins.ExceptionGroup("two", list(SAMPLES.values())[:2])  # type: ignore[attr-defined]  # new in 3.11
    told = "".join(traceback.format_exception(group))
    assert told.count(PAGES) == 2


async def test_log_and_attempts_have_no_link(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """A line for each attempt would repeat it at every one."""
    seen: list[AttemptEvent] = []
    caplog.set_level(logging.DEBUG, "videsk_rooms")
    async with AsyncVidesk(
        sandbox.api_token,
        base_url=sandbox.url,
        retry=Retry(attempts=3, base_delay=0.0),
        hooks=Hooks(on_attempt=seen.append),
    ) as videsk:
        sandbox.faults.drop(times=2)
        sandbox.faults.status(404)
        with pytest.raises(NotFoundError) as caught:
            await videsk.rooms.list()
    assert len(seen) == 3
    assert len([line for line in caplog.messages if "(attempt" in line]) == 3
    assert PAGES not in f"{caplog.text} {seen} {caught.value.attempts}"
