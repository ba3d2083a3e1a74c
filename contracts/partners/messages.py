"""The messages that partners write and hear."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.customer.contacts import NeedReport
from contracts.partners import FromPartner, MessageId, ToPartner
from contracts.types import MunicipalityCode, Value


class ServiceNeedContact(NeedReport, FromPartner, type="authority.service_need_contact.v1", data=("contact_report",)):
    """Somebody may need an assessment of service needs: a contact to the municipality (681/2023 9 §)."""

    municipality: MunicipalityCode = Field(examples=["837"], description="where the person lives")


class ReceiptError(Value):
    """One thing that was wrong, and where."""

    pointer: str = Field(examples=["/data/needs/0"], description="JSON Pointer (RFC 6901) into the message")
    rule: str = Field(examples=["code_list"], description="stable code of the rule that was broken")
    detail: str = Field(examples=["the code is not on the list reported_service_needs on that day"])


class Receipt(ToPartner, type="authority.receipt.v1", data=("receipt",)):
    """What became of one message. The same whether the person was known or not: nothing about anybody."""

    SUBJECT = "message_number"

    message_number: UUID = Field(description="our number of the message, the same whenever its receipt is repeated")
    message_id: MessageId | None = Field(description="the message's own id; null when it could not be read")
    type: str | None = Field(None, examples=["authority.service_need_contact.v1"], description="of the message")
    outcome: Literal["received", "refused"]
    errors: tuple[ReceiptError, ...] = Field(
        (), description="refused: why; received: rows of a list that were left out, each with what is wrong with it"
    )
    transfer_id: UUID | None = Field(None, description="the transfer that a request has become")
    received_at: AwareDatetime = Field(description="when the message came")
