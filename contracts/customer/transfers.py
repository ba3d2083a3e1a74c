"""Transfers of customers between municipalities, and to and from the employment authority (681/2023 85-86 §)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.customer.people import Arrival, Person
from contracts.envelope import Request, StateEvent
from contracts.handshake import HandshakeState, Responsible, ToOtherSide, Turn
from contracts.types import Code, CustomerId, Day, LanguageCode, PersonalIdentityCode, Value
from contracts.usage import Organisation

MOST_TRANSFERS = 50
Reason = Annotated[Code, Field(examples=["moved"], description="code list transfer_reasons")]
Version = Annotated[int, Field(ge=1, le=999_999_999)]


class TransferConsent(Value):
    """That the customer consents to the transfer (681/2023 85 §): when and how it was given."""

    given_on: Day
    given_by: Literal["writing", "speech", "electronic"]


class Preview(Value):
    """What a receiver is told of a customer before it accepts: nothing that identifies the person."""

    arrival: Arrival
    service_language: LanguageCode | None = None
    interpreter_needed: bool | None = None
    has_assessment: bool | None = Field(None, description="whether the giver has one; null: not known")
    months_left: int | None = Field(
        None, ge=0, description="whole months until the time of 14 § 1 mom. is over; null: not known or not limited"
    )


class TransferVersion(Value):
    """The outcome of an act: which transfer, and the version it now has."""

    transfer_id: UUID
    version: int = Field(ge=1)


class TransferCard(Value):
    """A transfer as one of its two organisations may see it.

    A holder who was asked stays unnamed until it accepts: `giver` is null till then.
    """

    transfer_id: UUID
    version: int = Field(ge=1, description="grows by every act; the ETag")
    state: HandshakeState
    direction: Literal["in", "out"] = Field(description="in: the acting organisation is asked; out: it asks")
    customer_id: CustomerId | None = Field(
        None, description="whom it is about; null for a receiver until it is accepted"
    )
    giver: Organisation | None
    receiver: Organisation
    reason: Reason
    due_on: Day = Field(description="the last day for an answer")
    review_needed: bool = Field(False, description="accepted: the receiver reviews the plan (22 § 1 mom.)")
    created_at: AwareDatetime
    changed_at: AwareDatetime


class Transfer(TransferCard):
    """A transfer with its preview, and every turn that it took."""

    legal_basis: str
    consent: TransferConsent | None
    preview: Preview | None = Field(None, description="of an offer, for as long as an answer is awaited")
    responsible: Responsible | None = Field(None, description="whom the addressee named")
    turns: tuple[Turn, ...]


class Transfers(Value):
    """Transfers of the acting organisation, those due first first, a page at a time."""

    transfers: tuple[TransferCard, ...]
    next_cursor: UUID | None = Field(None, description="where the next page begins; null on the last")


class OfferTransfer(
    Request[TransferVersion], type="customer.offer_transfer.v1", changes=True, act="transfer", data=("transfer",)
):
    """Offer one of the acting municipality's customers to another municipality or to the employment authority."""

    customer_id: CustomerId
    receiver: Organisation = Field(examples=["091"])
    reason: Reason
    consent: TransferConsent | None = Field(None, description="obligatory between municipalities (85 §)")


class AskForTransfer(
    Request[TransferVersion], type="customer.ask_for_transfer.v1", changes=True, act="transfer", data=("existence",)
):
    """Ask whoever holds the customer with this identity code for a transfer: the holder hears who asks."""

    personal_identity_code: PersonalIdentityCode
    reason: Reason
    consent: TransferConsent


class GetTransfer(Request[Transfer], type="customer.get_transfer.v1", act="view", data=("transfer",)):
    """One transfer of the acting organisation."""

    transfer_id: UUID


class ListTransfers(Request[Transfers], type="customer.list_transfers.v1", act="view", data=("transfer",)):
    """Transfers of the acting organisation: those to answer, and those it asked for."""

    direction: Literal["in", "out"] | None = None
    state: HandshakeState | None = None
    cursor: UUID | None = Field(None, examples=[None], description="next_cursor of the page before")
    limit: int = Field(MOST_TRANSFERS, ge=1, le=MOST_TRANSFERS)


class AcceptTransfer(
    Request[TransferVersion], type="customer.accept_transfer.v1", changes=True, act="transfer", data=("transfer",)
):
    """Accept, and name who is responsible: from this commit on the receiver is in charge."""

    transfer_id: UUID
    expected_version: Version
    responsible: Responsible


class RejectTransfer(
    Request[TransferVersion], type="customer.reject_transfer.v1", changes=True, act="transfer", data=("transfer",)
):
    """Reject, with a reason."""

    transfer_id: UUID
    expected_version: Version
    reason: Code = Field(examples=["not_in_target_group"], description="code list transfer_rejection_reasons")
    text: ToOtherSide | None = None


class AskMoreOfTransfer(
    Request[TransferVersion], type="customer.ask_more_of_transfer.v1", changes=True, act="transfer", data=("transfer",)
):
    """Ask the other side something before answering; the due date stays."""

    transfer_id: UUID
    expected_version: Version
    text: ToOtherSide


class ReplyToTransfer(
    Request[TransferVersion], type="customer.reply_to_transfer.v1", changes=True, act="transfer", data=("transfer",)
):
    """Reply to what the other side asked."""

    transfer_id: UUID
    expected_version: Version
    text: ToOtherSide


class WithdrawTransfer(
    Request[TransferVersion], type="customer.withdraw_transfer.v1", changes=True, act="transfer", data=("transfer",)
):
    """Take the request back, while it is not answered."""

    transfer_id: UUID
    expected_version: Version


class RequestTransferForPartner(
    Request[TransferVersion],
    type="customer.request_transfer_for_partner.v1",
    changes=True,
    act="transfer",
    data=("transfer",),
):
    """The employment authority hands a person over to a municipality; the data are opened by acceptance alone."""

    partner: Organisation = Field(examples=["area-837"])
    municipality: Organisation = Field(examples=["837"])
    reason: Reason
    person: Person


class AnswerTransferForPartner(
    Request[TransferVersion],
    type="customer.answer_transfer_for_partner.v1",
    changes=True,
    act="transfer",
    data=("transfer",),
):
    """What the employment authority does in a transfer of its own, by the rules of the handshake."""

    partner: Organisation = Field(examples=["area-837"])
    transfer_id: UUID
    act: Literal["accept", "reject", "ask_more", "reply", "withdraw"]
    responsible: Responsible | None = Field(None, description="obligatory in an acceptance")
    reason: Code | None = Field(None, examples=["not_in_target_group"], description="obligatory in a rejection")
    text: ToOtherSide | None = Field(None, description="obligatory in a question and in a reply")


class PartnerTransfer(Value):
    """A transfer as the employment authority may see it: the person only after it has accepted."""

    transfer: Transfer
    person: Person | None = Field(None, description="contact details under non-disclosure are left out")


class GetTransferForPartner(
    Request[PartnerTransfer], type="customer.get_transfer_for_partner.v1", act="view", data=("transfer",)
):
    """A transfer of the employment authority's, and the customer's data once it is the customer's receiver (86 §)."""

    partner: Organisation = Field(examples=["area-837"])
    transfer_id: UUID


class TransferChanged(StateEvent, type="customer.transfer_changed.v1", data=("transfer",)):
    """A transfer was requested, or something was done in it. Responsibility has moved when its state is accepted."""

    SUBJECT = "transfer_id"

    transfer_id: UUID
    customer_id: CustomerId
    state: HandshakeState
    requester: Organisation
    addressee: Organisation
    giver: Organisation
    receiver: Organisation
    due_on: Day
    review_needed: bool = False
