"""Every error as application/problem+json (RFC 9457), never repeating what was entered."""

from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from contracts.envelope import Problem
from services.kit.answering import InternalError
from services.kit.errors import Refusal

PROBLEM_JSON = "application/problem+json"


class MalformedRequest(Refusal):
    """A header or the body is not in the form that HTTP or JSON asks for."""

    status, code, title = 400, "malformed-request", "The request is malformed"


class BodyTooLarge(Refusal):
    """The body is larger than any that is accepted."""

    status, code, title = 413, "body-too-large", "The body is too large"


class UnsupportedMediaType(Refusal):
    """The body is not declared as what the operation takes: JSON, but for lists."""

    status, code, title = 415, "unsupported-media-type", "The body is of another media type"


class PreconditionRequired(Refusal):
    """A change must say which version it was made to."""

    status, code, title = 428, "precondition-required", "The header If-Match is required"


class CrossSiteRequest(Refusal):
    """A changing request with a session's cookie must prove that a page of ours sent it."""

    status, code, title = 403, "csrf", "The request could come from another site"


class NoRights(Refusal):
    """The user may do nothing here, at this moment."""

    status, code, title = 403, "no-rights", "No rights in Koto"

    def __init__(self) -> None:
        super().__init__("Ask whoever grants rights in your organisation.")


class ChooseRight(Refusal):
    """The user holds rights, but not the one to act under that was chosen."""

    status, code, title = 403, "choose-right", "Choose the right to act under"

    def __init__(self) -> None:
        super().__init__("The right that was chosen is not in force. `GET /api/v1/rights` tells those that are.")


class TooManyRequests(Refusal):
    """The user asked more often than the limit allows."""

    status, code, title = 429, "too-many-requests", "Too many requests"


def problem_response(problem: Problem) -> Response:
    """The problem as HTTP tells it."""
    headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    return Response(problem.model_dump_json(exclude_defaults=True), problem.status, headers, PROBLEM_JSON)


def answer_problems(app: FastAPI) -> None:
    """Makes the application answer every failure as a problem."""
    app.exception_handler(Refusal)(_refused)
    app.exception_handler(HTTPException)(_unrouted)
    app.exception_handler(RequestValidationError)(_malformed)
    app.exception_handler(Exception)(_defect)


async def _refused(request: Request, refusal: Refusal) -> Response:
    response = problem_response(refusal.problem())
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        invalid = ', error="invalid_token"' if "authorization" in request.headers else ""
        response.headers["WWW-Authenticate"] = f'Bearer realm="koto"{invalid}'
    return response


async def _unrouted(request: Request, error: HTTPException) -> Response:
    """No such path, or no such method on it: the two that the framework raises by itself."""
    title = HTTPStatus(error.status_code).phrase
    code = title.lower().replace(" ", "-")
    response = problem_response(Problem(type=f"urn:koto:problem:{code}", title=title, status=error.status_code))
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:  # the framework names the first route's method only
        here = request.scope["route"].path
        same = [each.methods or set() for each in iter_route_contexts(request.app.routes) if each.path == here]
        response.headers["Allow"] = ", ".join(sorted(set().union(*same)))
    return response


async def _malformed(request: Request, error: RequestValidationError) -> Response:
    """A header or a query parameter of the wrong form: the framework checks these, bodies are checked by JsonBody."""
    place, name = error.errors()[0]["loc"][:2]
    missing = error.errors()[0]["type"] == "missing"
    refusal: Refusal
    if missing and name == "If-Match":
        refusal = PreconditionRequired("Send the ETag of the version that you changed.")
    else:
        what = "header" if place == "header" else "query parameter"
        refusal = MalformedRequest(
            f"The {what} {name} is required." if missing else f"The {what} {name}: {error.errors()[0]['msg']}."
        )
    return await _refused(request, refusal)


async def _defect(_: Request, __: Exception) -> Response:
    """Tells nothing; the exception goes on to Observed, which logs its place."""
    return problem_response(InternalError().problem())
