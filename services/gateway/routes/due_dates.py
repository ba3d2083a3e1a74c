"""What is due: of one customer with its explanation, and as worklists."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from contracts.customer.people import CustomerCard, GetCustomerCards
from contracts.plan.due_dates import (
    MOST_DUE,
    MOST_KINDS,
    CustomerDueDates,
    DueDateSettings,
    DueDateSettingsVersion,
    GetCustomerDueDates,
    GetDueDateSettings,
    KeptDueDateSettings,
    ListDue,
    SetDueDateSettings,
    WorklistItem,
)
from contracts.types import Code, CustomerId, Day, Value
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersionOrNone, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["due dates"])

_LIST = problems(400, 401, 403, 422, 429, 500, 503)
_READ = problems(400, 401, 403, 404, 422, 429, 500, 503)
_CHANGE = problems(400, 401, 403, 412, 413, 415, 422, 428, 429, 500, 503)
_LISTED = with_links(
    list_due={"cursor": "$response.body#/next_cursor"},
    get_customer_due_dates={"customer_id": "$response.body#/items/0/customer_id"},
)
_SETTINGS = with_headers("ETag") | with_links(set_due_date_settings={"If-Match": "$response.header.ETag"})
_settings = JsonBody(DueDateSettings, example={"notice_days": 21, "aims": [{"kind": "assessment_start", "days": 10}]})


class NamedWorklistItem(WorklistItem):
    """Something that is due, and the customer as a list shows him or her."""

    customer: CustomerCard | None = None


class NamedWorklist(Value):
    """A page of what is due, the soonest first."""

    items: tuple[NamedWorklistItem, ...]
    next_cursor: str | None = None


@routes.get("/worklist", response_model=NamedWorklist, responses={200: _LISTED, **_LIST})
async def list_due(
    caller: SignedIn,
    responsible: Annotated[
        UUID | Literal["me", "none"] | None, Query(description="the number of the user who is responsible, me, or none")
    ] = None,
    team: Annotated[UUID | None, Query(description="of the customers of one team's users")] = None,
    kind: Annotated[
        list[Code] | None, Query(max_length=MOST_KINDS, description="kinds of due dates; left out: all")
    ] = None,
    due_from: Day | None = None,
    due_until: Day | None = None,
    cursor: Annotated[str | None, Query(max_length=200, description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_DUE)] = MOST_DUE,
) -> Response:
    """What is due in the acting municipality: of all, of a team, of one responsible user, of mine, of nobody's."""
    due = await caller.ask(
        ListDue(
            responsible=responsible,
            team=team,
            kinds=tuple(kind or ()),
            due_from=due_from,
            due_until=due_until,
            cursor=cursor,
            limit=limit,
        )
    )
    ids = tuple(dict.fromkeys(each.customer_id for each in due.items))
    cards = (await caller.ask(GetCustomerCards(customer_ids=ids))).cards if ids else ()
    by_id = {each.customer_id: each for each in cards}
    items = tuple(NamedWorklistItem(**dict(each), customer=by_id.get(each.customer_id)) for each in due.items)
    return answer(NamedWorklist(items=items, next_cursor=due.next_cursor))


@routes.get("/customers/{customer_id:uuid}/due-dates", response_model=CustomerDueDates, responses=_READ)
async def get_customer_due_dates(
    caller: SignedIn,
    customer_id: CustomerId,
    law_version: Annotated[
        str | None, Query(max_length=50, description="what would be due under this version of the law")
    ] = None,
) -> Response:
    """What is due of one customer: by which section, counted from what, moved by what, and what comes of it."""
    return answer(await caller.ask(GetCustomerDueDates(customer_id=customer_id, law_version=law_version)))


@routes.get("/due-date-settings", response_model=KeptDueDateSettings, responses={200: _SETTINGS, **_LIST})
async def get_due_date_settings(caller: SignedIn) -> Response:
    """The acting municipality's aims, and how long beforehand it is told of due dates."""
    kept = await caller.ask(GetDueDateSettings())
    return answer(kept, version=kept.version)


@routes.put(
    "/due-date-settings",
    response_model=DueDateSettingsVersion,
    responses={200: _SETTINGS, **_CHANGE},
    openapi_extra=_settings.documentation,
)
async def set_due_date_settings(
    caller: SignedIn,
    key: IdempotencyKey,
    version: ExpectedVersionOrNone,
    body: Annotated[DueDateSettings, Depends(_settings)],
) -> Response:
    """Set them: due dates follow within minutes."""
    kept = await caller.ask(SetDueDateSettings(expected_version=version, settings=body), key, body="settings")
    return answer(kept, version=kept.version)
