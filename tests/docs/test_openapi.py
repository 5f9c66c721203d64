"""docs/openapi.yaml: a valid document, with a standing for each fact, that the sandbox holds to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from videsk_rooms._wire.operations import _ALL
from videsk_rooms.sandbox import Sandbox

from .blocks import DOCS

yaml = pytest.importorskip("yaml", reason="the site's tools, which bring PyYAML, are not installed")
schemathesis = pytest.importorskip(
    "schemathesis", reason="schemathesis, which needs Python 3.11, is not installed"
)

from schemathesis.specs.openapi.checks import (  # noqa: E402 - after the skip
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDINGS = {"documented", "published", "framework", "unknown"}
CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

_BOUNDED = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

_PATH = DOCS / "openapi.yaml"
_DOCUMENT: dict[str, Any] = yaml.safe_load(_PATH.read_text(encoding="utf-8"))
_SCHEMA = schemathesis.openapi.from_dict(_DOCUMENT)
_OPERATIONS = [each.ok() for each in _SCHEMA.get_all_operations()]


def test_the_document_is_valid() -> None:
    """OpenAPI 3.1, for every tool that reads it."""
    _SCHEMA.validate()


def _facts(of: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Yield what has to have a standing: operations, parameters, responses, headers, fields."""
    if isinstance(of, list):
        for number, each in enumerate(of):
            yield from _facts(each, f"{where}[{number}]")
    if not isinstance(of, dict):
        return
    if "operationId" in of or of.get("in") in ("query", "path"):
        yield where, of
    for name in ("responses", "properties", "headers", "securitySchemes"):
        for key, fact in of.get(name, {}).items():
            if set(fact) != {"$ref"}:
                yield f"{where}.{name}.{key}", fact
    for name, inside in of.items():
        if name not in ("example", "examples"):
            yield from _facts(inside, f"{where}.{name}")


def test_every_fact_has_a_standing() -> None:
    """One of the four that docs/api.md explains."""
    facts = dict(_facts(_DOCUMENT, ""))
    assert len(facts) > 50
    assert [where for where, fact in facts.items() if fact.get("x-standing") not in STANDINGS] == []


def test_the_document_has_the_operations_of_the_client() -> None:
    """Whoever adds an operation adds it here."""
    documented = {
        (method.upper(), path) for path, methods in _DOCUMENT["paths"].items() for method in methods
    }
    assert documented == {(each.method, each.template) for each in _ALL}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The API, without a limit that is felt, and a room."""
    with Sandbox(seed=7, rate=100_000) as sandbox:
        sandbox.add_room(external_id="standup-2024-08-14")
        yield sandbox


@pytest.mark.parametrize("operation", _OPERATIONS, ids=lambda each: each.label)
def test_the_sandbox_holds_to_the_document(operation: Any, sandbox: Sandbox) -> None:
    """Whatever is sent that the document allows, the answer is one of those that it describes."""
    room = sandbox.rooms[0]["id"]
    statuses: set[int] = set()

    @_BOUNDED
    @given(case=operation.as_strategy(), known=st.booleans(), allowed=st.sampled_from([1, 1, 0]))
    def conforms(case: Any, known: bool, allowed: int) -> None:
        if known and "roomId" in case.path_parameters:
            case.path_parameters["roomId"] = room
        headers = {"Authorization": f"Bearer {sandbox.api_token if allowed else 'none'}"}
        # Its own transport looks into urllib3, whose place niquests' urllib3-future takes.
        request = case.as_transport_kwargs(base_url=sandbox.url, headers=headers)
        request.pop("cookies")
        response = client.request(**request)
        case.validate_response(response, checks=CHECKS)
        statuses.add(response.status_code)

    with httpx.Client(base_url=sandbox.url, trust_env=False) as client:
        conforms()
    assert 401 in statuses
    assert min(statuses) < 300 or operation.method == "delete"
