"""Contacts from other authorities: recording them, the inbox, and what becomes of each."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from contracts.customer.contacts import (
    MOST_CONTACTS,
    Contact,
    ContactReceived,
    Contacts,
    ContactVersion,
    GetContact,
    ListContacts,
    ReceiveContact,
    ReceivingPartySet,
    ResolveContact,
    SetReceivingParty,
    State,
)
from contracts.customer.people import Person
from contracts.types import Code, CustomerId, MunicipalityCode, Text, Value
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["contacts"])

_LIST = problems(400, 401, 403, 429, 500, 503)
_READ = _LIST | problems(404)
_ADD = _LIST | problems(409, 413, 415, 422)
_CHANGE = _READ | _ADD | problems(412, 428)


_RECEIVED = with_headers("Location") | with_links(get_contact={"contact_id": "$response.body#/contact_id"})
_CURRENT = with_headers("ETag") | with_links(
    resolve_contact={"contact_id": "$request.path.contact_id", "If-Match": "$response.header.ETag"}
)
_LISTED = with_links(
    list_contacts={"cursor": "$response.body#/next_cursor"},
    get_contact={"contact_id": "$response.body#/contacts/0/contact_id"},
)


class ContactResolution(Value):
    """What becomes of a contact: `attached` needs customer_id, `passed_on` municipality, `closed` reason."""

    outcome: Literal["opened", "attached", "passed_on", "closed"]
    person: Person | None = None
    customer_id: CustomerId | None = None
    municipality: MunicipalityCode | None = None
    reason: Code | None = None
    why: Text | None = None


_receiving = JsonBody(
    ReceiveContact,
    example={
        "municipality": "837",
        "authority": "0245437-2",
        "authority_name": "Esimerkkikoulu",
        "channel": "phone",
        "report": {
            "reporter": {"unit": "Oppilashuolto", "name": "Kaisa Kuraattori", "phone": "+358 00 000 0001"},
            "person": {
                "name": {"family": "Esimerkki", "given": "Aamu"},
                "date_of_birth": "1994-05-01",
                "language": "so",
                "contact": {"phone": "+358 00 000 0000"},
            },
            "needs": ["language_learning", "employment"],
            "text": "At home with small children, wishes to learn Finnish.",
            "consent": {"given_on": "2026-03-02", "how": "oral"},
        },
    },
)
_resolution = JsonBody(ContactResolution, example={"outcome": "closed", "reason": "no_need"})
_party = JsonBody(SetReceivingParty, example={"unit": "Kotoutumispalvelut, alkuneuvonta", "users": ["expert@tampere"]})


@routes.post(
    "/contacts",
    status_code=201,
    response_model=ContactReceived,
    responses={201: _RECEIVED, **_ADD},
    openapi_extra=_receiving.documentation,
)
async def receive_contact(
    caller: SignedIn, key: IdempotencyKey, body: Annotated[ReceiveContact, Depends(_receiving)]
) -> Response:
    """Record another authority's report of a person, as it came by phone, letter or otherwise."""
    received = await caller.ask(body, key)
    return answer(received, 201, location=f"{PREFIX}/contacts/{received.contact_id}")


@routes.get("/contacts", response_model=Contacts, responses={200: _LISTED, **_LIST})
async def list_contacts(
    caller: SignedIn,
    state: State = "open",
    cursor: Annotated[UUID | None, Query(description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_CONTACTS)] = 20,
) -> Response:
    """Contacts that the acting municipality has received, the oldest first."""
    return answer(await caller.ask(ListContacts(state=state, cursor=cursor, limit=limit)))


@routes.get("/contacts/{contact_id:uuid}", response_model=Contact, responses={200: _CURRENT, **_READ})
async def get_contact(caller: SignedIn, contact_id: UUID) -> Response:
    """One contact, with every report that was joined to it."""
    contact = await caller.ask(GetContact(contact_id=contact_id))
    return answer(contact, version=contact.version)


@routes.post(
    "/contacts/{contact_id:uuid}/resolve",
    response_model=ContactVersion,
    responses={200: with_headers("ETag"), **_CHANGE},
    openapi_extra=_resolution.documentation,
)
async def resolve_contact(
    caller: SignedIn,
    contact_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[ContactResolution, Depends(_resolution)],
) -> Response:
    """Make the person a customer, attach the contact to one, pass it on to another municipality, or close it."""
    told = body.model_dump(exclude_unset=True)
    resolved = await caller.ask(ResolveContact(contact_id=contact_id, expected_version=version, **told), key)
    return answer(resolved, version=resolved.version)


@routes.put(
    "/receiving-party",
    response_model=ReceivingPartySet,
    responses=_ADD,
    openapi_extra=_party.documentation,
)
async def set_receiving_party(
    caller: SignedIn, key: IdempotencyKey, body: Annotated[SetReceivingParty, Depends(_party)]
) -> Response:
    """Name who takes up the contacts that the acting municipality receives."""
    return answer(await caller.ask(body, key))
