"""What is agreed in a plan (681/2023 18-19 §). A draft may lack much of it; an offer lacks nothing obligatory."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.types import Code, CustomerId, Day, LanguageCode, Name, Text, Value

MOST_GOALS = 30
MOST_LINES = 40


class PinnedService(Value):
    """A service of the municipality's programme, in the version that was agreed on."""

    service_id: UUID
    version: int = Field(ge=1, le=999_999_999)


class Goal(Value):
    """A goal of the customer, or in a family's plan of one of its members (18 §)."""

    goal_id: UUID
    kind: Code | None = Field(None, examples=["employment"], description="the rule book's plan.goals, or goal_kinds")
    term: Literal["long", "plan"] = Field("plan", description="reached while the plan is in force, or later")
    text: Text = ""
    owner: CustomerId | None = Field(None, examples=[None], description="a member of the family; null: the customer")
    need_ids: tuple[UUID, ...] = Field((), max_length=20, description="the needs of the assessment that it answers")


class PlannedService(Value):
    """A line of the plan: a service, when, by whom, and why it suits the goal (19 §)."""

    line_id: UUID
    service: PinnedService | None = Field(None, examples=[None], description="null: not of the programme")
    name: Name | None = Field(None, examples=["Suomen kielen kurssi"], description="in the language of the plan")
    starts_on: Day | None = None
    ends_on: Day | None = None
    responsible_party: Name | None = Field(None, examples=["Esimerkkiopisto"], description="who sees to it")
    justification: Text = Field("", examples=["Opens the way to vocational studies."])
    goal_ids: tuple[UUID, ...] = Field((), max_length=MOST_GOALS)
    need_id: UUID | None = Field(None, description="the need of the assessment that it answers")
    own_studies: bool = Field(
        False,
        description="self-motivated studies supported by unemployment benefit (28-32 §): of somebody of 25 or over they"
        " may go on after the longest time (31 § 2-3 mom.)",
    )


class PlanContent(Value):
    """All that an edition of a plan holds."""

    goals: Annotated[tuple[Goal, ...], Field(max_length=MOST_GOALS)] = ()
    services: Annotated[tuple[PlannedService, ...], Field(max_length=MOST_LINES)] = ()
    follow_up: Text = Field("", examples=["A call each month."], description="how implementation is followed (19 §)")
    duties_told_on: Day | None = Field(None, description="when rights and duties were explained (24 § 1 mom.)")
    education_goal_reason: Text | None = Field(
        None, examples=[None], description="why somebody so young has no goal of education (18 §)"
    )
    starts_on: Day | None = None
    ends_on: Day | None = Field(None, description="the last day")
    next_review_on: Day | None = None
    language: LanguageCode | None = Field(None, examples=["fi"], description="fi, sv or en: in which it is approved")
    copy_language: LanguageCode | None = Field(None, examples=["ar"], description="of a copy for the customer to read")
