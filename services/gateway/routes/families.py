"""Families: relations of customers, and who lives in one household."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response

from contracts.customer.families import (
    ChangeFamilyRelation,
    EndFamilyRelation,
    Family,
    FamilyRelationChanges,
    FamilyRelationVersion,
    GetFamily,
    RecordFamilyRelation,
    Relative,
)
from contracts.types import Code, CustomerId, Day, Text, Value
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["families"])

_READ = problems(400, 401, 403, 404, 429, 500, 503)
_ADD = _READ | problems(409, 413, 415, 422)
_CHANGE = _ADD | problems(412, 428)
_SAME_CUSTOMER = {"customer_id": "$request.path.customer_id"}
_VERSION = {"relation_id": "$response.body#/relation_id", "If-Match": "$response.header.ETag"}
_RECORDED = with_headers("ETag", "Location") | with_links(
    get_family=_SAME_CUSTOMER, change_family_relation=_VERSION, end_family_relation=_VERSION
)
_CHANGED = with_headers("ETag") | with_links(change_family_relation=_VERSION, end_family_relation=_VERSION)


class NewFamilyRelation(Value):
    """How a customer is related: to another customer, or to a person who is none; exactly one of the two."""

    kind: Code = Field(description="what the relative is to the customer: code list family_relation_kinds")
    relative_id: CustomerId | None = None
    relative: Relative | None = None
    same_household: bool = False
    valid_from: Day | None = None
    valid_until: Day | None = None
    source: Code = "customer"
    why: Text | None = None


class ChangesOfFamilyRelation(Value):
    """The fields to change, and why."""

    changes: FamilyRelationChanges
    source: Code = "customer"
    why: Text | None = None


class EndOfFamilyRelation(Value):
    """Since when the relation is no more; today when left out."""

    ended_on: Day | None = None
    source: Code = "customer"
    why: Text | None = None


_recording = JsonBody(
    NewFamilyRelation,
    example={
        "kind": "child",
        "relative": {"name": {"family": "Esimerkki", "given": "Ilta"}, "year_of_birth": 2019, "lives_in": "KEN"},
        "why": "Told at the first meeting",
    },
)
_changes = JsonBody(
    ChangesOfFamilyRelation, example={"changes": {"same_household": False, "valid_from": "2025-03-02"}, "why": "Moved"}
)
_ending = JsonBody(EndOfFamilyRelation, example={"why": "Divorced"})


@routes.get("/customers/{customer_id:uuid}/family", response_model=Family, responses=_READ)
async def get_family(
    caller: SignedIn,
    customer_id: CustomerId,
    on: Annotated[Day | None, Query(description="the day that it is told of; today when left out")] = None,
) -> Response:
    """The relations of one customer of the acting municipality, and the household."""
    return answer(await caller.ask(GetFamily(customer_id=customer_id, on=on)))


@routes.post(
    "/customers/{customer_id:uuid}/family",
    status_code=201,
    response_model=FamilyRelationVersion,
    responses={201: _RECORDED, **_ADD},
    openapi_extra=_recording.documentation,
)
async def record_family_relation(
    caller: SignedIn,
    customer_id: CustomerId,
    key: IdempotencyKey,
    body: Annotated[NewFamilyRelation, Depends(_recording)],
) -> Response:
    """Record how a customer is related to another, or to a person who is none; both sides show it."""
    asked = RecordFamilyRelation(customer_id=customer_id, **body.model_dump(exclude_unset=True))
    recorded = await caller.ask(asked, key)
    return answer(recorded, 201, version=recorded.version, location=f"{PREFIX}/customers/{customer_id}/family")


@routes.patch(
    "/family-relations/{relation_id:uuid}",
    response_model=FamilyRelationVersion,
    responses={200: _CHANGED, **_CHANGE},
    openapi_extra=_changes.documentation,
)
async def change_family_relation(
    caller: SignedIn,
    relation_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[ChangesOfFamilyRelation, Depends(_changes)],
) -> Response:
    """Change what is known of a relation: a field left out stays as it is, null empties it."""
    told = body.model_dump(exclude_unset=True)
    changed = await caller.ask(ChangeFamilyRelation(relation_id=relation_id, expected_version=version, **told), key)
    return answer(changed, version=changed.version)


@routes.post(
    "/family-relations/{relation_id:uuid}/end",
    response_model=FamilyRelationVersion,
    responses={200: with_headers("ETag"), **_CHANGE},
    openapi_extra=_ending.documentation,
)
async def end_family_relation(
    caller: SignedIn,
    relation_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[EndOfFamilyRelation, Depends(_ending)],
) -> Response:
    """End a relation: the household is no longer one by it."""
    told = body.model_dump(exclude_unset=True)
    ended = await caller.ask(EndFamilyRelation(relation_id=relation_id, expected_version=version, **told), key)
    return answer(ended, version=ended.version)
