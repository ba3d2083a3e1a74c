"""Outreach (681/2023 84 §): people whom other authorities name, so that the municipality reaches and assesses them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from contracts.customer.operations import OperationStarted, RejectedRow
from contracts.customer.people import PERSON_DATA, CustomerVersion, PersonChanges
from contracts.envelope import Request
from contracts.types import (
    Code,
    ContactDetails,
    CustomerId,
    Day,
    LanguageCode,
    MunicipalityCode,
    PersonalIdentityCode,
    PersonName,
    Text,
    Value,
)
from contracts.usage import Organisation

MOST_ROWS = 1000
"""Rows in a message: so many of the usual length are well below the broker's limit."""
MOST_TARGETS = 50

Told = Annotated[str, StringConstraints(max_length=400, pattern=r"^[^\x00]*$")]
"""A field as the list has it; what is wrong with it is told of its row, and stops no other."""


class OutreachRow(Value):
    """One person as the list names him or her. Everything is text: the rules are looked at row by row."""

    family_name: Told = Field("", examples=["Esimerkki"])
    given_name: Told = Field("", examples=["Aamu"])
    date_of_birth: Told = Field("", examples=["1994-05-01"], description="YYYY-MM-DD")
    personal_identity_code: Told = Field("", examples=["010594Y9021"], description="may be empty")
    ground: Told = Field("", examples=["home_care_allowance"], description="code list outreach_grounds")
    first_permit_on: Told = Field(
        "", examples=["2025-03-01"], description="first residence permit, card or registration; YYYY-MM-DD"
    )
    permit_kind: Told = Field("", examples=["continuous"], description="code list residence_permit_kinds")
    permit_ground: Told = Field(
        "", examples=["international_protection_asylum"], description="code list residence_permit_grounds"
    )
    service_language: Told = Field("", examples=["so"], description="ISO 639")
    phone: Told = Field("", examples=["+358 40 1234567"])
    email: Told = Field("", examples=["aamu@example.org"])
    street: Told = Field("", examples=["Esimerkkikatu 1"])
    postal_code: Told = Field("", examples=["33100"])
    city: Told = Field("", examples=["Tampere"])


class BeginOutreachImport(
    Request[OperationStarted],
    type="customer.begin_outreach_import.v1",
    changes=True,
    act="change",
    data=("outreach",),
):
    """Begin to import a list: its rows are added, and then it is finished."""

    source: Code = Field(examples=["benefit_institution"], description="who gave the list: information_sources")
    dry_run: bool = Field(False, description="check and match, and make nothing")


class RowsAdded(Value):
    """The rows that were added."""

    operation_id: UUID
    rows: int = Field(ge=0)


class AddOutreachRows(
    Request[RowsAdded], type="customer.add_outreach_rows.v1", changes=True, act="change", data=("outreach",)
):
    """Add rows to an import that is not finished; rows of the same numbers are added once."""

    operation_id: UUID
    first_row: int = Field(ge=1, le=1_000_000)
    rows: tuple[OutreachRow, ...] = Field(min_length=1, max_length=MOST_ROWS)


class FinishOutreachImport(
    Request[OperationStarted],
    type="customer.finish_outreach_import.v1",
    changes=True,
    act="change",
    data=("outreach",),
):
    """All rows are there: from now on they are worked off."""

    operation_id: UUID
    rows: int = Field(ge=0, le=1_000_000, description="how many there are; refused when some are missing")


class OutreachReceived(OperationStarted):
    """The import that takes the list up, and which of its rows it will reject."""

    rejected_rows: tuple[RejectedRow, ...] = ()


class ReceiveOutreachTargets(
    Request[OutreachReceived],
    type="customer.receive_outreach_targets.v1",
    changes=True,
    act="change",
    data=("outreach",),
):
    """A list as a message, from a service that stands for another authority; by the same rules as a file."""

    municipality: MunicipalityCode = Field(description="to whom the list is given")
    source: Code = Field(examples=["immigration_service"])
    authority: Organisation | None = Field(None, examples=["0245437-2"], description="whose program sends it")
    rows: tuple[OutreachRow, ...] = Field(min_length=1, max_length=MOST_ROWS)


class OutreachGround(Value):
    """Why the person is to be reached, and who told it."""

    ground: Code = Field(examples=["home_care_allowance"])
    source: Code = Field(examples=["benefit_institution"])
    received_on: Day


class OutreachAttempt(Value):
    """An attempt to contact somebody."""

    made_at: AwareDatetime
    made_by: str
    channel: Code = Field(examples=["phone"])
    outcome: Code = Field(examples=["no_answer"])
    note: str | None = None


class ListedTarget(Value):
    """Somebody to be reached, as the list shows."""

    target_id: UUID
    state: Code = Field(examples=["not_reached"])
    name: PersonName
    date_of_birth: Day
    service_language: LanguageCode | None = None
    contact: ContactDetails | None = None
    grounds: tuple[OutreachGround, ...]
    contact_by: Day = Field(description="the last day on which the person may be on the list")
    days_left: int = Field(ge=0)
    three_years_end_on: Day | None = Field(
        None, description="the last day of the three years of 14 § 1 mom.; null where they do not run or are not known"
    )
    attempts: int = Field(ge=0, description="how many times contact was attempted")
    customer_id: CustomerId | None = Field(
        None, description="a customer of the municipality, present or former, who may be the same person"
    )


class OutreachTarget(ListedTarget):
    """All that is known of somebody to be reached."""

    personal_identity_code: PersonalIdentityCode | None = None
    first_permit_on: Day | None = None
    permit_kind: Code | None = None
    permit_ground: Code | None = None
    attempts_made: tuple[OutreachAttempt, ...] = ()


class OutreachTargets(Value):
    """A page of those to be reached, the least time left first."""

    targets: tuple[ListedTarget, ...]
    next_cursor: str | None = Field(None, description="where the next page begins; null on the last")


TARGET_CURSOR_PATTERN = r"^[1-9][0-9]{0,5}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


class ListOutreachTargets(
    Request[OutreachTargets], type="customer.list_outreach_targets.v1", act="view", data=("outreach", "trafficking")
):
    """Whom the acting municipality is to reach, the least time left first."""

    state: Code | None = Field(None, examples=["not_reached"])
    ground: Code | None = Field(None, examples=["home_care_allowance"])
    cursor: str | None = Field(
        None, pattern=TARGET_CURSOR_PATTERN, examples=[None], description="next_cursor of the page before"
    )
    limit: int = Field(MOST_TARGETS, ge=1, le=MOST_TARGETS)


class GetOutreachTarget(
    Request[OutreachTarget], type="customer.get_outreach_target.v1", act="view", data=("outreach", "trafficking")
):
    """One of those whom the acting municipality is to reach, with the attempts made."""

    target_id: UUID


class OutreachTargetState(Value):
    """Where the contact stands now."""

    target_id: UUID
    state: Code = Field(examples=["reached"])


class RecordOutreachAttempt(
    Request[OutreachTargetState],
    type="customer.record_outreach_attempt.v1",
    changes=True,
    act="change",
    data=("outreach", "trafficking"),
):
    """Record that contact was attempted, how, and what came of it."""

    target_id: UUID
    channel: Code = Field(examples=["phone"], description="code list outreach_channels")
    outcome: Code = Field(examples=["no_answer"], description="code list outreach_outcomes")
    note: Text | None = None


class OpenFromOutreach(
    Request[CustomerVersion],
    type="customer.open_from_outreach.v1",
    changes=True,
    act="open",
    data=(*PERSON_DATA, "outreach", "trafficking"),
):
    """Open a customer relationship with somebody who was reached; the list forgets the person."""

    target_id: UUID
    told: PersonChanges = Field(
        default_factory=PersonChanges, description="what the person told; what is left out is as the list had it"
    )
