"""Sends one API call, and retries it until it succeeds or gives up.

`_http/retry_policy.py` decides; this loop acts on it. Attempts, backoff and waits for the rate
limit count against one deadline. aiohttp's own silent retry is off (`_http/session.py`), so each
attempt is one request on the wire. tenacity and stamina would cost 25 µs for a call that needs no
retry, a tenth of the call itself (docs/decisions/0004-own-retry-loop.md).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import nullcontext, suppress
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from videsk_rooms._concurrency.clock import monotonic
from videsk_rooms._concurrency.fork import notice_fork
from videsk_rooms._config import Priority
from videsk_rooms._ratelimit import Rank, RateLimiter, ServerWindow
from videsk_rooms._wire.message import (
    RawResponse,
    Response,
    TransportFailure,
    make_attempt,
    make_response,
    unexpected,
)
from videsk_rooms._wire.status import error_from_response
from videsk_rooms.errors import ClosedError, VideskError

from .attempt import OutOfTimeError, RequestContext, check_loop
from .call_header import call_header
from .deadline import Deadline
from .failures import deadline_error, mark_outcome_unknown, transport_error
from .hooks import report_attempt, report_retry, report_wait, watches_attempts
from .retry_policy import AttemptResult, Decision, RetryBudget, decide, result_of
from .settings import Settings
from .tracing import Tracer, make_tracer
from .transport import Transport, closed

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from videsk_rooms._attempt import Attempt
    from videsk_rooms._quoting import Secret
    from videsk_rooms._ratelimit import Permit
    from videsk_rooms._wire.message import Request

    from .tracing import Span

T = TypeVar("T")


@attrs.frozen
class Sender:
    """Sends the requests of the resources of one client, and reads the responses."""

    settings: Settings
    transport: Transport
    limiter: RateLimiter
    budget: RetryBudget = attrs.field(factory=RetryBudget)
    server_window: ServerWindow = attrs.field(factory=ServerWindow)
    tracer: Tracer | None = attrs.field(factory=make_tracer)
    count_queue_time: bool = True
    default_priority: Priority = "interactive"
    note: Callable[[Response], object] | None = None

    def deadline(self) -> Deadline:
        """Start the time of a call, which may take several requests."""
        return Deadline(self.settings.timeout.total, count_queue_time=self.count_queue_time)

    def excluding_queue_time(self) -> Sender:
        """Return a sender whose deadline excludes time queued for the rate limit.

        When many calls start together, the last would otherwise fail because it queued behind the
        others.
        """
        return attrs.evolve(self, count_queue_time=False)

    def in_background(self) -> Sender:
        """Return a sender that lets interactive calls go first, unless a priority was set."""
        return attrs.evolve(self, default_priority="background")

    def noting(self, note: Callable[[Response], object]) -> Sender:
        """Return a sender that passes each response to `note`, even an error response."""
        return attrs.evolve(self, note=note)

    def out_of_time(self, request: Request, deadline: Deadline, when: str) -> VideskError:
        """Make the error for a call that ran out of time before its first request was sent."""
        return RetryingCall(self, request, deadline, None).too_late(when)

    @property
    def is_in_background(self) -> bool:
        """Whether it lets interactive calls go first."""
        return (self.settings.priority or self.default_priority) == "background"

    def rank(self, deadline: Deadline) -> Rank:
        """Return the rank of the next request of a call."""
        if self.is_in_background:
            return Rank.BACKGROUND_CONTINUED if deadline.has_begun else Rank.BACKGROUND
        return Rank.CONTINUED if deadline.has_begun else Rank.INTERACTIVE

    async def __call__(
        self,
        request: Request,
        read: Callable[[Response], T],
        deadline: Deadline | None = None,
    ) -> T:
        """Send a request, retrying until it succeeds or gives up.

        Args:
            request: The request.
            read: Reads a successful response, or raises `ResponseError`.
            deadline: The deadline of the call that this request belongs to; absent, the request is
                a separate call.

        Raises:
            TransportError: No response arrived.
            APIError: The API answered with an error.
            ResponseError: The response is not one of the API.
        """
        notice_fork()
        check_loop()
        base_url = self.transport.base_url
        span = None if self.tracer is None else self.tracer.open(request, base_url)
        call = RetryingCall(self, request, deadline or self.deadline(), span)
        if span is None:
            return await call.run(read)
        with span.current():
            return await call.run(read)


class RetryingCall:
    """One call, with its attempts so far."""

    def __init__(
        self, sender: Sender, request: Request, deadline: Deadline, span: Span | None
    ) -> None:
        self._sender = sender
        self._request = request
        self._deadline = deadline
        self._span = span
        self._attempts: list[Attempt] = []
        self._maybe_processed = False
        self._renewed = False
        self._delay = 0.0  # before the next attempt, so far

    async def run(self, read: Callable[[Response], T]) -> T:
        while True:
            try:
                outcome, used = await self._attempt()
                if used is not None and await self._renew(outcome, used):
                    continue
            except VideskError as error:
                self._final(error)
                raise
            result = outcome if isinstance(outcome, TransportFailure) else self._read(outcome, read)
            if not isinstance(result, TransportFailure | VideskError):
                self._sender.budget.refill()
                return result
            happened = result_of(outcome)
            self._note(happened)
            decision = self._decide(happened)
            if not decision.again:
                if isinstance(result, TransportFailure):
                    result = self._no_answer(result, decision)
                try:
                    # From None: in a task written in Python, aiohttp's exception may still be the
                    # active one, and would be printed with what it quotes.
                    raise self._final(result) from None
                finally:
                    del result  # or the traceback and this frame keep each other alive
            del result  # likewise
            await self._wait_for_another(decision, happened)

    # -- one attempt ------------------------------------------------------------------------------

    async def _attempt(self) -> tuple[RawResponse | TransportFailure, Secret | None]:
        sender, settings = self._sender, self._sender.settings
        if sender.transport.closed:
            raise closed()
        # Before the permit, so that no call queues behind a callable.
        token = settings.source.at_hand() or await self._first_token()
        rank = sender.rank(self._deadline)
        permit = sender.limiter.try_acquire(rank, self._request.operation)
        if permit is None:
            permit = await self._acquire_permit(rank)
            token = settings.source.at_hand() or token  # there may be a newer one by now
        remaining = self._deadline.remaining()
        if remaining <= 0:
            permit.release()
            raise self.too_late("before the request could be sent")
        self._deadline.has_begun = True
        started, started_at = monotonic(), datetime.now(timezone.utc)
        transport = sender.transport
        said = self._call_header() if transport.is_plain_http else ""
        context = RequestContext(token, transport.origin, permit, said)
        with nullcontext() if self._span is None else self._span.sending():
            outcome = await transport.attempt(self._request, context, settings, remaining)
        self._record(outcome, started_at, monotonic() - started)
        if watches_attempts(settings.hooks):
            await report_attempt(settings.hooks, self._request, self._attempts[-1], self._deadline)
        return outcome, token if context.used else None

    def _record(
        self, outcome: RawResponse | TransportFailure, started_at: datetime, duration: float
    ) -> None:
        sender = self._sender
        attempt = make_attempt(len(self._attempts) + 1, started_at, duration, outcome, self._delay)
        self._delay = 0.0
        self._attempts.append(attempt)
        if isinstance(outcome, RawResponse):
            sender.limiter.update_limit(outcome.headers)
            sender.server_window.learn(outcome.headers)
        if self._span is not None:
            self._span.attempted(attempt)

    def _call_header(self) -> str:
        attempt, in_background = len(self._attempts) + 1, self._sender.is_in_background
        return call_header(self._deadline, attempt, is_in_background=in_background)

    async def _first_token(self) -> Secret:
        source = self._sender.settings.source
        try:
            while (token := source.at_hand()) is None:
                await self._within(self._deadline.remaining(), partial(source.renewed, None))
        except OutOfTimeError:
            when = "while it waited for the callable given as api_token"
            raise self.too_late(when) from None
        return token

    async def _acquire_permit(self, rank: Rank) -> Permit:
        permits: list[Permit] = []
        limiter = self._sender.limiter

        async def acquire() -> None:
            permits.append(await limiter.acquire(rank, self._request.operation))

        began = monotonic()
        try:
            await self._within(self._deadline.remaining_for_queueing(), acquire)
            self._deadline.add_queue_time(monotonic() - began)
            waited = permits[0].waited
            self._delay += waited
            if waited > 0:
                hooks = self._sender.settings.hooks
                await report_wait(hooks, self._request, waited, self._deadline)
        except OutOfTimeError:
            waited_for = self._sender.limiter.waited_for()
            raise self.too_late(f"while it waited for {waited_for}") from None
        except BaseException:  # cancelled, perhaps as the permission came, or in a hook
            for permit in permits:
                permit.release()
            raise
        return permits[0]

    async def _renew(self, outcome: RawResponse | TransportFailure, used: Secret) -> bool:
        """After a 401, look for a newer token, once a call; out of time, the 401 is raised."""
        if isinstance(outcome, TransportFailure) or outcome.status != 401 or self._renewed:
            return False
        with suppress(OutOfTimeError):
            renewing = partial(self._sender.settings.source.renewed, used)
            self._renewed = await self._within(self._deadline.remaining(), renewing)
        return self._renewed

    async def _within(self, seconds: float, function: Callable[[], Coroutine[Any, Any, T]]) -> T:
        return await self._sender.transport.in_flight.within(seconds, function)

    # -- after an attempt -------------------------------------------------------------------------

    def _note(self, happened: AttemptResult) -> None:
        """Record what a failed attempt means for this call's error and for other calls."""
        if happened.processed == "maybe" and not self._request.safe:
            self._maybe_processed = True
        # Whatever happens to this call, the others should not run into the limit, too.
        longest = self._sender.settings.retry.max_retry_after
        if happened.status == 429 and (happened.wait or 0.0) <= longest:
            self._sender.limiter.pause(happened.wait)

    def _decide(self, happened: AttemptResult) -> Decision:
        """Decide what follows, without changing anything."""
        return decide(
            self._request,
            happened,
            tries=len(self._attempts) - self._renewed,  # the replay does not count as a retry
            retry=self._sender.settings.retry,
            remaining=self._deadline.remaining(),
            affordable=self._sender.budget.affordable,
            chance=random.random(),  # noqa: S311 - no secret
        )

    async def _wait_for_another(self, decision: Decision, happened: AttemptResult) -> None:
        sender = self._sender
        if happened.status != 429:
            sender.budget.spend()
        hooks, last = sender.settings.hooks, self._attempts[-1]
        await report_retry(hooks, self._request, last, decision.pause, self._deadline)
        # A hook may have used some of the remaining time. If the client is closed meanwhile, the
        # next attempt raises that.
        with suppress(OutOfTimeError, ClosedError):
            await self._within(self._deadline.remaining(), partial(asyncio.sleep, decision.pause))
        self._delay += decision.pause

    def _read(self, answer: RawResponse, read: Callable[[Response], T]) -> T | VideskError:
        """Read a response; return a `VideskError` for any that is not a readable success."""
        response = make_response(self._request, answer, tuple(self._attempts))
        if self._sender.note is not None:
            self._sender.note(response)
        error = error_from_response(response, self._request)
        if error is not None:
            return error
        if answer.too_long:
            return unexpected(response, "is longer than 4 MiB; ask for a smaller page")
        try:
            return read(response)
        except VideskError as unreadable:
            return unreadable
        except Exception as bug:
            # A bug of a reader that the server's bytes have triggered. Its text may quote them.
            kind = type(bug).__name__
        return unexpected(response, f"cannot be read ({kind})")

    def _no_answer(self, failure: TransportFailure, decision: Decision) -> VideskError:
        return transport_error(
            self._request,
            failure,
            tuple(self._attempts),
            maybe=self._maybe_processed,
            why=decision.why,
        )

    def too_late(self, when: str) -> VideskError:
        """Make the error for a call that runs out of time while no request is in flight."""
        return deadline_error(
            self._request,
            self._sender.transport.url_of(self._request),
            self._deadline,
            tuple(self._attempts),
            when=when,
            maybe=self._maybe_processed,
        )

    def _final(self, error: VideskError) -> VideskError:
        error.external_id = self._request.external_id
        if isinstance(error, ClosedError) and error.outcome_unknown:
            # The transport knows that the request was sent, but not whether it is safe.
            error.outcome_unknown = False
            self._maybe_processed = not self._request.safe
        if self._maybe_processed and not error.outcome_unknown:
            mark_outcome_unknown(error, self._request)
        return error
