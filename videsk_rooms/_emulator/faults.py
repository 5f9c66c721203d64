"""Failures on demand: the methods that script them."""

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
    """The script of failures, applied in the order in which they were added.

    A request takes the first fault that is for its operation; a request over the rate limit
    takes none. Every method but `random` and `clear` has three arguments in common:

    - `on`: the operation it is for (`create`, `list`, `get`, `update`, `delete`, `join`,
      `stats`), several of them in a collection, or `None` for every request.
    - `times`: how many requests it is for; `None`: all, until `clear()`.
    - `every`: 3 leaves two such requests alone before each that it is for.

    Where a method takes `processed`, it says whether the API does what was asked before
    the failing answer takes the place of its own.

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
        """Answer with an error.

        Args:
            status: The HTTP status, 200 to 599.
            message: The error's message; absent: one that names the status.
            errors: The error's `errors`, an object or a list; absent: an empty object.
            headers: Further headers, such as `{"Retry-After": "2"}`.
            html: Answer with the WAF's HTML page and its `cf-ray` header, without the headers
                of the rate limit, instead of Feathers' JSON.
            processed: Whether the API does what was asked.
            on: For which operations.
            times: How many times.
            every: 3: every third of these requests.

        Raises:
            ValueError: An argument is out of range.

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
        """Close the connection without an answer.

        Args:
            when: `before` the request was processed, or `after` it was: a room is created then,
                and the caller does not learn of it.
            reset: Reset the connection instead of closing it in order.
            on: For which operations.
            times: How many times.
            every: 3: every third of these requests.

        Raises:
            ValueError: An argument is out of range.

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
        """Hold the API's answer back.

        Args:
            seconds: For how long, 0 or more.
            process: `first`: processed at once, only the answer comes late; `last`: processed
                after the delay, also when the caller is gone by then.
            on: For which operations.
            times: How many times.
            every: 3: every third of these requests.

        Raises:
            ValueError: An argument is out of range.

        ```python
        sandbox.faults.delay(0.5, on="list")
        ```
        """
        if process not in ("first", "last"):
            raise ValueError(f"unknown order {process!r}; use 'first' or 'last'")
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"a delay of {seconds} is invalid; give seconds of 0 or more")
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
        """Process the request, but break off in the middle of the answer's body.

        Args:
            keep: The share of the body that is sent, 0.0 up to but not including 1.0;
                `Content-Length` tells the whole.
            on: For which operations.
            times: How many times.
            every: 3: every third of these requests.

        Raises:
            ValueError: An argument is out of range.

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
        """Answer with a body that says it is JSON and is not.

        Args:
            body: The body.
            status: The HTTP status, 200 to 599.
            processed: Whether the API does what was asked.
            on: For which operations.
            times: How many times.
            every: 3: every third of these requests.

        Raises:
            ValueError: An argument is out of range.

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
        r"""Send bytes that are no HTTP answer, and close the connection.

        Args:
            line: The bytes.
            processed: Whether the API does what was asked.
            on: For which operations.
            times: How many times.
            every: 3: every third of these requests.

        Raises:
            ValueError: An argument is out of range.

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
        """Answer with no body at all.

        Args:
            status: The HTTP status, 200 to 599.
            processed: Whether the API does what was asked.
            on: For which operations.
            times: How many times.
            every: 3: every third of these requests.

        Raises:
            ValueError: An argument is out of range.

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
        """Answer with whatever is given; only the headers every answer has are added.

        Args:
            status: The HTTP status, 200 to 599.
            headers: The headers; they win over those of every answer.
            body: The body.
            processed: Whether the API does what was asked.
            on: For which operations.
            times: How many times.
            every: 3: every third of these requests.

        Raises:
            ValueError: An argument is out of range.

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
        """Answer 200 with a body of sound JSON that is far too long, streamed.

        Args:
            size: Bytes of the body, about, before compression.
            gzip: Send it compressed, about a thousandth of its size on the wire.
            processed: Whether the API does what was asked.
            on: For which operations.
            times: How many times.
            every: 3: every third of these requests.

        Raises:
            ValueError: An argument is out of range.

        ```python
        sandbox.faults.enormous(200 * 1024 * 1024, gzip=True)
        ```
        """
        if size < 1:
            raise ValueError(f"a size of {size} is not enormous; give 1 byte or more")
        self._script.add(enormous_answer(size, gzip=gzip, processed=processed), on, times, every)

    def random(
        self,
        share: float = 0.3,
        *,
        seed: int | None = None,
        on: Operation | Collection[Operation] | None = None,
        kinds: Collection[FaultKind] | None = None,
    ) -> None:
        """Make a share of all requests fail at random, besides the script, until `clear()`.

        The same seed makes the same requests in the same order fail alike. A second call
        replaces the first.

        Args:
            share: The share of requests that fail, 0.0 to 1.0.
            seed: What decides; absent: the sandbox's seed.
            on: For which operations.
            kinds: Which kinds; absent: all but `answer`. Statuses are 429, 500, 502, 503 and
                504, delays up to 0.05 seconds, enormous bodies 8 MiB.

        Raises:
            ValueError: An argument is out of range.

        ```python
        sandbox.faults.random(share=0.2, seed=7, kinds=("status", "drop-after"))
        ```
        """
        self._script.fail_at_random(share, seed, on, kinds)

    def clear(self) -> None:
        """Drop the whole script and the random faults.

        ```python
        sandbox.faults.clear()
        ```
        """
        self._script.clear()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """The scripted faults that are still to come, each once however often it applies."""
        return self._script.pending()

    def __repr__(self) -> str:
        return f"<Faults {self._script}>"


def _check_status(status: int) -> None:
    if not 200 <= status <= 599:
        raise ValueError(f"{status} is no final HTTP status; give 200 to 599")
