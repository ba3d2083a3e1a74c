"""What every service tells of each use of customers' data: a line of the usage log (906/2019 17 §)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.envelope import ActEvent
from contracts.types import Code, MunicipalityCode

UserId = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""A user's opaque id at the issuer of the sign-in."""
Organisation = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$")]
"""An organisation's code: municipality 091, wellbeing services county 06, else a business id such as 0245437-2."""


class DataUsed(ActEvent):
    """One act by which a person used customers' data, or was refused.

    A service tells its acts on numbered lines: `subjectsequence` numbers those of one line without gaps, so that one
    that is lost on the way is missed. The log outlives the customers it names: erasing a person does not erase it.
    """

    SUBJECT = "line"

    line: UUID
    outcome: Literal["done", "denied"]
    act: Code = Field(examples=["view"], description="an act of the policy")
    request: str = Field(examples=["customer.get_customer.v1"], description="the contract by which it was asked")
    user: UserId
    organisation: Organisation
    role: Code
    grant: UUID | None = Field(None, description="the right under which the user acted")
    granted_by: MunicipalityCode | None = Field(
        None, description="the municipality that granted it, where that is not the organisation itself"
    )
    task: Code | None = Field(None, description="code list tasks")
    purpose: Code | None = Field(None, description="code list purposes_of_use")
    legal_basis: str | None = Field(None, max_length=200)
    relation: Code | None = Field(
        None, examples=["own"], description="of the user to the customers, as the policy says"
    )
    customers: tuple[UUID, ...] = Field(
        (), max_length=100, description="whose data: seen, changed, or asked for in vain"
    )
    data: tuple[Code, ...] = Field((), examples=[["identity"]], description="data groups of the policy")
    found: int | None = Field(None, ge=0, description="how many a search found, on its page")
    sealed: str | None = Field(
        None, max_length=20_000, description="what was searched or why, as a JWE that the access service alone opens"
    )
    words: tuple[int, ...] = Field(
        (), max_length=64, description="keyed hashes (64 bits, signed) of words searched for, or of the names seen"
    )
