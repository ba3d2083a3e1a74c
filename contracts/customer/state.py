"""What other services hear of a customer: consequences in integration law, never who the person is."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.customer.people import Arrival
from contracts.envelope import ActEvent, StateEvent
from contracts.types import (
    Code,
    CustomerId,
    Day,
    LanguageCode,
    MunicipalityCode,
    Value,
)
from contracts.usage import DataUsed


class RelationshipState(Value):
    """A municipality's relationship as other services need it."""

    municipality: MunicipalityCode
    state: Literal["open", "ended"]
    arrival: Arrival
    ended_on: Day | None = Field(None, description="the day from which times of retention run")
    responsible: UUID | None = Field(
        None, description="the number (user_number) of the user who is responsible for the customer"
    )


class CustomerState(StateEvent):
    """The public state of a customer: what it means for integration law, never who the person is.

    `integration_act_groups` names the groups of 681/2023 2 § 3-4 mom. that the person may belong to on the facts known.
    """

    customer_id: CustomerId
    relationships: tuple[RelationshipState, ...]
    first_permit_on: Day | None = Field(None, description="the day from which the time of 14 § 1 mom. runs")
    three_year_limit_applies: bool = Field(True, description="14 § 6 mom.: sometimes it does not")
    integration_act_groups: tuple[Code, ...] = Field((), examples=[["2.3"]])
    service_language: LanguageCode | None = None
    interpreter_needed: bool | None = None
    safety_non_disclosure: bool = Field(
        False,
        description="of the person or of the household, 661/2009 36 §: whoever hears of it keeps contact details and"
        " municipality to itself",
    )
    education_goal_until: Day | None = Field(
        None, description="the last day on which the person is so young that 18 § asks for a goal of education"
    )
    merged_into: CustomerId | None = Field(
        None, description="the record was found to be a second one of this customer: it has no duties of its own"
    )

    @property
    def open_municipalities(self) -> list[str]:
        """Those with an open relationship, which decide who may read: each once, in order."""
        return sorted({each.municipality for each in self.relationships if each.state == "open"})


class CustomerOpened(CustomerState, type="customer.opened.v1", data=("customer_state",)):
    """A municipality opened a customer relationship."""

    municipality: MunicipalityCode


class CustomerChanged(CustomerState, type="customer.changed.v1", data=("customer_state",)):
    """What is known of a customer changed."""


class CustomerClosed(CustomerState, type="customer.closed.v1", data=("customer_state",)):
    """A municipality ended its customer relationship."""

    municipality: MunicipalityCode
    reason: Code = Field(examples=["moved_away"])
    by_hand: bool = Field(False, description="an official ended it; false: what else happened did, such as a transfer")


class CustomerCircumstances(StateEvent, type="customer.circumstances_changed.v1", data=("life_situation", "benefits")):
    """What the duty to assess and the responsible authority depend on, beside permits (681/2023 3 § and 14 § 1 mom.).

    Null is not known.
    """

    customer_id: CustomerId
    unemployed_jobseeker: bool | None = None
    registered_jobseeker: bool | None = Field(None, description="unemployed or not; null is not known")
    child_home_care_allowance: bool | None = None
    social_assistance: bool | None = Field(None, description="other than temporarily")

    @property
    def is_jobseeker(self) -> bool:
        """Whether registered as a jobseeker, as far as is known: who is an unemployed one is that."""
        return bool(self.registered_jobseeker or self.unemployed_jobseeker)


class CustomerDataUsed(DataUsed, type="customer.data_used.v1", data=("usage_log",)):
    """Somebody used data of the customer service, or was refused."""


class CustomerErased(ActEvent, type="customer.erased.v1", data=("customer_state",)):
    """A person was erased: every service erases what it holds, and remembers the id so that nothing comes back."""

    SUBJECT = "erased_customer_id"

    erased_customer_id: UUID
