"""The tree of errors; and each of them is plain data, through every copy and every pickle."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

import videsk_rooms
from videsk_rooms import (
    APIError,
    Attempt,
    AuthenticationError,
    BadRequestError,
    ClosedError,
    ConfigurationError,
    ConflictError,
    ConnectionFailedError,
    DeadlineExceededError,
    Headers,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownAtDeadlineError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    ServerError,
    TransportError,
    Videsk,
    VideskError,
    errors,
)

if TYPE_CHECKING:
    from videsk_rooms.sandbox import Sandbox

TREE: dict[type[VideskError], tuple[type[BaseException], ...]] = {
    VideskError: (Exception,),
    ConfigurationError: (VideskError, ValueError),
    InvalidRequestError: (VideskError, ValueError),
    ClosedError: (VideskError,),
    TransportError: (VideskError,),
    ConnectionFailedError: (TransportError,),
    DeadlineExceededError: (TransportError, TimeoutError),
    OutcomeUnknownError: (TransportError,),
    OutcomeUnknownAtDeadlineError: (DeadlineExceededError, OutcomeUnknownError),
    ResponseError: (VideskError,),
    APIError: (VideskError,),
    BadRequestError: (APIError,),
    AuthenticationError: (APIError,),
    PermissionDeniedError: (APIError,),
    NotFoundError: (APIError,),
    ConflictError: (APIError,),
    RateLimitError: (APIError,),
    ServerError: (APIError,),
}

ATTEMPTS = (
    Attempt(1, datetime(2042, 8, 14, tzinfo=timezone.utc), 0.5, None, "reset", 0.0, None),
    Attempt(2, datetime(2042, 8, 14, 1, tzinfo=timezone.utc), 0.25, 409, None, 1.5, "id-2"),
)


def api_error(kind: type[APIError]) -> APIError:
    return kind(
        "GET https://api.videsk.io/: 409 Conflict: taken. Choose another.",
        status=409,
        name="Conflict",
        message="taken",
        class_name="conflict",
        errors={"externalId": ["taken", {"by": None}]},
        method="GET",
        url="https://api.videsk.io/",
        request_id="id-2",
        headers=Headers({"X-Request-Id": "id-2", "Content-Type": "application/json"}),
        attempts=ATTEMPTS,
    )


def limited() -> RateLimitError:
    error = api_error(RateLimitError)
    assert isinstance(error, RateLimitError)
    error.retry_after = 2.5
    return error


SAMPLES: dict[type[VideskError], VideskError] = {
    VideskError: VideskError("anything."),
    ConfigurationError: ConfigurationError("there is no API token"),
    InvalidRequestError: InvalidRequestError("limit=0: give 1 to 100", argument="limit"),
    ClosedError: ClosedError("the client is closed"),
    TransportError: TransportError("lost.", attempts=ATTEMPTS),
    ConnectionFailedError: ConnectionFailedError("refused.", attempts=ATTEMPTS),
    DeadlineExceededError: DeadlineExceededError(
        "late.", attempts=ATTEMPTS, external_id="ticket-1"
    ),
    OutcomeUnknownAtDeadlineError: OutcomeUnknownAtDeadlineError(
        "late.", attempts=ATTEMPTS, external_id="ticket-1"
    ),
    OutcomeUnknownError: OutcomeUnknownError("lost.", attempts=ATTEMPTS, external_id="ticket-1"),
    ResponseError: ResponseError(
        "no JSON.",
        status=200,
        method="GET",
        url="https://api.videsk.io/",
        path="data[3].exp",
        body_start="<p>",
        request_id="id-2",
        attempts=ATTEMPTS,
    ),
    **{kind: api_error(kind) for kind in TREE if issubclass(kind, APIError)},
    RateLimitError: limited(),
}
samples = pytest.mark.parametrize(
    "error", SAMPLES.values(), ids=[kind.__name__ for kind in SAMPLES]
)


def assert_same(found: object, error: VideskError) -> None:
    """Compare what errors, which are equal only to themselves, consist of."""
    assert type(found) is type(error)
    assert isinstance(found, VideskError)
    assert found is not error
    assert (str(found), repr(found), found.args) == (str(error), repr(error), error.args)
    assert vars(found) == vars(error)


# -- the tree -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "bases"), TREE.items(), ids=[kind.__name__ for kind in TREE])
def test_the_tree_is_as_published(
    kind: type[VideskError], bases: tuple[type[BaseException], ...]
) -> None:
    """What an `except` catches is an interface like any other."""
    assert kind.__bases__ == bases


def test_the_tree_is_complete() -> None:
    """No error is left out of it, and each is at hand from the package."""
    assert {kind.__name__ for kind in TREE} == set(errors.__all__)
    assert all(getattr(videsk_rooms, kind.__name__) is kind for kind in TREE)
    assert set(SAMPLES) == set(TREE)


@samples
def test_every_error_is_told_by_its_text(error: VideskError) -> None:
    """`repr` names the class and the text alone; also where a base is an OSError."""
    (text,) = error.args
    assert str(error).startswith(text)
    assert repr(error) == f"{type(error).__name__}({text!r})"


@samples
def test_the_tree_at_the_top_of_the_module_has_every_error(error: VideskError) -> None:
    """The drawing is what people read."""
    assert errors.__doc__ is not None
    assert type(error).__name__ in errors.__doc__


# -- plain data -----------------------------------------------------------------------------------


@samples
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_error_pickles(error: VideskError, protocol: int) -> None:
    """With all of its attributes, on every protocol."""
    assert_same(pickle.loads(pickle.dumps(error, protocol)), error)


@samples
@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_every_error_copies(error: VideskError, duplicate: Any) -> None:
    """With all of its attributes."""
    assert_same(duplicate(error), error)


@samples
def test_what_was_added_to_an_error_is_kept(error: VideskError) -> None:
    """Notes, and whatever else a caller hangs on it."""
    error = copy.deepcopy(error)
    error.__notes__ = ["while importing line 7"]  # type: ignore[attr-defined]  # new in 3.11
    error.ticket = 7  # type: ignore[attr-defined]  # the caller's own
    assert_same(pickle.loads(pickle.dumps(error)), error)


@pytest.mark.parametrize("kind", TREE, ids=[kind.__name__ for kind in TREE])
def test_every_error_can_be_made_of_its_text_alone(kind: type[VideskError]) -> None:
    """All that some carriers of errors keep; the rest is there, and neutral."""
    error = kind("what was said.")
    assert error.args == ("what was said.",)
    assert vars(error).keys() <= vars(SAMPLES[kind]).keys()
    known = {"status", "outcome_unknown"}  # what some classes tell by themselves
    data = {name: getattr(error, name) for name in vars(SAMPLES[kind]).keys() - known}
    assert not any(data.values()), data
    assert_same(pickle.loads(pickle.dumps(error)), error)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (BadRequestError, 400),
        (AuthenticationError, 401),
        (PermissionDeniedError, 403),
        (NotFoundError, 404),
        (ConflictError, 409),
        (RateLimitError, 429),
        (ServerError, 0),
        (APIError, 0),
        (ResponseError, 0),
    ],
)
def test_a_class_knows_its_status_if_it_has_but_one(
    kind: type[APIError | ResponseError], status: int
) -> None:
    """Where it may be one of several, none is made up."""
    assert kind("what was said.").status == status


def test_a_derived_error_pickles() -> None:
    """A caller's subclass, whatever its __init__ asks for."""
    assert_same(pickle.loads(pickle.dumps(TicketError(7))), TicketError(7))


class TicketError(OutcomeUnknownError):
    """What a caller may derive."""

    def __init__(self, ticket: int) -> None:
        super().__init__(f"ticket {ticket}", external_id=str(ticket))
        self.ticket = ticket


def raised(error: VideskError) -> NoReturn:
    raise error


def test_every_error_crosses_processes() -> None:
    """Raised in a process started afresh, it arrives as it left."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        outcomes = [(error, pool.submit(raised, error)) for error in SAMPLES.values()]
        for error, outcome in outcomes:
            found = outcome.exception(timeout=120)
            assert_same(found, error)


@samples
def test_an_error_keeps_its_cause_apart(error: VideskError) -> None:
    """`raise … from` works as for any exception; a copy is a copy of the error alone."""
    error = copy.copy(error)
    with pytest.raises(type(error)) as caught:
        raise error from KeyError("a")
    assert isinstance(caught.value.__cause__, KeyError)
    assert_same(copy.copy(caught.value), error)


@pytest.mark.parametrize(
    ("ahead", "expected"), [(timedelta(hours=1), "not open yet"), (-timedelta(hours=1), "over")]
)
def test_a_room_that_lets_nobody_in_says_why(
    sandbox: Sandbox, blocking_once: Videsk, ahead: timedelta, expected: str
) -> None:
    """Whatever the status, and after a journey by pickle too."""
    opens_at = sandbox.now + ahead
    room = sandbox.add_room(nbf=opens_at, exp=opens_at + timedelta(minutes=30))
    with pytest.raises(APIError) as caught:
        blocking_once.rooms.join(str(room["id"]))
    assert caught.value.room_state == expected
    assert pickle.loads(pickle.dumps(caught.value)).room_state == expected
