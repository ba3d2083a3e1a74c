"""Transfers: offering and asking for customers, and the turns between two organisations."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from contracts.customer.transfers import (
    MOST_TRANSFERS,
    AcceptTransfer,
    AskForTransfer,
    AskMoreOfTransfer,
    GetTransfer,
    ListTransfers,
    OfferTransfer,
    Reason,
    RejectTransfer,
    ReplyToTransfer,
    Transfer,
    TransferConsent,
    Transfers,
    TransferVersion,
    WithdrawTransfer,
)
from contracts.handshake import HandshakeState, Responsible, ToOtherSide
from contracts.types import Code, CustomerId, Value
from contracts.usage import Organisation
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey

routes = APIRouter(prefix=PREFIX, tags=["transfers"])

_READ = problems(400, 401, 403, 404, 429, 500, 503)
_ADD = _READ | problems(409, 413, 415, 422)
_CHANGE = _ADD | problems(412, 428)
_SAME = {"transfer_id": "$request.path.transfer_id"}


def _next_acts(transfer: dict[str, str]) -> dict[str, dict[str, object]]:
    """The documentation of what can be asked after an answer that tells a transfer's version."""
    version = transfer | {"If-Match": "$response.header.ETag"}
    return with_links(
        get_transfer=transfer,
        accept_transfer=version,
        reject_transfer=version,
        ask_more_of_transfer=version,
        reply_to_transfer=version,
        withdraw_transfer=version,
    )


_REQUESTED = with_headers("ETag", "Location") | _next_acts({"transfer_id": "$response.body#/transfer_id"})
_CURRENT = with_headers("ETag") | _next_acts(_SAME)
_LISTED = with_links(
    list_transfers={"cursor": "$response.body#/next_cursor"},
    get_transfer={"transfer_id": "$response.body#/transfers/0/transfer_id"},
)


class TransferOffer(Value):
    """To whom a customer is offered, why, and with what consent."""

    receiver: Organisation
    reason: Reason
    consent: TransferConsent | None = None


class Acceptance(Value):
    """Who is responsible from now on."""

    responsible: Responsible


class Rejection(Value):
    """Why a transfer is rejected."""

    reason: Code
    text: ToOtherSide | None = None


class Message(Value):
    """A question to the other side, or a reply to it."""

    text: ToOtherSide


_CONSENT = {"given_on": "2026-03-01", "given_by": "writing"}
_offer = JsonBody(TransferOffer, example={"receiver": "091", "reason": "moved", "consent": _CONSENT})
_asking = JsonBody(
    AskForTransfer, example={"personal_identity_code": "010594Y9021", "reason": "moved", "consent": _CONSENT}
)
_acceptance = JsonBody(Acceptance, example={"responsible": {"name": "Aino Virkanen", "phone": "+358 00 000 0000"}})
_rejection = JsonBody(Rejection, example={"reason": "not_resident", "text": "No such move is known here."})
_message = JsonBody(Message, example={"text": "When does the move take place?"})


@routes.post(
    "/customers/{customer_id:uuid}/transfers",
    status_code=201,
    response_model=TransferVersion,
    responses={201: _REQUESTED, **_ADD},
    openapi_extra=_offer.documentation,
)
async def offer_transfer(
    caller: SignedIn, customer_id: CustomerId, key: IdempotencyKey, body: Annotated[TransferOffer, Depends(_offer)]
) -> Response:
    """Offer a customer to another municipality, or to the employment authority of an area."""
    return _requested(await caller.ask(OfferTransfer(customer_id=customer_id, **dict(body)), key))


@routes.post(
    "/transfers",
    status_code=201,
    response_model=TransferVersion,
    responses={201: _REQUESTED, **_ADD},
    openapi_extra=_asking.documentation,
)
async def ask_for_transfer(
    caller: SignedIn, key: IdempotencyKey, body: Annotated[AskForTransfer, Depends(_asking)]
) -> Response:
    """Ask whoever holds the customer with an identity code: the holder hears who asks and is not named to the asker."""
    return _requested(await caller.ask(body, key))


@routes.get("/transfers", response_model=Transfers, responses={200: _LISTED, **problems(400, 401, 403, 429, 500, 503)})
async def list_transfers(
    caller: SignedIn,
    direction: Literal["in", "out"] | None = None,
    state: HandshakeState | None = None,
    cursor: Annotated[UUID | None, Query(description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_TRANSFERS)] = MOST_TRANSFERS,
) -> Response:
    """Transfers of the acting organisation: in, those it is asked for; out, those it asks for. Due first first."""
    return answer(await caller.ask(ListTransfers(direction=direction, state=state, cursor=cursor, limit=limit)))


@routes.get("/transfers/{transfer_id:uuid}", response_model=Transfer, responses={200: _CURRENT, **_READ})
async def get_transfer(caller: SignedIn, transfer_id: UUID) -> Response:
    """One transfer of the acting organisation, with every turn that it took."""
    transfer = await caller.ask(GetTransfer(transfer_id=transfer_id))
    return answer(transfer, version=transfer.version)


@routes.post(
    "/transfers/{transfer_id:uuid}/accept",
    response_model=TransferVersion,
    responses={200: _CURRENT, **_CHANGE},
    openapi_extra=_acceptance.documentation,
)
async def accept_transfer(
    caller: SignedIn,
    transfer_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[Acceptance, Depends(_acceptance)],
) -> Response:
    """Accept, and name who is responsible: from now on the receiver is in charge."""
    return _changed(
        await caller.ask(
            AcceptTransfer(transfer_id=transfer_id, expected_version=version, responsible=body.responsible), key
        )
    )


@routes.post(
    "/transfers/{transfer_id:uuid}/reject",
    response_model=TransferVersion,
    responses={200: _CURRENT, **_CHANGE},
    openapi_extra=_rejection.documentation,
)
async def reject_transfer(
    caller: SignedIn,
    transfer_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[Rejection, Depends(_rejection)],
) -> Response:
    """Reject, with a reason."""
    return _changed(
        await caller.ask(RejectTransfer(transfer_id=transfer_id, expected_version=version, **dict(body)), key)
    )


@routes.post(
    "/transfers/{transfer_id:uuid}/ask-more",
    response_model=TransferVersion,
    responses={200: _CURRENT, **_CHANGE},
    openapi_extra=_message.documentation,
)
async def ask_more_of_transfer(
    caller: SignedIn,
    transfer_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[Message, Depends(_message)],
) -> Response:
    """Ask the other side something before answering."""
    return _changed(
        await caller.ask(AskMoreOfTransfer(transfer_id=transfer_id, expected_version=version, text=body.text), key)
    )


@routes.post(
    "/transfers/{transfer_id:uuid}/reply",
    response_model=TransferVersion,
    responses={200: _CURRENT, **_CHANGE},
    openapi_extra=_message.documentation,
)
async def reply_to_transfer(
    caller: SignedIn,
    transfer_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[Message, Depends(_message)],
) -> Response:
    """Reply to what the other side asked."""
    return _changed(
        await caller.ask(ReplyToTransfer(transfer_id=transfer_id, expected_version=version, text=body.text), key)
    )


@routes.post(
    "/transfers/{transfer_id:uuid}/withdraw",
    response_model=TransferVersion,
    responses={200: _CURRENT, **_READ, **problems(409, 412, 422, 428)},
)
async def withdraw_transfer(
    caller: SignedIn, transfer_id: UUID, key: IdempotencyKey, version: ExpectedVersion
) -> Response:
    """Take the request back, while it is not answered."""
    return _changed(await caller.ask(WithdrawTransfer(transfer_id=transfer_id, expected_version=version), key))


def _requested(done: TransferVersion) -> Response:
    return answer(done, 201, version=done.version, location=f"{PREFIX}/transfers/{done.transfer_id}")


def _changed(done: TransferVersion) -> Response:
    return answer(done, version=done.version)
