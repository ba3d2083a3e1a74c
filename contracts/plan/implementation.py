"""What happens while a plan is in force: reviews, more time, hindrances, how goals are reached, what was neglected."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import Request
from contracts.types import Code, Day, Text, Value, Words
from contracts.usage import Organisation, UserId

Version = Annotated[int, Field(ge=1, le=999_999_999)]


class Recorded(Value):
    """The outcome of recording something of a plan in force."""

    plan_id: UUID
    version: int = Field(ge=1, description="of the plan; recording alone leaves it as it was")
    record_id: UUID


class Review(Value):
    """What a review found (22 §; 874/2024 3 §)."""

    reason: Code = Field(examples=["half_year"], description="code list plan_review_reasons")
    reviewed_on: Day
    participation: Words = Field(description="in services and measures")
    progress: Words = Field(description="and results")
    obstacles: Text = ""
    next_review_on: Day
    county_took_part: bool = False
    changes_plan: bool = Field(False, description="whether what is agreed changes: a new edition is begun")


class Extension(Value):
    """That the longest time of a plan is made longer (23 § 3 mom., 31 § 1 mom.)."""

    ground: Code = Field(examples=["little_education_or_many_services"], description="the rule book's plan.extensions")
    months: int = Field(ge=1, le=60)
    reason: Words


class Hindrance(Value):
    """Why the plan could not be followed for a time, which is added to the longest one (23 § 4 mom.)."""

    ground: Code = Field(examples=["illness"], description="the rule book's plan.hindrances")
    first: Day
    last: Day | None = Field(None, examples=[None], description="null while it goes on")


class HindranceOfPlan(Hindrance):
    """The same, with what it is ended by."""

    hindrance_id: UUID


class FollowUp(Value):
    """How a goal is being reached (19 §)."""

    goal_id: UUID
    followed_on: Day
    progress: Code = Field(examples=["under_way"], description="code list goal_progress")
    text: Text = ""


class Neglect(Value):
    """That something agreed was not done: the fact, and how the customer explains it. Nothing here judges it."""

    happened_on: Day
    line_id: UUID | None = Field(None, description="the agreed service that it was about")
    fact: Words
    explanation: Text | None = Field(None, examples=[None], description="the customer's own; null: not heard yet")


class Withdrawal(Value):
    """That something was recorded wrongly: it counts no more and stays readable."""

    why: Words
    withdrawn_at: AwareDatetime
    withdrawn_by: UserId
    organisation: Organisation


class PlanAct(Value):
    """Something that was done to a plan, and what was recorded by it."""

    act_id: UUID
    act: Code = Field(examples=["offer_plan"])
    version: int = Field(ge=1, description="of the plan after it")
    edition: int = Field(ge=1)
    acted_at: AwareDatetime
    acted_by: UserId
    organisation: Organisation
    reason: Code | None = Field(None, examples=["employed"])
    why: Text | None = None
    review: Review | None = None
    extension: Extension | None = None
    hindrance: Hindrance | None = None
    follow_up: FollowUp | None = None
    neglect: Neglect | None = None
    record_id: UUID | None = Field(None, examples=[None], description="what a hindrance's end or a withdrawal is of")
    withdrawn: Withdrawal | None = Field(
        None, examples=[None], description="of an act that recorded something; null: it counts"
    )


class ReviewPlan(Request[Recorded], type="plan.review_plan.v1", changes=True, act="change", data=("plan",)):
    """Record a review of a plan in force, and when the next one is (22 §)."""

    plan_id: UUID
    expected_version: Version
    review: Review


class ExtendPlan(Request[Recorded], type="plan.extend_plan.v1", changes=True, act="change", data=("plan",)):
    """Make the longest time of a plan longer; a new edition is begun, in which its new end is agreed."""

    plan_id: UUID
    expected_version: Version
    extension: Extension


class RecordHindrance(Request[Recorded], type="plan.record_hindrance.v1", changes=True, act="change", data=("plan",)):
    """Record a hindrance: while it goes on the plan is interrupted."""

    plan_id: UUID
    hindrance: Hindrance


class EndHindrance(Request[Recorded], type="plan.end_hindrance.v1", changes=True, act="change", data=("plan",)):
    """End a hindrance: its days are added to the plan's time."""

    plan_id: UUID
    hindrance_id: UUID
    last: Day


class RecordFollowUp(Request[Recorded], type="plan.record_follow_up.v1", changes=True, act="change", data=("plan",)):
    """Record how a goal of the edition in force is being reached."""

    plan_id: UUID
    follow_up: FollowUp


class RecordNeglect(Request[Recorded], type="plan.record_neglect.v1", changes=True, act="change", data=("plan",)):
    """Record that something agreed was not done."""

    plan_id: UUID
    neglect: Neglect


class WithdrawRecord(Request[Recorded], type="plan.withdraw_record.v1", changes=True, act="change", data=("plan",)):
    """Take back what was recorded wrongly: the plan stands as if it had never been recorded, and it stays readable.

    A review, more time, a hindrance, how a goal is reached or a neglect. What was offered on what holds no more is
    void, and the customer's other plans follow.
    """

    plan_id: UUID
    expected_version: Version
    record_id: UUID = Field(description="as it was answered; act_id in the plan's history")
    why: Words
