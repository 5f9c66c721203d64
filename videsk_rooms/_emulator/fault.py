"""One way of failing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from videsk_rooms._emulator.messages import Operation, Reply, json_reply

if TYPE_CHECKING:
    from collections.abc import Mapping

FaultKind = Literal[
    "status",
    "html",
    "drop-before",
    "drop-after",
    "delay",
    "truncated",
    "garbage",
    "garbage-line",
    "empty",
    "answer",
    "enormous",
]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
RANDOM_KINDS: tuple[FaultKind, ...] = tuple(kind for kind in KINDS if kind != "answer")

MEGABYTE = 1024 * 1024
NOT_JSON = b"<<<{]\x00 not JSON"
NOT_HTTP = b"\x16\x03\x01 what is this\r\n\r\n"


@dataclass(frozen=True)
class Fault:
    """One way of failing.

    Attributes:
        kind: Its name, as in `RequestRecord.fault`.
        processed: Whether the API does what was asked all the same.
        reply: What is answered instead of the API's answer; `None`: the API's own.
        delay: Seconds that the answer is held back for.
        delayed_first: Whether the waiting comes before the processing.
        reset: Whether a dropped connection is reset instead of closed in order.
        keep: The share of the body that a truncated answer brings.
        line: The bytes sent in place of an HTTP answer.
        size: Bytes of an enormous body, before compression.
        gzip: Whether an enormous body is sent compressed.
    """

    kind: FaultKind
    processed: bool
    reply: Reply | None = field(default=None, repr=False)
    delay: float = 0.0
    delayed_first: bool = False
    reset: bool = False
    keep: float = 1.0
    line: bytes = field(default=b"", repr=False)
    size: int = 0
    gzip: bool = False

    @property
    def silent(self) -> bool:
        """Whether no HTTP status is sent at all."""
        return self.kind in ("drop-before", "drop-after", "garbage-line")


def applies(on: frozenset[Operation] | None, operation: Operation | None) -> bool:
    """Whether a fault for the operations in `on` applies to a request of this operation."""
    return on is None or operation in on


def waf_page(status: int, headers: Mapping[str, str] | None) -> Reply:
    """The page of docs/api.md, Access: HTML with a `cf-ray` header instead of Feathers' JSON."""
    page = (
        "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>"
        f"<body><h1>Error {status}</h1><p>Sorry, you have been blocked</p></body></html>"
    )
    declared = {
        "Content-Type": "text/html; charset=UTF-8",
        "Server": "cloudflare",
        "cf-ray": "8f2c1d3e4a5b6c7d-SCL",
    }
    return Reply(status, page.encode(), {**declared, **(headers or {})})


def enormous_answer(size: int, *, gzip: bool, processed: bool) -> Fault:
    """A 200 with a body of sound JSON that is far too long."""
    return Fault("enormous", processed, json_reply(200, {}), size=size, gzip=gzip)
