"""Handles one request: counts it, logs it, applies its fault, and responds."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING

from videsk_rooms._emulator.api import Route, find_route
from videsk_rooms._emulator.clock import monotonic
from videsk_rooms._emulator.errors import RefusedError, error_reply
from videsk_rooms._emulator.log import RequestRecord
from videsk_rooms._emulator.messages import Reply

if TYPE_CHECKING:
    from videsk_rooms._emulator.fault import Fault
    from videsk_rooms._emulator.limit import Limit, Verdict
    from videsk_rooms._emulator.messages import Incoming
    from videsk_rooms._emulator.observer import Observer
    from videsk_rooms._emulator.parts import SandboxParts

_logger = logging.getLogger("videsk_rooms.sandbox")


@dataclass(frozen=True)
class AdmittedRequest:
    """A request that has arrived and awaits its response."""

    incoming: Incoming
    route: Route
    number: int
    request_id: str
    verdict: Verdict | None
    fault: Fault | None

    @property
    def over_limit(self) -> bool:
        """Whether the rate limit refuses it."""
        return self.verdict is not None and not self.verdict.allowed


class RequestHandler:
    """Admits requests and responds to them, under the sandbox's lock."""

    def __init__(
        self,
        parts: SandboxParts,
        limit: Limit | None,
        observer: Observer,
        *,
        retry_after: bool,
    ) -> None:
        self._parts = parts
        self._limit = limit
        self._observer = observer
        self._retry_after = retry_after
        self._count = 0

    def admit(self, incoming: Incoming) -> AdmittedRequest:
        """Count and log a request, and choose its fault."""
        with self._parts.lock:
            self._count += 1
            route = find_route(incoming.method, incoming.path)
            verdict = (
                None if self._limit is None else self._limit.count(self._parts.clock.seconds())
            )
            # The limit comes first, so that a refused request uses up no fault.
            refused = verdict is not None and not verdict.allowed
            fault = None if refused else self._parts.script.next(route.operation)
            request_id = self._parts.identifiers.uuid()
            admission = AdmittedRequest(incoming, route, self._count, request_id, verdict, fault)
            record = self._record(admission)
            self._parts.requests._arrived(record)
            self._observer.arrived(record, verdict, fault)
            return admission

    def answer(self, admission: AdmittedRequest) -> Reply:
        """Process a request, unless its fault or the limit prevents it, and log the outcome."""
        with self._parts.lock:
            fault = admission.fault
            processed = not admission.over_limit and (fault is None or fault.processed)
            reply = self._process(admission) if processed else Reply(500)
            if admission.over_limit:
                reply = self._too_many(admission)
            elif fault is not None and fault.reply is not None:
                reply = fault.reply
            status = None if fault is not None and fault.silent else reply.status
            self._parts.requests._answered(admission.number, status, processed=processed)
            reply = Reply(reply.status, reply.body, self._headers(admission, reply))
            self._observer.answered(admission.number, reply, status, processed=processed)
            return reply

    def _process(self, admission: AdmittedRequest) -> Reply:
        try:
            return self._parts.api.answer(admission.route, admission.incoming)
        except RefusedError as refused:
            return error_reply(refused.status, refused.message, errors=refused.errors)
        except Exception:
            _logger.exception("the sandbox itself failed at request %s", admission.number)
            return error_reply(500, "The sandbox itself failed; see its log")

    def _too_many(self, admission: AdmittedRequest) -> Reply:
        # docs/api.md, Access: `Retry-After` may or may not be there.
        verdict = admission.verdict
        wait = {"Retry-After": str(verdict.reset)} if verdict and self._retry_after else {}
        return error_reply(429, "Too many requests, please try again later.", headers=wait)

    def _headers(self, admission: AdmittedRequest, reply: Reply) -> dict[str, str]:
        # Set here, because aiohttp would use the machine's clock, and rooms use the sandbox's.
        date = format_datetime(self._parts.clock.now(), usegmt=True)
        headers = {"Date": date, "x-request-id": admission.request_id}
        # A firewall in front of the API sends no rate limit headers.
        in_front = admission.fault is not None and admission.fault.kind == "html"
        if admission.verdict is not None and not in_front:
            headers.update(admission.verdict.headers())
        own = {name.lower() for name in reply.headers}
        kept = {name: value for name, value in headers.items() if name.lower() not in own}
        return {**kept, **reply.headers}

    def _record(self, admission: AdmittedRequest) -> RequestRecord:
        incoming = admission.incoming
        return RequestRecord(
            number=admission.number,
            operation=admission.route.operation,
            method=incoming.method,
            path=incoming.path,
            query=incoming.query,
            headers=incoming.headers,
            body=incoming.body,
            received_at=self._parts.clock.now(),
            monotonic=monotonic(),
            request_id=admission.request_id,
            fault=None if admission.fault is None else admission.fault.kind,
        )
