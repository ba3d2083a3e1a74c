"""What is due by law of a customer, from the assessment to the plan's end; each due date tells how it comes about."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.envelope import ActEvent, Request
from contracts.types import Code, CustomerId, Day, MunicipalityCode, Value

MOST_DUE = 50


class Deadline(ActEvent):
    """That a due date is near or has passed: told once for each due date, whatever is restarted."""

    SUBJECT = "matter_id"

    matter_id: UUID = Field(description="the plan, or the customer where there is none yet")
    customer_id: CustomerId
    municipality: MunicipalityCode
    kind: Code = Field(description="a due date of the rule book", examples=["plan_review"])
    due_on: Day
    statutory: bool = Field(description="set by law; else an aim of the municipality's own")
    law_version: str = Field(examples=["2025-01-01"])


class DeadlineApproaching(Deadline, type="plan.deadline_approaching.v1", data=("plan",)):
    """A due date is near: so many days before as the municipality wants to be told."""


class DeadlinePassed(Deadline, type="plan.deadline_passed.v1", data=("plan",)):
    """A due date has passed, and what was due is not done."""


class ExplainedInLanguages(Value):
    """The same explanation in three languages."""

    fi: str
    sv: str
    en: str


class DueDate(Value):
    """A due date of one customer, as known on a day."""

    kind: Code = Field(examples=["plan_review"])
    matter_id: UUID
    due_on: Day
    statutory: bool = Field(description="set by law; else an aim of the municipality's own")
    counted_from: Day
    legal_basis: str = Field(examples=["681/2023 22 § 1 mom."])
    law_version: str = Field(examples=["2025-01-01"])
    is_suspended: bool = Field(False, description="a hindrance goes on: the date moves by a day each day")
    explanation: ExplainedInLanguages


class CustomerDueDates(Value):
    """All that is due of one customer in the acting municipality, the soonest first."""

    due_dates: tuple[DueDate, ...]


class GetCustomerDueDates(
    Request[CustomerDueDates],
    type="plan.get_customer_due_dates.v1",
    act="view",
    data=("plan", "residence_permit"),
):
    """What is due of one customer by the law in force, or by another version of it.

    What is counted from the first permit is told to those who may see the permit.
    """

    customer_id: CustomerId
    law_version: str | None = Field(
        None, max_length=50, description="what would be due under this version; null: the one the case is under"
    )


class WorklistItem(Value):
    """Something that is due, for a list: names come from the customer service."""

    customer_id: CustomerId
    matter_id: UUID
    kind: Code = Field(examples=["plan_review"])
    due_on: Day
    statutory: bool = Field(description="set by law; else an aim of the municipality's own")
    passed: bool
    responsible: UUID | None = Field(None, description="the number of the user who is responsible for the customer")


class Worklist(Value):
    """A page of what is due, the soonest first."""

    items: tuple[WorklistItem, ...]
    next_cursor: str | None = None


MOST_KINDS = 20
"""Of due dates in one question."""


class ListDue(Request[Worklist], type="plan.list_due.v1", act="view", data=("plan", "residence_permit")):
    """What is due in the acting municipality: of all, of one team, of one responsible user, of mine, of nobody's."""

    responsible: UUID | Literal["me", "none"] | None = None
    team: UUID | None = Field(None, description="of the customers of one team's users")
    kinds: tuple[Code, ...] = Field((), max_length=MOST_KINDS)
    due_from: Day | None = None
    due_until: Day | None = None
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(MOST_DUE, ge=1, le=MOST_DUE)


class Aim(Value):
    """In how many days a municipality wants done what the law wants done without delay."""

    kind: Code = Field(examples=["assessment_start"])
    days: int = Field(ge=0, le=365)


class DueDateSettings(Value):
    """A municipality's aims, and how many days before a due date it wants to be told."""

    notice_days: int = Field(ge=1, le=180)
    aims: tuple[Aim, ...] = Field(max_length=10)


class KeptDueDateSettings(DueDateSettings):
    """The same, with the version that a change names."""

    version: int = Field(ge=0, description="0: the common ones, which hold until the municipality sets its own")


class DueDateSettingsVersion(Value):
    """The outcome of a change."""

    version: int = Field(ge=1)


class GetDueDateSettings(
    Request[KeptDueDateSettings], type="plan.get_due_date_settings.v1", act="view", data=("programme",)
):
    """The acting municipality's aims and notice."""


class SetDueDateSettings(
    Request[DueDateSettingsVersion],
    type="plan.set_due_date_settings.v1",
    changes=True,
    act="administer",
    data=("programme",),
):
    """Sets the acting municipality's aims and notice; due dates follow within minutes."""

    expected_version: int = Field(ge=0)
    settings: DueDateSettings
