"""What every handshake between two organisations tells: its state, its turns and who is responsible."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from contracts.types import Code, Name, PhoneNumber, Text, Value, Words
from contracts.usage import Organisation

ToOtherSide = Annotated[
    Words, Field(description="read by the other organisation: nothing that identifies the customer")
]
HandshakeState = Literal["requested", "more_asked", "accepted", "rejected", "withdrawn", "expired"]
HandshakeAct = Literal["request", "accept", "reject", "ask_more", "reply", "withdraw", "expire"]


class Responsible(Value):
    """The person whom an organisation names in its answer: an official, never the customer."""

    name: Name
    phone: PhoneNumber | None = None


class Turn(Value):
    """One act of a handshake. What is written is read by both sides: nothing that identifies the customer."""

    version: int = Field(ge=1)
    act: HandshakeAct
    organisation: Organisation | None = Field(
        None, description="whose act it was; null: nobody's, for time had passed, or not to be told"
    )
    acted_at: AwareDatetime
    reason: Code | None = None
    text: Text | None = None
