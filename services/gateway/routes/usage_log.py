"""The usage log: questions of those who supervise it, and the customer's own view."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import Response

from contracts.access.usage_log import (
    MOST_LINES,
    USAGE_CURSOR_PATTERN,
    FindSearches,
    FindUsageByUser,
    FindUsageOfCustomer,
    GetOwnUsage,
    OwnUsage,
    UsageLines,
)
from contracts.types import CustomerId
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_links
from services.gateway.routes.customers import PREFIX

routes = APIRouter(prefix=PREFIX, tags=["usage log"])

Cursor = Annotated[str | None, Query(pattern=USAGE_CURSOR_PATTERN, description="next_cursor of the page before")]
Limit = Annotated[int, Query(ge=1, le=MOST_LINES)]

_READ = problems(400, 401, 403, 404, 429, 500, 503)
_ASKED = problems(400, 401, 403, 413, 415, 422, 429, 500, 503)
_NEXT = {"cursor": "$response.body#/next_cursor"}
_OF_CUSTOMER = with_links(find_usage_of_customer=_NEXT | {"customer_id": "$request.path.customer_id"})
_LANGUAGE = re.compile(r"\s*([A-Za-z]{2,3})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?)\s*)?")
_MOST_LANGUAGES = 20

_by_user = JsonBody(FindUsageByUser, example={"user": "8f6f2c5e-7a7c-4a0b-9d3e-0c8b1a2d3e4f"})
_searches = JsonBody(FindSearches, example={"name": "Aamu Esimerkki"})


@routes.get("/customers/{customer_id:uuid}/usage", response_model=UsageLines, responses={200: _OF_CUSTOMER, **_READ})
async def find_usage_of_customer(
    caller: SignedIn, customer_id: CustomerId, cursor: Cursor = None, limit: Limit = MOST_LINES
) -> Response:
    """Who used one customer's data, or tried to, when and why; newest first, a page at a time."""
    return answer(await caller.ask(FindUsageOfCustomer(customer_id=customer_id, cursor=cursor, limit=limit)))


@routes.post("/usage-log/by-user", response_model=UsageLines, responses=_ASKED, openapi_extra=_by_user.documentation)
async def find_usage_by_user(caller: SignedIn, body: Annotated[FindUsageByUser, Depends(_by_user)]) -> Response:
    """What one user saw, did and was refused; newest first, a page at a time."""
    return answer(await caller.ask(body))


@routes.post("/usage-log/searches", response_model=UsageLines, responses=_ASKED, openapi_extra=_searches.documentation)
async def find_searches(caller: SignedIn, body: Annotated[FindSearches, Depends(_searches)]) -> Response:
    """Who looked a person up. A POST, for what identifies a person never stands in a URL."""
    return answer(await caller.ask(body))


@routes.get("/me/usage", response_model=OwnUsage, responses={200: with_links(get_own_usage=_NEXT), **_READ})
async def get_own_usage(
    caller: SignedIn,
    languages: Annotated[
        str, Header(alias="Accept-Language", examples=["so, fi;q=0.5"], description="of the names in the answer")
    ] = "fi",
    cursor: Cursor = None,
    limit: Limit = MOST_LINES,
) -> Response:
    """Who used my data, when and for what; newest first, a page at a time."""
    return answer(await caller.ask(GetOwnUsage(languages=accepted(languages), cursor=cursor, limit=limit)))


def accepted(header: str) -> tuple[str, ...]:
    """The languages of an Accept-Language header (RFC 9110 12.5.4), the best first; what is no language is left out."""
    ranges = [found for each in header.split(",") if (found := _LANGUAGE.fullmatch(each))]
    best_first = sorted(ranges, key=lambda found: -float(found[2] or 1))
    wanted = dict.fromkeys(found[1].lower() for found in best_first if found[2] is None or float(found[2]) > 0)
    return tuple(wanted)[:_MOST_LANGUAGES]
