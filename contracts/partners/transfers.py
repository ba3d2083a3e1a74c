"""Transfers as the employment authority asks for, answers and hears of them (681/2023 86 §)."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.customer.people import Person
from contracts.customer.transfers import Preview, Reason
from contracts.handshake import HandshakeState, Responsible, ToOtherSide, Turn
from contracts.partners import FromPartner, MatterTold
from contracts.types import Code, Day, MunicipalityCode
from contracts.usage import Organisation


class TransferRequest(FromPartner, type="authority.transfer_request.v1", data=("transfer",)):
    """A person is handed over to a municipality, which sees whom only when it accepts."""

    municipality: MunicipalityCode = Field(examples=["837"], description="to whom the person is handed over")
    reason: Reason
    person: Person


class TransferAnswer(FromPartner, type="authority.transfer_answer.v1", data=("transfer",)):
    """What the authority does in a transfer of its own."""

    transfer_id: UUID
    act: Literal["accept", "reject", "ask_more", "reply", "withdraw"]
    responsible: Responsible | None = Field(None, description="obligatory in an acceptance")
    reason: Code | None = Field(
        None, examples=["not_in_target_group"], description="code list transfer_rejection_reasons; why it is rejected"
    )
    text: ToOtherSide | None = Field(None, description="obligatory in a question and in a reply")


class TransferTold(
    MatterTold,
    type="authority.transfer.v1",
    data=("transfer", "identity", "contact", "language", "residence_permit"),
):
    """How a transfer of the partner's stands: told whenever somebody did something in it."""

    SUBJECT = "transfer_id"

    transfer_id: UUID
    state: HandshakeState
    direction: Literal["in", "out"] = Field(description="in: the partner is asked; out: it asks")
    giver: Organisation = Field(examples=["837"])
    receiver: Organisation = Field(examples=["area-837"])
    reason: Reason
    due_on: Day = Field(description="the last day for an answer")
    created_at: AwareDatetime
    preview: Preview | None = Field(None, description="for as long as an answer is awaited")
    responsible: Responsible | None = Field(None, description="whom the addressee named")
    turns: tuple[Turn, ...] = Field(description="every act, the first first")
    person: Person | None = Field(
        None,
        description="once the partner is the receiver and has accepted; contact details under non-disclosure never",
    )
