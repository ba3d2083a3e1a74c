"""What another organisation's program is told of a customer with whom it works: who it is, and how to reach him or her.

Fetched as it is told, by the service at whose door the program stands.
"""

from pydantic import Field

from contracts.envelope import Request
from contracts.types import (
    ContactDetails,
    CustomerId,
    Day,
    InterpreterNeed,
    LanguageCode,
    MunicipalityCode,
    PersonalIdentityCode,
    PersonName,
    Value,
)
from contracts.usage import Organisation


class PersonForPartner(Value):
    """Who a customer is, what to speak with him or her, and how to reach him or her."""

    name: PersonName
    date_of_birth: Day
    personal_identity_code: PersonalIdentityCode | None = None
    mother_tongue: LanguageCode | None = None
    service_language: LanguageCode | None = None
    interpreter: InterpreterNeed | None = None
    contact: ContactDetails | None = Field(None, description="null also under non-disclosure for personal safety")
    safety_non_disclosure: bool = Field(
        False, description="non-disclosure for personal safety, one's own or the household's (661/2009 36 §)"
    )


class GetPersonForPartner(
    Request[PersonForPartner],
    type="customer.get_person_for_partner.v1",
    act="view",
    data=("identity", "contact", "language"),
):
    """A municipality's customer, for an organisation that works with him or her at its request (86 and 94 §)."""

    partner: Organisation = Field(examples=["08"])
    municipality: MunicipalityCode = Field(description="whose customer, and who has asked the partner")
    customer_id: CustomerId
