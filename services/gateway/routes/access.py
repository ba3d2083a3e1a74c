"""Rights: organisations, users, what they hold, customers withheld, emergency access and notices."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime
from starlette.responses import Response

from contracts.access.organisations import (
    AddEmploymentArea,
    AddProvider,
    ListOrganisations,
    OrganisationAdded,
    OrganisationKind,
    Organisations,
)
from contracts.access.rights import (
    MOST_LISTED,
    AppointDeputy,
    ChangeGrantEnd,
    EndGrant,
    GetGrant,
    GiveGrant,
    Grant,
    Grants,
    GrantVersion,
    ListGrants,
    ListUsers,
    ReviewGrant,
    Users,
)
from contracts.access.safeguards import (
    EmergencyOpened,
    ListNotices,
    ListWithheld,
    MarkNoticeSeen,
    Notices,
    NoticeSeen,
    OpenEmergencyAccess,
    Reason,
    ReleaseCustomer,
    WithheldChanged,
    WithheldCustomers,
    WithholdCustomer,
)
from contracts.customer.search import FindForEmergency, OwnRecord
from contracts.types import CustomerId, Name, Value
from contracts.usage import Organisation, UserId
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["rights"])

Cursor = Annotated[UUID | None, Query(description="next_cursor of the page before")]
Limit = Annotated[int, Query(ge=1, le=MOST_LISTED)]

_LIST = problems(400, 401, 403, 429, 500, 503)
_READ = _LIST | problems(404)
_ADD = _READ | problems(409, 413, 415, 422)
_CHANGE = _ADD | problems(412, 428)
_SAME = {"grant_id": "$request.path.grant_id"}


def _next_acts(grant: dict[str, str]) -> dict[str, dict[str, object]]:
    """The documentation of what can be asked after an answer that tells a right's version."""
    version = grant | {"If-Match": "$response.header.ETag"}
    return with_links(
        get_grant=grant, change_grant_end=version, end_grant=version, review_grant=version, appoint_deputy=grant
    )


_GIVEN = with_headers("ETag", "Location") | _next_acts({"grant_id": "$response.body#/grant_id"})
_CURRENT = with_headers("ETag") | _next_acts(_SAME)
_NEXT = {"cursor": "$response.body#/next_cursor"}
_GRANTS = with_links(list_grants=_NEXT, get_grant={"grant_id": "$response.body#/grants/0/grant_id"})
_USERS = with_links(list_users=_NEXT, list_grants={"user_number": "$response.body#/users/0/user_number"})
_WITHHELD = with_links(release_customer={"withheld_id": "$response.body#/withheld_id"})
_LISTED = with_links(list_withheld=_NEXT, release_customer={"withheld_id": "$response.body#/withheld/0/withheld_id"})
_FOUND = with_links(open_emergency_access={"customer_id": "$response.body#/customer_id"})
_NOTICES = with_links(list_notices=_NEXT, mark_notice_seen={"notice_id": "$response.body#/notices/0/notice_id"})


class DeputyAppointment(Value):
    """Who stands in, and until when."""

    user: UserId
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime


class NewEnd(Value):
    """Until when a right lasts; null: as long as its ground."""

    ends_at: AwareDatetime | None


class GrantEnding(Value):
    """Why a right is ended."""

    reason: Literal["task_over", "left", "misuse", "data_protection", "mistake"]


class Release(Value):
    """Who may handle the customer from now on; null: everybody."""

    user: UserId | None = None


class Emergency(Value):
    """What endangers the customer's life or health."""

    reason: Reason


_USER = "8f6f2c5e-7a7c-4a0b-9d3e-0c8b1a2d3e4f"
_provider = JsonBody(
    AddProvider, example={"code": "1234567-1", "name": "Esimerkkipalvelut Oy", "contract_ends_on": "2099-12-31"}
)
_area = JsonBody(
    AddEmploymentArea,
    example={"name_fi": "Esimerkin työllisyysalue", "name_sv": "Exempels sysselsättningsområde", "members": ["837"]},
)
_giving = JsonBody(
    GiveGrant,
    example={
        "user": _USER,
        "organisation": "06",
        "role": "county_worker",
        "task": "participation",
        "customers": ["50772023-f4b8-5862-9411-e6fe917f87f7"],
        "ground": {"kind": "participation", "id": "5b9a6f1e-1c1b-4f0e-9d55-0d3a0a9f3c11"},
        "ends_at": "2099-12-31T22:00:00Z",
    },
)
_deputy = JsonBody(DeputyAppointment, example={"user": _USER, "ends_at": "2099-07-31T21:00:00Z"})
_new_end = JsonBody(NewEnd, example={"ends_at": "2099-12-31T22:00:00Z"})
_ending = JsonBody(GrantEnding, example={"reason": "task_over"})
_withholding = JsonBody(
    WithholdCustomer, example={"customer_id": "50772023-f4b8-5862-9411-e6fe917f87f7", "ground": "colleague"}
)
_release = JsonBody(Release, example={"user": _USER})
_found = JsonBody(
    FindForEmergency,
    example={"personal_identity_code": "010594Y9032", "reason": "The customer collapsed, and the ambulance asks."},
)
_emergency = JsonBody(Emergency, example={"reason": "The customer collapsed, and the ambulance asks."})


@routes.get(
    "/organisations", response_model=Organisations, responses={200: with_links(list_organisations=_NEXT), **_LIST}
)
async def list_organisations(
    caller: SignedIn,
    kind: OrganisationKind | None = None,
    name: Annotated[Name | None, Query(description="part of a name")] = None,
    cursor: Annotated[Organisation | None, Query(description="next_cursor of the page before")] = None,
    limit: Limit = MOST_LISTED,
) -> Response:
    """Organisations whose people may be given rights, in the order of their codes."""
    return answer(await caller.ask(ListOrganisations(kind=kind, name=name, cursor=cursor, limit=limit)))


@routes.post(
    "/organisations/providers",
    response_model=OrganisationAdded,
    responses=_ADD,
    openapi_extra=_provider.documentation,
)
async def add_provider(
    caller: SignedIn, key: IdempotencyKey, body: Annotated[AddProvider, Depends(_provider)]
) -> Response:
    """Tell that a provider serves the acting municipality until a day, or another day than before."""
    return answer(await caller.ask(body, key))


@routes.post(
    "/organisations/employment-areas",
    response_model=OrganisationAdded,
    responses=_ADD,
    openapi_extra=_area.documentation,
)
async def add_employment_area(
    caller: SignedIn, key: IdempotencyKey, body: Annotated[AddEmploymentArea, Depends(_area)]
) -> Response:
    """Tell which municipalities make up the employment area of the acting one."""
    return answer(await caller.ask(body, key))


@routes.get("/users", response_model=Users, responses={200: _USERS, **_LIST})
async def list_users(caller: SignedIn, cursor: Cursor = None, limit: Limit = MOST_LISTED) -> Response:
    """Those to whom the acting organisation gave rights, and its own staff with rights."""
    return answer(await caller.ask(ListUsers(cursor=cursor, limit=limit)))


@routes.post(
    "/grants",
    status_code=201,
    response_model=GrantVersion,
    responses={201: _GIVEN, **_ADD},
    openapi_extra=_giving.documentation,
)
async def give_grant(caller: SignedIn, key: IdempotencyKey, body: Annotated[GiveGrant, Depends(_giving)]) -> Response:
    """Give a user a right, limited in extent, content, powers and time."""
    given = await caller.ask(body, key)
    return answer(given, 201, version=given.version, location=f"{PREFIX}/grants/{given.grant_id}")


@routes.get("/grants", response_model=Grants, responses={200: _GRANTS, **_LIST})
async def list_grants(
    caller: SignedIn,
    user_number: UUID | None = None,
    due_for_review: bool = False,
    unused_for_days: Annotated[int | None, Query(ge=1, le=3650)] = None,
    ending_within_days: Annotated[int | None, Query(ge=1, le=3650)] = None,
    also_ended: bool = False,
    cursor: Cursor = None,
    limit: Limit = MOST_LISTED,
) -> Response:
    """Rights: all, or those to review, those not used, those that end soon. The oldest first."""
    asked = ListGrants(
        user_number=user_number,
        due_for_review=due_for_review,
        unused_for_days=unused_for_days,
        ending_within_days=ending_within_days,
        also_ended=also_ended,
        cursor=cursor,
        limit=limit,
    )
    return answer(await caller.ask(asked))


@routes.get("/grants/{grant_id:uuid}", response_model=Grant, responses={200: _CURRENT, **_READ})
async def get_grant(caller: SignedIn, grant_id: UUID) -> Response:
    """One right."""
    grant = await caller.ask(GetGrant(grant_id=grant_id))
    return answer(grant, version=grant.version)


@routes.patch(
    "/grants/{grant_id:uuid}",
    response_model=GrantVersion,
    responses={200: _CURRENT, **_CHANGE},
    openapi_extra=_new_end.documentation,
)
async def change_grant_end(
    caller: SignedIn,
    grant_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[NewEnd, Depends(_new_end)],
) -> Response:
    """Let a right last longer or shorter."""
    asked = ChangeGrantEnd(grant_id=grant_id, expected_version=version, ends_at=body.ends_at)
    changed = await caller.ask(asked, key)
    return answer(changed, version=changed.version)


@routes.post(
    "/grants/{grant_id:uuid}/end",
    response_model=GrantVersion,
    responses={200: with_headers("ETag"), **_CHANGE},
    openapi_extra=_ending.documentation,
)
async def end_grant(
    caller: SignedIn,
    grant_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[GrantEnding, Depends(_ending)],
) -> Response:
    """End a right at once, and those of its deputies."""
    ended = await caller.ask(EndGrant(grant_id=grant_id, expected_version=version, reason=body.reason), key)
    return answer(ended, version=ended.version)


@routes.post(
    "/grants/{grant_id:uuid}/review",
    response_model=GrantVersion,
    responses={200: _CURRENT, **_READ, **problems(409, 412, 422, 428)},
)
async def review_grant(caller: SignedIn, grant_id: UUID, key: IdempotencyKey, version: ExpectedVersion) -> Response:
    """Tell that a right is still needed."""
    reviewed = await caller.ask(ReviewGrant(grant_id=grant_id, expected_version=version), key)
    return answer(reviewed, version=reviewed.version)


@routes.post(
    "/grants/{grant_id:uuid}/deputies",
    status_code=201,
    response_model=GrantVersion,
    responses={201: _GIVEN, **_ADD},
    openapi_extra=_deputy.documentation,
)
async def appoint_deputy(
    caller: SignedIn, grant_id: UUID, key: IdempotencyKey, body: Annotated[DeputyAppointment, Depends(_deputy)]
) -> Response:
    """Let another user stand in, for no more and no longer than the right itself."""
    given = await caller.ask(AppointDeputy(grant_id=grant_id, **dict(body)), key)
    return answer(given, 201, version=given.version, location=f"{PREFIX}/grants/{given.grant_id}")


@routes.get("/withheld-customers", response_model=WithheldCustomers, responses={200: _LISTED, **_LIST})
async def list_withheld(caller: SignedIn, cursor: Cursor = None, limit: Limit = MOST_LISTED) -> Response:
    """Customers whom users of the acting municipality may not handle."""
    return answer(await caller.ask(ListWithheld(cursor=cursor, limit=limit)))


@routes.post(
    "/withheld-customers",
    status_code=201,
    response_model=WithheldChanged,
    responses={201: _WITHHELD, **_ADD},
    openapi_extra=_withholding.documentation,
)
async def withhold_customer(
    caller: SignedIn, key: IdempotencyKey, body: Annotated[WithholdCustomer, Depends(_withholding)]
) -> Response:
    """Keep a customer from one user's sight, or from that of all but those released."""
    return answer(await caller.ask(body, key), 201)


@routes.post(
    "/withheld-customers/{withheld_id:uuid}/release",
    response_model=WithheldChanged,
    responses=_ADD,
    openapi_extra=_release.documentation,
)
async def release_customer(
    caller: SignedIn, withheld_id: UUID, key: IdempotencyKey, body: Annotated[Release, Depends(_release)]
) -> Response:
    """Let a user, or everybody, handle the customer."""
    return answer(await caller.ask(ReleaseCustomer(withheld_id=withheld_id, user=body.user), key))


@routes.post(
    "/customers/find-for-emergency",
    response_model=OwnRecord,
    responses={200: _FOUND, **problems(400, 401, 403, 413, 415, 422, 429, 500, 503)},
    openapi_extra=_found.documentation,
)
async def find_for_emergency(caller: SignedIn, body: Annotated[FindForEmergency, Depends(_found)]) -> Response:
    """Whom an emergency is about, whoever's customer, by the whole identity code and with the reason."""
    return answer(await caller.ask(body))


@routes.post(
    "/customers/{customer_id:uuid}/emergency-access",
    status_code=201,
    response_model=EmergencyOpened,
    responses={201: with_links(get_customer={"customer_id": "$request.path.customer_id"}), **_ADD},
    openapi_extra=_emergency.documentation,
)
async def open_emergency_access(
    caller: SignedIn, customer_id: CustomerId, key: IdempotencyKey, body: Annotated[Emergency, Depends(_emergency)]
) -> Response:
    """View a customer whose life or health is in danger, for a few hours. The supervisor is told."""
    return answer(await caller.ask(OpenEmergencyAccess(customer_id=customer_id, reason=body.reason), key), 201)


@routes.get("/notices", response_model=Notices, responses={200: _NOTICES, **_LIST})
async def list_notices(
    caller: SignedIn, also_seen: bool = False, cursor: Cursor = None, limit: Limit = MOST_LISTED
) -> Response:
    """What the acting role should look at, the newest first."""
    return answer(await caller.ask(ListNotices(also_seen=also_seen, cursor=cursor, limit=limit)))


@routes.post("/notices/{notice_id:uuid}/seen", response_model=NoticeSeen, responses={**_READ, **problems(409, 422)})
async def mark_notice_seen(caller: SignedIn, notice_id: UUID, key: IdempotencyKey) -> Response:
    """Tell that a notice was looked at."""
    return answer(await caller.ask(MarkNoticeSeen(notice_id=notice_id), key))
