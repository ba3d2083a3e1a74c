"""Families: relations between customers, and to people who are no customers; who lives in one household."""

from uuid import UUID

from pydantic import Field

from contracts.customer.people import CustomerCard
from contracts.envelope import Request
from contracts.types import Code, CountryCode, CustomerId, Day, PersonName, Text, Value


class Relative(Value):
    """A person who is no customer, as far as is known."""

    name: PersonName
    date_of_birth: Day | None = None
    year_of_birth: int | None = Field(None, ge=1900, le=2100, examples=[1961], description="where the day is not known")
    lives_in: CountryCode | None = None


class FamilyRelation(Value):
    """A relation as seen from one customer.

    A relative who is a customer is told while the asker reaches him or her; else only that it is somebody's customer.
    """

    relation_id: UUID
    version: int = Field(ge=1, description="grows by every change; the ETag")
    kind: Code = Field(
        examples=["child"], description="what the relative is to the customer: code list family_relation_kinds"
    )
    is_customer: bool = Field(description="whether the relative is a customer, whoever's")
    customer: CustomerCard | None = Field(
        None, description="the relative, where he or she is one whom the asker reaches"
    )
    relative: Relative | None = Field(None, description="the relative, where he or she is no customer")
    masked: bool = Field(False, description="whether it is protected who the relative is (661/2009 36 §)")
    same_household: bool
    valid_from: Day | None = None
    valid_until: Day | None = None
    in_force: bool = Field(description="whether the relation holds on the day that was asked for")
    source: Code


class Family(Value):
    """A customer's relations that were not ended, and the customers of the same household whom the asker reaches."""

    customer: CustomerCard
    on: Day
    non_disclosure: bool = Field(
        description="non-disclosure for personal safety, of the customer or of somebody in the household"
    )
    relations: tuple[FamilyRelation, ...]
    household: tuple[CustomerCard, ...] = Field(description="the others: joined by relations of one household")


class GetFamily(Request[Family], type="customer.get_family.v1", act="view", data=("family", "identity")):
    """The family of one customer, as it is on a day."""

    customer_id: CustomerId
    on: Day | None = Field(None, examples=[None], description="today when left out")


class FamilyRelationVersion(Value):
    """The outcome of a change: which relation, and the version it now has."""

    relation_id: UUID
    version: int = Field(ge=1)


class RecordFamilyRelation(
    Request[FamilyRelationVersion],
    type="customer.record_family_relation.v1",
    changes=True,
    act="change",
    data=("family", "identity"),
):
    """Record how a customer is related: to another customer, or to a person who is none; exactly one of the two."""

    customer_id: CustomerId
    kind: Code = Field(examples=["child"], description="what the relative is to the customer")
    relative_id: CustomerId | None = Field(None, examples=[None])
    relative: Relative | None = None
    same_household: bool = False
    valid_from: Day | None = None
    valid_until: Day | None = Field(None, description="the last day, such as of a representative's appointment")
    source: Code = Field("customer", description="who told it: customer, or a code of another source (73 § 2 mom.)")
    why: Text | None = None


class FamilyRelationChanges(Value):
    """The fields to change; a field left out stays, null empties it. Another kind, or relative, is another relation."""

    relative: Relative | None = None
    same_household: bool | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None


class ChangeFamilyRelation(
    Request[FamilyRelationVersion],
    type="customer.change_family_relation.v1",
    changes=True,
    act="change",
    data=("family", "identity"),
):
    """Change what is known of a relation, if nobody changed it after `expected_version`."""

    relation_id: UUID
    expected_version: int = Field(ge=1)
    changes: FamilyRelationChanges
    source: Code = "customer"
    why: Text | None = None


class EndFamilyRelation(
    Request[FamilyRelationVersion],
    type="customer.end_family_relation.v1",
    changes=True,
    act="change",
    data=("family", "identity"),
):
    """End a relation: it was dissolved, or should not have been recorded. The household is no longer one by it."""

    relation_id: UUID
    expected_version: int = Field(ge=1)
    ended_on: Day | None = Field(None, examples=[None], description="its last day; today when left out")
    source: Code = "customer"
    why: Text | None = None
