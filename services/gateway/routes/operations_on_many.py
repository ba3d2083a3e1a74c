"""The list of customers, and operations on many of them, with their progress."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from contracts.customer.operations import (
    MOST_CUSTOMERS_LISTED,
    MOST_REJECTED,
    AssignCustomers,
    CustomerList,
    GetOperation,
    ListCustomers,
    Operation,
    OperationStarted,
    UndoOperation,
)
from contracts.types import Code, LanguageCode
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["customers"])

_LIST = problems(400, 401, 403, 422, 429, 500, 503)
_READ = problems(400, 401, 403, 404, 429, 500, 503)
_ADD = problems(400, 401, 403, 409, 413, 415, 422, 429, 500, 503)
STARTED = with_headers("Location") | with_links(get_operation={"operation_id": "$response.body#/operation_id"})
_PROGRESS = with_links(undo_operation={"operation_id": "$request.path.operation_id"})
_LISTED = with_links(
    list_customers={"cursor": "$response.body#/next_cursor"},
    get_customer={"customer_id": "$response.body#/customers/0/customer_id"},
)

_assigning = JsonBody(
    AssignCustomers,
    example={
        "customer_ids": ["50772023-f4b8-5862-9411-e6fe917f87f7"],
        "responsible": "5b9a6f1e-1c1b-4f0e-9d55-0d3a0a9f3c11",
        "why": "The area was divided anew",
    },
)


def started(operation: OperationStarted) -> Response:
    """The answer that an operation has begun, and where its progress is told."""
    return answer(operation, 202, location=f"{PREFIX}/operations/{operation.operation_id}")


@routes.get("/customers", response_model=CustomerList, responses={200: _LISTED, **_LIST})
async def list_customers(
    caller: SignedIn,
    responsible: Annotated[
        UUID | Literal["me", "none"] | None, Query(description="the number of the user who is responsible, me, or none")
    ] = None,
    arrival: Annotated[Code | None, Query(description="how the customer came")] = None,
    language: Annotated[LanguageCode | None, Query(description="service language")] = None,
    sort: Annotated[Literal["name", "newest"], Query()] = "name",
    cursor: Annotated[UUID | None, Query(description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CUSTOMERS_LISTED)] = MOST_CUSTOMERS_LISTED,
) -> Response:
    """The acting municipality's customers whom the caller may see, a page at a time."""
    asked = ListCustomers(
        responsible=responsible, arrival=arrival, language=language, sort=sort, cursor=cursor, limit=limit
    )
    return answer(await caller.ask(asked))


@routes.post(
    "/customers/assign",
    status_code=202,
    response_model=OperationStarted,
    responses={202: STARTED, **_ADD},
    openapi_extra=_assigning.documentation,
)
async def assign_customers(
    caller: SignedIn, key: IdempotencyKey, body: Annotated[AssignCustomers, Depends(_assigning)]
) -> Response:
    """Make a user responsible for customers: those named, or all of another user. Its progress is an operation's."""
    return started(await caller.ask(body, key))


@routes.get("/operations/{operation_id:uuid}", response_model=Operation, responses={200: _PROGRESS, **_READ})
async def get_operation(
    caller: SignedIn,
    operation_id: UUID,
    after_row: Annotated[int, Query(ge=0, le=1_000_000_000, description="next_row of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_REJECTED)] = MOST_REJECTED,
) -> Response:
    """How far an operation is, and a page of the rows that it rejected, each with its fields and rules."""
    asked = GetOperation(operation_id=operation_id, after_row=after_row, limit=limit)
    return answer(await caller.ask(asked))


@routes.post(
    "/operations/{operation_id:uuid}/undo",
    status_code=202,
    response_model=OperationStarted,
    responses={202: STARTED, **_READ, **problems(409, 422)},
)
async def undo_operation(caller: SignedIn, operation_id: UUID, key: IdempotencyKey) -> Response:
    """Take back what an import made, but for those whom somebody has tried to contact since."""
    return started(await caller.ask(UndoOperation(operation_id=operation_id), key))
