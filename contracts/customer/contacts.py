"""Contacts from other authorities: somebody may need an assessment of service needs (681/2023 9 §)."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.customer.people import Person
from contracts.envelope import Request
from contracts.types import (
    Code,
    ContactDetails,
    CustomerId,
    Day,
    LanguageCode,
    MunicipalityCode,
    Name,
    PersonalIdentityCode,
    PersonName,
    PhoneNumber,
    Text,
    Value,
)
from contracts.usage import Organisation, UserId

CONTACT_DATA = ("contact_report",)
RESOLVING_DATA = (*CONTACT_DATA, "identity", "contact", "language", "residence_permit", "relationship")
MOST_CONTACTS = 50


class Reporter(Value):
    """Who of the reporting authority answers questions."""

    unit: Name | None = None
    name: Name
    phone: PhoneNumber | None = None
    email: str | None = Field(None, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$", max_length=254)


class ReportedPerson(Value):
    """Whom the contact is about: the day of birth or the identity code is needed to know who it is."""

    name: PersonName
    date_of_birth: Day | None = None
    personal_identity_code: PersonalIdentityCode | None = None
    language: LanguageCode | None = Field(None, description="in which the person can be spoken to")
    contact: ContactDetails | None = None


class Consent(Value):
    """The person's consent to the contact, or why none is needed: one of the two."""

    given_on: Day | None = None
    how: Code | None = Field(None, examples=["oral"], description="code list consent_ways")
    not_needed: Code | None = Field(None, examples=[None], description="code list consent_exceptions")


class NeedReport(Value):
    """What one authority reports of one person: the least that lets the municipality reach him or her."""

    reporter: Reporter
    person: ReportedPerson
    needs: tuple[Code, ...] = Field(
        min_length=1, max_length=10, examples=[["language_learning"]], description="code list reported_service_needs"
    )
    text: Text | None = Field(None, description="what the person needs, in short")
    consent: Consent


class ContactReceived(Value):
    """Where the report is: a contact of its own, or one about the same person that was open already."""

    contact_id: UUID


class ReceiveContact(
    Request[ContactReceived], type="customer.receive_contact.v1", changes=True, act="receive", data=CONTACT_DATA
):
    """Take up an authority's report of a person: from its own program, or recorded by hand as it came."""

    municipality: MunicipalityCode = Field(examples=["837"])
    authority: Organisation = Field(examples=["0245437-2"], description="code of the reporting authority")
    authority_name: Name
    channel: Literal["message", "phone", "letter", "visit", "email"]
    reference: str | None = Field(
        None, pattern=r"^[A-Za-z0-9._:-]{1,100}$", examples=["m-1"], description="the authority's own id of the report"
    )
    report: NeedReport


State = Literal["open", "opened", "attached", "closed"]


class ContactCard(Value):
    """What a list shows of a contact."""

    contact_id: UUID
    version: int = Field(ge=1)
    state: State
    name: PersonName
    date_of_birth: Day
    reports: int = Field(ge=1, description="how many reports of the person were joined")
    received_at: AwareDatetime = Field(description="when the first of them came")
    days_since_received: int = Field(ge=0)


class ReceivingParty(Value):
    """Who of the municipality takes up contacts without delay (9 §)."""

    unit: Name
    users: tuple[UserId, ...] = Field(max_length=50)
    is_you: bool = Field(False, description="whether the asker is one of them")


class Contacts(Value):
    """The municipality's inbox, a page at a time, the oldest first."""

    receiving_party: ReceivingParty | None = Field(description="null: nobody is named yet, and 9 § asks for it")
    contacts: tuple[ContactCard, ...]
    next_cursor: UUID | None = None


class ListContacts(Request[Contacts], type="customer.list_contacts.v1", act="view", data=CONTACT_DATA):
    """Contacts that the acting municipality has received, those of one state."""

    state: State = "open"
    cursor: UUID | None = None
    limit: int = Field(20, ge=1, le=MOST_CONTACTS)


class ReceivedReport(Value):
    """One report as it came."""

    received_at: AwareDatetime
    authority: Organisation
    authority_name: Name
    channel: str
    reference: str | None = None
    report: NeedReport


class PassedOn(Value):
    """That a municipality passed the contact on to another."""

    municipality: MunicipalityCode = Field(description="which passed it on")
    passed_at: AwareDatetime
    passed_by: UserId
    why: Text | None = None


class Contact(Value):
    """One contact, with every report that was joined to it."""

    contact_id: UUID
    version: int = Field(ge=1, description="grows by every change; the ETag")
    state: State
    received_at: AwareDatetime
    days_since_received: int = Field(ge=0)
    reports: tuple[ReceivedReport, ...]
    passed_on: tuple[PassedOn, ...] = ()
    customer_id: CustomerId | None = Field(None, description="the customer that it became, or was attached to")
    masked: bool = Field(
        False, description="whether the customer's contact details, free texts and who passed it on are left out"
    )
    reason: Code | None = Field(None, examples=["no_need"], description="why it was closed")
    ended_at: AwareDatetime | None = None
    ended_by: UserId | None = None


class GetContact(Request[Contact], type="customer.get_contact.v1", act="view", data=CONTACT_DATA):
    """One contact that the acting municipality has received."""

    contact_id: UUID


class ContactVersion(Value):
    """The outcome: which contact, its version, and the customer that it led to."""

    contact_id: UUID
    version: int = Field(ge=1)
    customer_id: CustomerId | None = None


class ResolveContact(
    Request[ContactVersion], type="customer.resolve_contact.v1", changes=True, act="resolve", data=RESOLVING_DATA
):
    """Decide what becomes of a contact.

    `opened` makes the person a customer: `person`, or what the newest report tells. `attached` needs `customer_id`,
    `passed_on` needs `municipality`, `closed` needs `reason`.
    """

    contact_id: UUID
    expected_version: int = Field(ge=1)
    outcome: Literal["opened", "attached", "passed_on", "closed"]
    person: Person | None = None
    customer_id: CustomerId | None = None
    municipality: MunicipalityCode | None = None
    reason: Code | None = Field(None, examples=["no_need"], description="code list contact_end_reasons")
    why: Text | None = Field(None, description="told to the municipality that it is passed on to")


class ReceivingPartySet(Value):
    """The municipality whose receiving party was named."""

    municipality: MunicipalityCode


class SetReceivingParty(
    Request[ReceivingPartySet],
    type="customer.set_receiving_party.v1",
    changes=True,
    act="administer",
    data=("receiving_party",),
):
    """Name who takes up the contacts that the acting municipality receives."""

    unit: Name
    users: tuple[UserId, ...] = Field((), max_length=50)
