"""The methods that script faults."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from videsk_rooms._emulator.errors import NAMES, error_reply
from videsk_rooms._emulator.fault import (
    MEGABYTE,
    NOT_HTTP,
    NOT_JSON,
    Fault,
    FaultKind,
    enormous_answer,
    waf_page,
)
from videsk_rooms._emulator.messages import Operation, Reply

if TYPE_CHECKING:
    from videsk_rooms._emulator.fault_script import FaultScript


class Faults:
    """Scripts failures of the sandbox, applied in the order in which they were added.

    A request gets the first fault for its operation. Requests over the rate limit get none. All
    methods except `random` and `clear` share three arguments:

    - `on`: the operation that fails (`create`, `list`, `get`, `update`, `delete`, `join`,
      `stats`), a collection of operations, or `None` for all.
    - `times`: how many requests fail; `None`: all, until `clear()`.
    - `every`: with 3, every third of these requests fails.

    Some methods take `processed`: whether the API processes the request before the fault
    replaces its response.

    Example:
        ```python
        sandbox.faults.status(503, on="create", times=2)
        sandbox.faults.drop("after", on="create")
        sandbox.faults.status(429, every=3, times=None)
        ```
    """

    def __init__(self, script: FaultScript) -> None:
        self._script = script

    def status(
        self,
        status: int,
        *,
        message: str | None = None,
        errors: Mapping[str, object] | Sequence[object] | None = None,
        headers: Mapping[str, str] | None = None,
        html: bool = False,
        processed: bool = False,
        on: Operation | Collection[Operation] | None = None,
        times: int | None = 1,
        every: int = 1,
    ) -> None:
        """Respond with an error.

        Args:
            status: The HTTP status, 200 to 599.
            message: The error's message. Default: one that names the status.
            errors: The error's `errors`, an object or a list. Default: an empty object.
            headers: Further headers, such as `{"Retry-After": "2"}`.
            html: Send the WAF's HTML page with its `cf-ray` header, and without the headers of the
                rate limit, instead of Feathers' JSON.
            processed: Whether the API processes the request.
            on: The operations that fail.
            times: How many requests fail.
            every: With 3, every third of these requests fails.

        Raises:
            ValueError: An argument is out of range.

        Example:
            ```python
            sandbox.faults.status(429, headers={"Retry-After": "1"})
            ```
        """
        _check_status(status)
        if html:
            self._script.add(Fault("html", processed, waf_page(status, headers)), on, times, every)
            return
        text = message or f"Scripted {NAMES.get(status, 'failure')}"
        reply = error_reply(status, text, errors=errors, headers=headers)
        self._script.add(Fault("status", processed, reply), on, times, every)

    def drop(
        self,
        when: Literal["before", "after"] = "before",
        *,
        reset: bool = False,
        on: Operation | Collection[Operation] | None = None,
        times: int | None = 1,
        every: int = 1,
    ) -> None:
        """Close the connection without a response.

        Args:
            when: `before` or `after` the request is processed. With `after`, a room may be created
                without the caller knowing.
            reset: Reset the connection instead of closing it in order.
            on: The operations that fail.
            times: How many requests fail.
            every: With 3, every third of these requests fails.

        Raises:
            ValueError: An argument is out of range.

        Example:
            ```python
            sandbox.faults.drop("after", on="create")
            ```
        """
        if when not in ("before", "after"):
            raise ValueError(f"unknown moment {when!r}; use 'before' or 'after'")
        kind: FaultKind = "drop-before" if when == "before" else "drop-after"
        self._script.add(Fault(kind, processed=when == "after", reset=reset), on, times, every)

    def delay(
        self,
        seconds: float,
        *,
        process: Literal["first", "last"] = "first",
        on: Operation | Collection[Operation] | None = None,
        times: int | None = 1,
        every: int = 1,
    ) -> None:
        """Delay the API's response.

        Args:
            seconds: The delay in seconds, 0 or more.
            process: `first`: process the request immediately and delay only the response; `last`:
                process it after the delay, even if the caller has disconnected by then.
            on: The operations that are delayed.
            times: How many requests are delayed.
            every: With 3, every third of these requests is delayed.

        Raises:
            ValueError: An argument is out of range.

        Example:
            ```python
            sandbox.faults.delay(0.5, on="list")
            ```
        """
        if process not in ("first", "last"):
            raise ValueError(f"unknown order {process!r}; use 'first' or 'last'")
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"a delay of {seconds} is invalid; give 0 seconds or more")
        fault = Fault("delay", processed=True, delay=seconds, delayed_first=process == "last")
        self._script.add(fault, on, times, every)

    def truncated(
        self,
        *,
        keep: float = 0.5,
        on: Operation | Collection[Operation] | None = None,
        times: int | None = 1,
        every: int = 1,
    ) -> None:
        """Process the request, but break off in the middle of the response's body.

        Args:
            keep: The share of the body that is sent, from 0.0 to below 1.0. `Content-Length` still
                gives the length of the whole body.
            on: The operations that fail.
            times: How many requests fail.
            every: With 3, every third of these requests fails.

        Raises:
            ValueError: An argument is out of range.

        Example:
            ```python
            sandbox.faults.truncated(on="get")
            ```
        """
        if not 0 <= keep < 1:
            raise ValueError(f"a share of {keep} truncates nothing; give 0.0 up to below 1.0")
        self._script.add(Fault("truncated", processed=True, keep=keep), on, times, every)

    def garbage(
        self,
        body: bytes = NOT_JSON,
        *,
        status: int = 200,
        processed: bool = True,
        on: Operation | Collection[Operation] | None = None,
        times: int | None = 1,
        every: int = 1,
    ) -> None:
        """Respond with a body that is declared as JSON but is not.

        Args:
            body: The body.
            status: The HTTP status, 200 to 599.
            processed: Whether the API processes the request.
            on: The operations that fail.
            times: How many requests fail.
            every: With 3, every third of these requests fails.

        Raises:
            ValueError: An argument is out of range.

        Example:
            ```python
            sandbox.faults.garbage(on="list")
            ```
        """
        _check_status(status)
        reply = Reply(status, body, {"Content-Type": "application/json; charset=utf-8"})
        self._script.add(Fault("garbage", processed, reply), on, times, every)

    def garbage_line(
        self,
        line: bytes = NOT_HTTP,
        *,
        processed: bool = False,
        on: Operation | Collection[Operation] | None = None,
        times: int | None = 1,
        every: int = 1,
    ) -> None:
        r"""Send bytes that are not an HTTP response, and close the connection.

        Args:
            line: The bytes.
            processed: Whether the API processes the request.
            on: The operations that fail.
            times: How many requests fail.
            every: With 3, every third of these requests fails.

        Raises:
            ValueError: An argument is out of range.

        Example:
            ```python
            sandbox.faults.garbage_line(b"SSH-2.0-OpenSSH\r\n")
            ```
        """
        self._script.add(Fault("garbage-line", processed, line=line), on, times, every)

    def empty(
        self,
        *,
        status: int = 200,
        processed: bool = True,
        on: Operation | Collection[Operation] | None = None,
        times: int | None = 1,
        every: int = 1,
    ) -> None:
        """Respond with an empty body.

        Args:
            status: The HTTP status, 200 to 599.
            processed: Whether the API processes the request.
            on: The operations that fail.
            times: How many requests fail.
            every: With 3, every third of these requests fails.

        Raises:
            ValueError: An argument is out of range.

        Example:
            ```python
            sandbox.faults.empty(on="join")
            ```
        """
        _check_status(status)
        reply = Reply(status, b"", {"Content-Type": "application/json; charset=utf-8"})
        self._script.add(Fault("empty", processed, reply), on, times, every)

    def answer(
        self,
        status: int,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        processed: bool = False,
        on: Operation | Collection[Operation] | None = None,
        times: int | None = 1,
        every: int = 1,
    ) -> None:
        """Send the given response, with only the headers added that every response has.

        Args:
            status: The HTTP status, 200 to 599.
            headers: The headers; they override the added ones.
            body: The body.
            processed: Whether the API processes the request.
            on: The operations that get this response.
            times: How many requests get it.
            every: With 3, every third of these requests gets it.

        Raises:
            ValueError: An argument is out of range.

        Example:
            ```python
            sandbox.faults.answer(302, headers={"Location": "https://example.org/"})
            ```
        """
        _check_status(status)
        self._script.add(
            Fault("answer", processed, Reply(status, body, dict(headers or {}))), on, times, every
        )

    def enormous(
        self,
        size: int = 64 * MEGABYTE,
        *,
        gzip: bool = False,
        processed: bool = True,
        on: Operation | Collection[Operation] | None = None,
        times: int | None = 1,
        every: int = 1,
    ) -> None:
        """Respond with 200 and a very large body of valid JSON, streamed.

        Args:
            size: The approximate size of the body in bytes, before compression.
            gzip: Compress the body, to about a thousandth of its size.
            processed: Whether the API processes the request.
            on: The operations that fail.
            times: How many requests fail.
            every: With 3, every third of these requests fails.

        Raises:
            ValueError: An argument is out of range.

        Example:
            ```python
            sandbox.faults.enormous(200 * 1024 * 1024, gzip=True)
            ```
        """
        if size < 1:
            raise ValueError(f"size={size} is invalid; give 1 byte or more")
        self._script.add(enormous_answer(size, gzip=gzip, processed=processed), on, times, every)

    def random(
        self,
        share: float = 0.3,
        *,
        seed: int | None = None,
        on: Operation | Collection[Operation] | None = None,
        kinds: Collection[FaultKind] | None = None,
    ) -> None:
        """Make a random share of the requests fail, in addition to the script, until `clear()`.

        With the same seed, the same requests in the same order fail in the same way. A second call
        replaces the first.

        Args:
            share: The share of requests that fail, 0.0 to 1.0.
            seed: The seed of the random choices. Default: the sandbox's.
            on: The operations that fail.
            kinds: The kinds of fault. Default: all except `answer`. Statuses are 429, 500, 502, 503
                and 504. Delays are up to 0.05 seconds. Enormous bodies have 8 MiB.

        Raises:
            ValueError: An argument is out of range.

        Example:
            ```python
            sandbox.faults.random(share=0.2, seed=7, kinds=("status", "drop-after"))
            ```
        """
        self._script.fail_at_random(share, seed, on, kinds)

    def clear(self) -> None:
        """Remove all scripted and random faults.

        Example:
            ```python
            sandbox.faults.clear()
            ```
        """
        self._script.clear()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """The pending scripted faults; each appears once, however often it applies."""
        return self._script.pending()

    def __repr__(self) -> str:
        return f"<Faults {self._script}>"


def _check_status(status: int) -> None:
    if not 200 <= status <= 599:
        raise ValueError(f"{status} is not a final HTTP status; give 200 to 599")
