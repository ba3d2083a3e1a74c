"""Two records of one person: warned of, suspected, merged and parted."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response

from contracts.customer.duplicates import (
    MOST_PAIRS,
    PAIR_CURSOR_PATTERN,
    DecideDuplicate,
    DuplicatesFound,
    FindDuplicates,
    ListSuspectedDuplicates,
    MergeCustomers,
    Merged,
    PairDecided,
    SuspectedDuplicates,
    UndoMerge,
    Why,
)
from contracts.customer.people import CustomerVersion
from contracts.types import CustomerId, Value
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["duplicates"])

_DECIDE = problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503)
_MERGE = _DECIDE | problems(428)
_FOUND = with_links(get_customer={"customer_id": "$response.body#/candidates/0/customer/customer_id"})
_LISTED = with_links(
    list_suspected_duplicates={"cursor": "$response.body#/next_cursor"},
    decide_duplicate={"pair_id": "$response.body#/pairs/0/pair_id"},
)
_DECIDED = with_links(undo_merge={"merge_id": "$response.body#/merge_id"})
_MERGED = with_headers("ETag") | with_links(undo_merge={"merge_id": "$response.body#/merge_id"})


class CustomerMerge(Value):
    """Which record becomes an alias of the one in the path, and why."""

    duplicate_id: CustomerId
    duplicate_version: int = Field(ge=1)
    why: Why


class MergeUndoing(Value):
    """Why a merge is undone."""

    why: Why


class DuplicateDecision(Value):
    """What was decided of a suspected pair, and why; of the same person, which record is kept, and both versions."""

    decision: Literal["not_same_person", "same_person"]
    kept_id: CustomerId | None = None
    expected_version: int | None = Field(None, ge=1)
    duplicate_version: int | None = Field(None, ge=1)
    why: Why


_finding = JsonBody(
    FindDuplicates, example={"name": {"family": "Esimerkki", "given": "Aamu"}, "date_of_birth": "1994-05-01"}
)
_decision = JsonBody(DuplicateDecision, example={"decision": "not_same_person", "why": "Two sisters, both were here"})
_merging = JsonBody(
    CustomerMerge,
    example={
        "duplicate_id": "50772023-f4b8-5862-9411-e6fe917f87f7",
        "duplicate_version": 1,
        "why": "The same residence permit card",
    },
)
_undoing = JsonBody(MergeUndoing, example={"why": "Two people with one name, as the second card shows"})


@routes.post(
    "/customers/duplicates",
    response_model=DuplicatesFound,
    responses={200: _FOUND, **problems(400, 401, 403, 413, 415, 422, 429, 500, 503)},
    openapi_extra=_finding.documentation,
)
async def find_duplicates(caller: SignedIn, body: Annotated[FindDuplicates, Depends(_finding)]) -> Response:
    """The municipality's customers who may be this person, and why: asked before a customer is opened."""
    return answer(await caller.ask(body))


@routes.get(
    "/duplicates",
    response_model=SuspectedDuplicates,
    responses={200: _LISTED, **problems(400, 401, 403, 429, 500, 503)},
)
async def list_suspected_duplicates(
    caller: SignedIn,
    cursor: Annotated[
        str | None, Query(pattern=PAIR_CURSOR_PATTERN, description="next_cursor of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_PAIRS)] = MOST_PAIRS,
) -> Response:
    """Pairs of the municipality's customers who may be one person, and nobody has decided; the likeliest first."""
    return answer(await caller.ask(ListSuspectedDuplicates(cursor=cursor, limit=limit)))


@routes.post(
    "/duplicates/{pair_id:uuid}/decide",
    response_model=PairDecided,
    responses={200: _DECIDED, **_DECIDE},
    openapi_extra=_decision.documentation,
)
async def decide_duplicate(
    caller: SignedIn,
    pair_id: UUID,
    key: IdempotencyKey,
    body: Annotated[DuplicateDecision, Depends(_decision)],
) -> Response:
    """Settle a suspected pair: not the same person, or a merge into the record that is kept."""
    return answer(await caller.ask(DecideDuplicate(pair_id=pair_id, **body.model_dump(exclude_unset=True)), key))


@routes.post(
    "/customers/{customer_id:uuid}/merge",
    response_model=Merged,
    responses={200: _MERGED, **_MERGE},
    openapi_extra=_merging.documentation,
)
async def merge_customers(
    caller: SignedIn,
    customer_id: CustomerId,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[CustomerMerge, Depends(_merging)],
) -> Response:
    """Keep this record and make another its alias: whoever asks for that one is answered with this one."""
    merged = await caller.ask(
        MergeCustomers(customer_id=customer_id, expected_version=version, **body.model_dump()), key
    )
    return answer(merged, version=merged.version)


@routes.post(
    "/merges/{merge_id:uuid}/undo",
    response_model=CustomerVersion,
    responses={200: with_headers("ETag"), **_DECIDE},
    openapi_extra=_undoing.documentation,
)
async def undo_merge(
    caller: SignedIn, merge_id: UUID, key: IdempotencyKey, body: Annotated[MergeUndoing, Depends(_undoing)]
) -> Response:
    """Take an alias away: both records stand as before, and what was changed on the one kept stays there."""
    parted = await caller.ask(UndoMerge(merge_id=merge_id, why=body.why), key)
    return answer(parted, version=parted.version)
