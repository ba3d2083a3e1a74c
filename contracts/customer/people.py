"""People, and municipalities' client relationships with them: what is asked of them, and their history."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.envelope import Request
from contracts.types import (
    Code,
    ContactDetails,
    CountryCode,
    CustomerId,
    Day,
    InterpreterNeed,
    LanguageCode,
    MunicipalityCode,
    PersonalIdentityCode,
    PersonName,
    ResidencePermit,
    Text,
    Value,
)

Arrival = Literal["moved", "directed", "quota_refugee", "authority_contact", "outreach"]
"""How the customer came: moved on their own; directed to a municipal place (681/2023 43 §); quota refugee; contact from
another authority (9 §); reached by the municipality (84 §)."""


class Person(Value):
    """What is known of a person when the customer relationship is opened (681/2023 73 § 1 mom. 1-4)."""

    name: PersonName
    date_of_birth: Day
    personal_identity_code: PersonalIdentityCode | None = None
    citizenships: tuple[CountryCode, ...] = Field((), max_length=10)
    mother_tongue: LanguageCode | None = None
    service_language: LanguageCode | None = None
    interpreter: InterpreterNeed | None = None
    contact: ContactDetails | None = None
    first_residence_permit: ResidencePermit | None = None
    safety_non_disclosure: bool = Field(
        False, description="non-disclosure for personal safety (661/2009 36 §): few may see the contact details"
    )


class ClientRelationship(Value):
    """A municipality's relationship with a customer."""

    municipality: MunicipalityCode
    arrival: Arrival
    started_on: Day
    ended_on: Day | None = None
    end_reason: Code | None = None
    responsible: UUID | None = Field(
        None, description="the number (user_number) of the user who is responsible for the customer"
    )


class CustomerVersion(Value):
    """The outcome of a change: which customer, and the version it now has."""

    customer_id: CustomerId
    version: int = Field(ge=1)


class Customer(Value):
    """One customer as the asker may see it."""

    customer_id: CustomerId
    version: int = Field(ge=1, description="grows by every change; the ETag")
    person: Person
    relationships: tuple[ClientRelationship, ...]
    masked: tuple[Code, ...] = Field(
        (), examples=[["contact"]], description="fields of the person that the asker may not see, filled or empty"
    )
    household_non_disclosure: bool = Field(
        False, description="non-disclosure of somebody in the same household, which covers the customer too"
    )
    merged: tuple[CustomerId, ...] = Field(
        (), description="records merged into this one: their ids are answered with it"
    )
    first_permit_of_merged: ResidencePermit | None = Field(
        None, description="the first permit of a merged record: counts while the record kept has none"
    )

    @property
    def first_permit(self) -> ResidencePermit | None:
        """The permit that the three years of 14 § 1 mom. run from."""
        return self.person.first_residence_permit or self.first_permit_of_merged

    @property
    def non_disclosure(self) -> bool:
        """Whether contact details and municipality are under non-disclosure for personal safety (661/2009 36 §)."""
        return self.person.safety_non_disclosure or self.household_non_disclosure


PERSON_DATA = ("identity", "contact", "language", "residence_permit", "relationship")
"""The data groups that make up a customer's record."""

FIELDS_OF_DATA = {
    "identity": ("name", "date_of_birth", "personal_identity_code", "citizenships", "safety_non_disclosure"),
    "contact": ("contact",),
    "language": ("mother_tongue", "service_language", "interpreter"),
    "residence_permit": ("first_residence_permit",),
    "relationship": ("relationship", "merge"),
}
"""Which fields of a person, and of the history, each group holds."""


class OpenCustomer(
    Request[CustomerVersion], type="customer.open_customer.v1", changes=True, act="open", data=PERSON_DATA
):
    """Open the acting municipality's customer relationship with a person not yet its customer."""

    person: Person
    arrival: Arrival
    code_was_of_another: bool = Field(
        False,
        description="whether the opener made sure that a customer who once had the identity code is somebody else",
    )
    not_same_as: tuple[CustomerId, ...] = Field(
        (), max_length=20, description="customers looked at before, and found not to be this person"
    )


class GetCustomer(Request[Customer], type="customer.get_customer.v1", act="view", data=PERSON_DATA):
    """One customer of the acting municipality."""

    customer_id: CustomerId


class PersonChanges(Value):
    """The fields to change; a field left out stays, null empties it."""

    name: PersonName | None = None
    date_of_birth: Day | None = None
    personal_identity_code: PersonalIdentityCode | None = None
    citizenships: tuple[CountryCode, ...] | None = Field(None, max_length=10)
    mother_tongue: LanguageCode | None = None
    service_language: LanguageCode | None = None
    interpreter: InterpreterNeed | None = None
    contact: ContactDetails | None = None
    first_residence_permit: ResidencePermit | None = None
    safety_non_disclosure: bool | None = None


class ChangeCustomer(
    Request[CustomerVersion], type="customer.change_customer.v1", changes=True, act="change", data=PERSON_DATA
):
    """Change what is known of a person, if nobody changed it after `expected_version`."""

    customer_id: CustomerId
    expected_version: int = Field(ge=1)
    changes: PersonChanges
    why: Text | None = None
    source: Code = Field("customer", description="who told it: customer, or a code of another source (73 § 2 mom.)")


class CloseCustomer(
    Request[CustomerVersion], type="customer.close_customer.v1", changes=True, act="close", data=("relationship",)
):
    """End the acting municipality's customer relationship."""

    customer_id: CustomerId
    expected_version: int = Field(ge=1)
    reason: Code = Field(examples=["moved_away"])
    acknowledged: tuple[UUID, ...] = Field(
        (), max_length=100, description="open matters that the relationship may end in spite of"
    )


class EraseCustomer(
    Request[CustomerVersion], type="customer.erase_customer.v1", changes=True, act="erase", data=PERSON_DATA
):
    """Erase a person everywhere, for good (681/2023 77 §)."""

    customer_id: CustomerId


CURSOR_PATTERN = r"^[0-9]{1,9}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

MOST_HISTORY = 50
"""Entries in a page: so many with the longest texts are still one message."""


class HistoryEntry(Value):
    """One change of one field."""

    customer_id: CustomerId | None = Field(None, description="whose record, of a customer and those merged into it")
    field: str
    version: int
    changed_at: datetime
    changed_by: str
    organisation: str
    previous: object = None
    new: object = None
    why: str | None = None
    source: str
    masked: bool = Field(False, description="whether the asker may not see the values and the reason")


class CustomerHistory(Value):
    """Changes of one customer, oldest first, a page at a time."""

    customer_id: CustomerId
    entries: tuple[HistoryEntry, ...]
    next_cursor: str | None = Field(None, description="where the next page begins; null on the last")


class GetCustomerHistory(
    Request[CustomerHistory], type="customer.get_customer_history.v1", act="view", data=PERSON_DATA
):
    """Who changed what of one customer of the acting municipality, when and why."""

    customer_id: CustomerId
    cursor: str | None = Field(
        None, pattern=CURSOR_PATTERN, examples=[None], description="next_cursor of the page before"
    )
    limit: int = Field(MOST_HISTORY, ge=1, le=MOST_HISTORY)


class CustomerCard(Value):
    """What a list shows of a customer."""

    customer_id: CustomerId
    name: PersonName
    date_of_birth: Day


class CustomerCards(Value):
    """The cards that the asker may see; the others are left out."""

    cards: tuple[CustomerCard, ...]


class GetCustomerCards(Request[CustomerCards], type="customer.get_customer_cards.v1", act="view", data=("identity",)):
    """Names for a list, at the moment of showing it."""

    customer_ids: tuple[CustomerId, ...] = Field(max_length=100)


class GetNameForDocument(
    Request[CustomerCard], type="customer.get_name_for_document.v1", act="view", data=("identity",)
):
    """Whom a document is about, for the records service alone, which makes it: never the identity code."""

    customer_id: CustomerId
