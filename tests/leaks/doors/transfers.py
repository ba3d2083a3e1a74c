"""Ways to transfers, and to what keeps a customer from leaving."""

from datetime import date

from contracts.customer.open_matters import GetOpenMatters
from contracts.customer.people import Person
from contracts.customer.transfers import (
    AcceptTransfer,
    AnswerTransferForPartner,
    AskForTransfer,
    AskMoreOfTransfer,
    GetTransfer,
    GetTransferForPartner,
    ListTransfers,
    OfferTransfer,
    RejectTransfer,
    ReplyToTransfer,
    RequestTransferForPartner,
    TransferConsent,
    WithdrawTransfer,
)
from contracts.handshake import Responsible
from tests.leaks.doors.door import THEIRS, Door
from tests.leaks.people import AUTHORITY, ELSEWHERE, HERE

_CONSENT = TransferConsent(given_on=date(2026, 1, 2), given_by="writing")


DOORS = (
    Door("open matters", GetOpenMatters, lambda it: GetOpenMatters(customer_id=it.customer_id)),
    Door(
        "transfer",
        GetTransfer,
        lambda it: GetTransfer(transfer_id=it.transfer_id),
        is_partial=True,  # no preview any more, and nobody was named as responsible
    ),
    Door("transfers", ListTransfers, lambda _: ListTransfers(), is_partial=True),
    Door(
        "offer a transfer",
        OfferTransfer,
        lambda it: OfferTransfer(customer_id=it.customer_id, receiver=ELSEWHERE, reason="moved", consent=_CONSENT),
        refuses=True,  # of somebody under non-disclosure, without the power
    ),
    Door(
        "ask for a transfer",
        AskForTransfer,
        lambda it: AskForTransfer(personal_identity_code=it.code, reason="moved", consent=_CONSENT),
        names_code=True,
        refuses=True,  # of the own customers
    ),
    Door(
        "accept a transfer",
        AcceptTransfer,
        lambda it: AcceptTransfer(
            transfer_id=it.transfer_id, expected_version=2, responsible=Responsible(name="Aino Virkanen")
        ),
        refuses=True,  # it was rejected, and so is all that follows
    ),
    Door(
        "reject a transfer",
        RejectTransfer,
        lambda it: RejectTransfer(transfer_id=it.transfer_id, expected_version=2, reason="not_resident"),
        refuses=True,
    ),
    Door(
        "ask more of a transfer",
        AskMoreOfTransfer,
        lambda it: AskMoreOfTransfer(transfer_id=it.transfer_id, expected_version=2, text="Why?"),
        refuses=True,
    ),
    Door(
        "reply to a transfer",
        ReplyToTransfer,
        lambda it: ReplyToTransfer(transfer_id=it.transfer_id, expected_version=2, text="So."),
        refuses=True,
    ),
    Door(
        "withdraw a transfer",
        WithdrawTransfer,
        lambda it: WithdrawTransfer(transfer_id=it.transfer_id, expected_version=2),
        refuses=True,
    ),
    Door(
        "transfer, for a partner",
        GetTransferForPartner,
        lambda it: GetTransferForPartner(partner=AUTHORITY, transfer_id=it.partner_transfer_id),
        **THEIRS,
    ),
    Door(
        "answer a transfer, for a partner",
        AnswerTransferForPartner,
        lambda it: AnswerTransferForPartner(partner=AUTHORITY, transfer_id=it.partner_transfer_id, act="withdraw"),
        refuses=True,
        **THEIRS,
    ),
    Door(
        "request a transfer, for a partner",
        RequestTransferForPartner,
        lambda it: RequestTransferForPartner(
            partner="area-837",
            municipality=HERE,
            reason="jobsearch_ended",
            person=Person.model_validate({"name": {"family": "E", "given": "A"}, "date_of_birth": it.day}),
        ),
        **THEIRS,
    ),
)
