"""The OpenAPI document of the HTTP API."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from contracts.envelope import Problem
from services.gateway.bodies import JsonBody
from services.gateway.problems import PROBLEM_JSON

_DESCRIPTION = """\
Customers of integration services: their history, assessments, plans, referrals and documents, and what is due of them.

A request that changes something carries an `Idempotency-Key`: repeated with the same key it is done once. A change to
something that exists carries `If-Match` with the `ETag` that was read. Every error is `application/problem+json`; its
`type` and the `rule` of each of its `errors` are stable codes. `Trace-Id` in an answer names it to the operators.
"""

_PROBLEMS = {
    400: "A header is missing or malformed, or the body is not JSON",
    401: "No bearer token and no session, or one that does not hold",
    403: "Not allowed; with the code `csrf`, because another site could have sent it",
    404: "It does not exist, as far as the caller may know",
    409: "The present state does not allow it",
    412: "Somebody changed it meanwhile: `changes` says what",
    413: "The body is too large",
    415: "The body is of another media type",
    422: "A field is missing or breaks a rule, or the idempotency key was used for something else",
    428: "If-Match is missing",
    429: "Too many requests: `Retry-After` says when to go on",
    500: "A defect on our side",
    503: "Something beneath is away: repeat with the same Idempotency-Key after `Retry-After`",
}
_PROBLEM_HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documentation of these problems and of any other, for a route's `responses`."""
    headers = {status: with_headers(name) for status, name in _PROBLEM_HEADERS.items()}
    documented: dict[int | str, dict[str, Any]] = {
        status: _problem(_PROBLEMS[status]) | headers.get(status, {}) for status in sorted({400, *statuses})
    }
    return documented | {"default": _problem("Any other problem")}


def with_headers(*names: str) -> dict[str, Any]:
    """The documentation of headers that every such answer has."""
    return {"headers": {name: {"required": True, "schema": {"type": "string"}} for name in names}}


def with_links(**operations: dict[str, str]) -> dict[str, Any]:
    """The documentation of what can be asked after an answer: operations, each with the parameters known by then."""
    links = {name: {"operationId": name, "parameters": parameters} for name, parameters in operations.items()}
    return {"links": links}


def document(app: FastAPI) -> dict[str, Any]:
    """The whole document, made once."""
    if app.openapi_schema:
        return app.openapi_schema
    found: dict[str, Any] = get_openapi(title="Koto", version="1", description=_DESCRIPTION, routes=app.routes)
    problem = Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    found["components"]["schemas"] |= {**problem.pop("$defs"), "Problem": problem, **JsonBody.schemas}
    app.openapi_schema = found
    return found


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {PROBLEM_JSON: {"schema": schema}}}
