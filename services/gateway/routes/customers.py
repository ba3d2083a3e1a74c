"""Customers: opening, reading, changing and closing, and what is known of them elsewhere."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from pydantic import Field
from starlette.responses import Response

from contracts.customer.open_matters import GetOpenMatters, OpenMatters
from contracts.customer.people import (
    CURSOR_PATTERN,
    MOST_HISTORY,
    ChangeCustomer,
    CloseCustomer,
    Customer,
    CustomerHistory,
    CustomerVersion,
    GetCustomer,
    GetCustomerHistory,
    OpenCustomer,
    PersonChanges,
)
from contracts.customer.search import CustomersFound, SearchCustomers
from contracts.types import Code, CustomerId, Text, Value
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links

PREFIX = "/api/v1"
routes = APIRouter(prefix=PREFIX, tags=["customers"])

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        pattern="^[!-~]{1,200}$",
        description="Chosen by the caller, new for each act. A repetition carries the key of the first attempt.",
        examples=["5b9a6f1e-1c1b-4f0e-9d55-0d3a0a9f3c11"],
    ),
]


def _expected_version(
    if_match: Annotated[
        str,
        Header(
            alias="If-Match",
            pattern='^"[1-9][0-9]{0,8}"$',
            description="The ETag of the version that is changed.",
            examples=['"1"'],
        ),
    ],
) -> int:
    return int(if_match.strip('"'))


ExpectedVersion = Annotated[int, Depends(_expected_version)]


def _expected_version_or_none(
    if_match: Annotated[
        str,
        Header(
            alias="If-Match",
            pattern='^"(0|[1-9][0-9]{0,8})"$',
            description='The ETag of the version that is changed; "0" when nothing was recorded.',
            examples=['"0"'],
        ),
    ],
) -> int:
    return int(if_match.strip('"'))


ExpectedVersionOrNone = Annotated[int, Depends(_expected_version_or_none)]
"""The same of what may not be there yet: version 0."""

_READ = problems(400, 401, 403, 404, 429, 500, 503)
_ADD = _READ | problems(409, 413, 415, 422)
_CHANGE = _ADD | problems(412, 428)

_SAME_CUSTOMER = {"customer_id": "$request.path.customer_id"}


def _next_acts(customer: dict[str, str]) -> dict[str, Any]:
    """The documentation of what can be asked after an answer that tells a customer's version."""
    version = customer | {"If-Match": "$response.header.ETag"}
    return with_links(
        get_customer=customer,
        change_customer=version,
        close_customer=version,
        get_customer_history=customer,
        get_open_matters=customer,
        offer_transfer=customer,
        get_customer_assessments=customer,
        get_family=customer,
        record_family_relation=customer,
        merge_customers=version,
    )


_OPENED = with_headers("ETag", "Location") | _next_acts({"customer_id": "$response.body#/customer_id"})
_CURRENT = with_headers("ETag") | _next_acts(_SAME_CUSTOMER)
_FOUND = with_links(get_customer={"customer_id": "$response.body#/hits/0/customer_id"})
_PAGE = with_links(get_customer_history=_SAME_CUSTOMER | {"cursor": "$response.body#/next_cursor"})


class CustomerChanges(Value):
    """The fields to change, and why."""

    changes: PersonChanges
    why: Text | None = None
    source: Code = "customer"


class CustomerClosing(Value):
    """Why the customer relationship ends, and which open matters it may end in spite of."""

    reason: Code
    acknowledged: tuple[UUID, ...] = Field((), max_length=100)


_opening = JsonBody(
    OpenCustomer,
    example={
        "person": {
            "name": {"family": "Esimerkki", "given": "Aamu"},
            "date_of_birth": "1994-05-01",
            "personal_identity_code": "010594Y9032",
            "citizenships": ["SOM"],
            "mother_tongue": "so",
            "service_language": "fi",
            "interpreter": {"needed": True, "language": "so"},
            "contact": {"email": "aamu@example.org"},
            "first_residence_permit": {
                "kind": "continuous",
                "ground": "international_protection_asylum",
                "granted_on": "2026-03-02",
            },
        },
        "arrival": "moved",
    },
)
_changes = JsonBody(
    CustomerChanges,
    example={
        "changes": {"service_language": "en", "interpreter": {"needed": False}, "contact": None},
        "why": "Told at the first meeting",
    },
)
_closing = JsonBody(CustomerClosing, example={"reason": "moved_away"})


_searching = JsonBody(SearchCustomers, example={"name": "Aamu Esim", "date_of_birth": "1994-05-01"})


@routes.post(
    "/customers",
    status_code=201,
    response_model=CustomerVersion,
    responses={201: _OPENED, **_ADD},
    openapi_extra=_opening.documentation,
)
async def open_customer(
    caller: SignedIn, key: IdempotencyKey, body: Annotated[OpenCustomer, Depends(_opening)]
) -> Response:
    """Open the acting municipality's customer relationship with a person not yet its customer."""
    opened = await caller.ask(body, key)
    return answer(opened, 201, version=opened.version, location=f"{PREFIX}/customers/{opened.customer_id}")


@routes.post(
    "/customers/search",
    response_model=CustomersFound,
    responses={200: _FOUND, **problems(400, 401, 403, 413, 415, 422, 429, 500, 503)},
    openapi_extra=_searching.documentation,
)
async def search_customers(caller: SignedIn, body: Annotated[SearchCustomers, Depends(_searching)]) -> Response:
    """Look for customers of the acting municipality. A POST, for what identifies a person never stands in a URL."""
    found = await caller.ask(body)
    return answer(found)


@routes.get("/customers/{customer_id:uuid}", response_model=Customer, responses={200: _CURRENT, **_READ})
async def get_customer(caller: SignedIn, customer_id: CustomerId) -> Response:
    """One customer of the acting municipality; of a record merged, the one kept, where `Content-Location` says."""
    customer = await caller.ask(GetCustomer(customer_id=customer_id))
    is_alias = customer.customer_id != customer_id
    kept = f"{PREFIX}/customers/{customer.customer_id}" if is_alias else None
    return answer(customer, version=customer.version, content_location=kept)


@routes.patch(
    "/customers/{customer_id:uuid}",
    response_model=CustomerVersion,
    responses={200: _CURRENT, **_CHANGE},
    openapi_extra=_changes.documentation,
)
async def change_customer(
    caller: SignedIn,
    customer_id: CustomerId,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[CustomerChanges, Depends(_changes)],
) -> Response:
    """Change what is known of a person: a field left out stays as it is, null empties it."""
    changed = await caller.ask(
        ChangeCustomer(customer_id=customer_id, expected_version=version, **body.model_dump(exclude_unset=True)), key
    )
    return answer(changed, version=changed.version)


@routes.post(
    "/customers/{customer_id:uuid}/close",
    response_model=CustomerVersion,
    responses={200: with_headers("ETag"), **_CHANGE},
    openapi_extra=_closing.documentation,
)
async def close_customer(
    caller: SignedIn,
    customer_id: CustomerId,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[CustomerClosing, Depends(_closing)],
) -> Response:
    """End the acting municipality's customer relationship."""
    closed = await caller.ask(
        CloseCustomer(customer_id=customer_id, expected_version=version, **body.model_dump(exclude_unset=True)), key
    )
    return answer(closed, version=closed.version)


@routes.get("/customers/{customer_id:uuid}/open-matters", response_model=OpenMatters, responses=_READ)
async def get_open_matters(caller: SignedIn, customer_id: CustomerId) -> Response:
    """What is open of a customer: it is dealt with or acknowledged before the relationship ends."""
    return answer(await caller.ask(GetOpenMatters(customer_id=customer_id)))


@routes.get(
    "/customers/{customer_id:uuid}/history",
    response_model=CustomerHistory,
    responses={200: _PAGE, **_READ},
)
async def get_customer_history(
    caller: SignedIn,
    customer_id: CustomerId,
    cursor: Annotated[str | None, Query(pattern=CURSOR_PATTERN, description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_HISTORY)] = MOST_HISTORY,
) -> Response:
    """Who changed what of a customer, when and why; oldest first, a page at a time."""
    history = await caller.ask(GetCustomerHistory(customer_id=customer_id, cursor=cursor, limit=limit))
    return answer(history)
