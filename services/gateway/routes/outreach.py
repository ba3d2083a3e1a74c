"""Outreach: lists of people to be reached, and the contact with them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from contracts.customer.operations import OperationStarted
from contracts.customer.outreach import (
    MOST_TARGETS,
    TARGET_CURSOR_PATTERN,
    AddOutreachRows,
    BeginOutreachImport,
    FinishOutreachImport,
    GetOutreachTarget,
    ListOutreachTargets,
    OpenFromOutreach,
    OutreachRow,
    OutreachTarget,
    OutreachTargets,
    OutreachTargetState,
    RecordOutreachAttempt,
)
from contracts.customer.people import CustomerVersion, PersonChanges
from contracts.types import Code, Text, Value
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.csv_body import csv_documentation, rows_of
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, IdempotencyKey
from services.gateway.routes.operations_on_many import STARTED, started

routes = APIRouter(prefix=f"{PREFIX}/outreach", tags=["outreach"])

_LIST = problems(400, 401, 403, 429, 500, 503)
_READ = _LIST | problems(404)
_ADD = _READ | problems(409, 413, 415, 422)
_TARGET = {"target_id": "$response.body#/targets/0/target_id"}
_NEXT = {"cursor": "$response.body#/next_cursor"}
_LISTED = with_links(
    list_outreach_targets=_NEXT,
    get_outreach_target=_TARGET,
    record_outreach_attempt=_TARGET,
    open_from_outreach=_TARGET,
)
_OPENED = with_headers("ETag", "Location") | with_links(get_customer={"customer_id": "$response.body#/customer_id"})


class Attempt(Value):
    """How contact was attempted, and what came of it."""

    channel: Code
    outcome: Code
    note: Text | None = None


class Opening(Value):
    """What the person told; what is left out is as the list had it."""

    told: PersonChanges = PersonChanges()


_attempting = JsonBody(Attempt, example={"channel": "phone", "outcome": "no_answer", "note": "Try after five"})
_opening = JsonBody(Opening, example={"told": {"mother_tongue": "so"}})


@routes.post(
    "/imports",
    status_code=202,
    response_model=OperationStarted,
    responses={202: STARTED, **_ADD},
    openapi_extra=csv_documentation(OutreachRow, "person"),
)
async def begin_outreach_import(
    caller: SignedIn,
    key: IdempotencyKey,
    request: Request,
    source: Annotated[
        Code, Query(description="who gave the list: information_sources", examples=["benefit_institution"])
    ],
    dry_run: Annotated[bool, Query(description="check and match, and make nothing")] = False,
) -> Response:
    """Import a list of people to be reached. What is wrong with a row is told of it in the operation, by pages.

    Sent again with the same key after it broke off, it goes on where it was.
    """
    chunks, rows = rows_of(request, OutreachRow), 0
    chunk = await anext(chunks, None)  # before anything is begun: a file that is none is refused
    begun = await caller.ask(BeginOutreachImport(source=source, dry_run=dry_run), key)
    while chunk:
        adding = AddOutreachRows(operation_id=begun.operation_id, first_row=rows + 1, rows=tuple(chunk))
        caller = await caller.anew()
        await caller.ask(adding, f"{key}/{rows + 1}")
        rows += len(chunk)
        chunk = await anext(chunks, None)
    finishing = FinishOutreachImport(operation_id=begun.operation_id, rows=rows)
    return started(await caller.ask(finishing, f"{key}/finish"))


@routes.get("/targets", response_model=OutreachTargets, responses={200: _LISTED, **_LIST})
async def list_outreach_targets(
    caller: SignedIn,
    state: Annotated[Code | None, Query(examples=["not_reached"])] = None,
    ground: Annotated[Code | None, Query(description="code list outreach_grounds")] = None,
    cursor: Annotated[
        str | None, Query(pattern=TARGET_CURSOR_PATTERN, description="next_cursor of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_TARGETS)] = MOST_TARGETS,
) -> Response:
    """Whom the acting municipality is to reach, with the ground and the time left; the least time left first."""
    return answer(await caller.ask(ListOutreachTargets(state=state, ground=ground, cursor=cursor, limit=limit)))


@routes.get("/targets/{target_id:uuid}", response_model=OutreachTarget, responses=_READ)
async def get_outreach_target(caller: SignedIn, target_id: UUID) -> Response:
    """One of those to be reached, with the attempts made."""
    return answer(await caller.ask(GetOutreachTarget(target_id=target_id)))


@routes.post(
    "/targets/{target_id:uuid}/attempts",
    status_code=201,
    response_model=OutreachTargetState,
    responses=_ADD,
    openapi_extra=_attempting.documentation,
)
async def record_outreach_attempt(
    caller: SignedIn, target_id: UUID, key: IdempotencyKey, body: Annotated[Attempt, Depends(_attempting)]
) -> Response:
    """Record that contact was attempted; the outcome says where the contact stands now."""
    return answer(await caller.ask(RecordOutreachAttempt(target_id=target_id, **dict(body)), key), 201)


@routes.post(
    "/targets/{target_id:uuid}/open",
    status_code=201,
    response_model=CustomerVersion,
    responses={201: _OPENED, **_ADD},
    openapi_extra=_opening.documentation,
)
async def open_from_outreach(
    caller: SignedIn, target_id: UUID, key: IdempotencyKey, body: Annotated[Opening, Depends(_opening)]
) -> Response:
    """Open a customer relationship with somebody who was reached; the list forgets the person."""
    opened = await caller.ask(OpenFromOutreach(target_id=target_id, **body.model_dump(exclude_unset=True)), key)
    return answer(opened, 201, version=opened.version, location=f"{PREFIX}/customers/{opened.customer_id}")
