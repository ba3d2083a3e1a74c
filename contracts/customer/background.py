"""What is known of a customer beside who he or she is: groups that are read and changed each on its own.

Each group has a version of its own, 0 while nothing is recorded, and tells where it comes from (681/2023 73 § 2 mom.).
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from contracts.envelope import Request
from contracts.types import Code, CountryCode, CustomerId, Day, LanguageCode, Name, ResidencePermit, Text, Value

Group = Literal[
    "residence_permits",
    "education",
    "work_history",
    "language_skills",
    "skills",
    "goals",
    "life_situation",
    "benefits",
    "health",
]
"""The groups. Which data group of the policy each belongs to: `DATA_OF_GROUP`."""

_ID = "258e46f9-0075-4a2e-adae-1ff0477e0f30"
EscoOccupation = Annotated[
    str,
    StringConstraints(pattern=r"^http://data\.europa\.eu/esco/occupation/[0-9a-f-]{36}$"),
    Field(examples=[f"http://data.europa.eu/esco/occupation/{_ID}"]),
]
"""The URI of an occupation in ESCO, the European classification."""

EscoSkill = Annotated[
    str,
    StringConstraints(pattern=r"^http://data\.europa\.eu/esco/skill/[0-9a-f-]{36}$"),
    Field(examples=[f"http://data.europa.eu/esco/skill/{_ID}"]),
]
"""The URI of a skill in ESCO."""

MOST_ENTRIES = 20
"""Entries in a group."""


class Entry(Value):
    """One entry of a group."""

    source: Code | None = Field(None, description="who told this entry, where it was not who told the whole group")


class HeldPermit(ResidencePermit):
    """A residence permit, card or registered right of residence that the customer has or had."""

    first: bool = Field(False, description="whether the three years of 14 § 1 mom. run from it: at most one")


class ResidencePermits(Value):
    """Permits and rights of residence (73 § 1 mom. 3). The first one is the person's `first_residence_permit`."""

    group: Literal["residence_permits"]
    permits: tuple[HeldPermit, ...] = Field(max_length=MOST_ENTRIES)


class Studies(Entry):
    """One education, completed or not."""

    level: Code = Field(description="code list education_levels (ISCED 2011)")
    name: Name | None = Field(None, description="of the qualification or the field")
    country: CountryCode | None = None
    completed: bool
    year: int | None = Field(None, ge=1900, le=2200, description="when it was completed or ended")
    recognised: bool | None = Field(None, description="whether the qualification was recognised in Finland")


class Education(Value):
    """Education (73 § 1 mom. 5)."""

    group: Literal["education"]
    studies: tuple[Studies, ...] = Field(max_length=MOST_ENTRIES)


class Occupation(Value):
    """An occupation by its ESCO URI, in words, or both; not neither."""

    esco: EscoOccupation | None = None
    name: Name | None = None


class Job(Entry):
    """Work in one occupation."""

    occupation: Occupation
    employer: Name | None = None
    country: CountryCode | None = None
    started_on: Day | None = None
    ended_on: Day | None = None
    tasks: Text | None = None


class WorkHistory(Value):
    """Work history (73 § 1 mom. 5)."""

    group: Literal["work_history"]
    jobs: tuple[Job, ...] = Field(max_length=MOST_ENTRIES)


class LanguageSkill(Entry):
    """How well one language is spoken, read or otherwise used."""

    language: LanguageCode
    kind: Code = Field(description="code list language_skill_kinds", examples=["speaking"])
    scale: Code = Field(description="code list proficiency_scales, which names the list of its levels")
    level: Code = Field(examples=["A2"])
    found_out_by: Code = Field(description="code list skill_sources", examples=["self_assessment"])
    found_out_on: Day | None = None


class LanguageSkills(Value):
    """Skills in languages by kind and level, literacy among them (73 § 1 mom. 5; 869/2024 2 § 1 mom. 1-2)."""

    group: Literal["language_skills"]
    languages: tuple[LanguageSkill, ...] = Field(max_length=3 * MOST_ENTRIES)


class Skill(Entry):
    """A special skill or another strength."""

    name: Name
    esco: EscoSkill | None = None
    found_out_by: Code = Field(description="code list skill_sources", examples=["self_assessment"])


class Skills(Value):
    """Special skills and other strengths (869/2024 2 § 1 mom. 6)."""

    group: Literal["skills"]
    skills: tuple[Skill, ...] = Field(max_length=MOST_ENTRIES)


class Goal(Entry):
    """A goal or a wish, in the customer's words."""

    kind: Code = Field(description="code list goal_kinds", examples=["employment"])
    description: Text
    occupation: Occupation | None = Field(None, description="aimed at")


class Goals(Value):
    """Goals and wishes (14 § 2 mom.; 869/2024 2 § 1 mom. 4 and 9)."""

    group: Literal["goals"]
    goals: tuple[Goal, ...] = Field(max_length=MOST_ENTRIES)


class LifeFact(Entry):
    """A fact of life that bears on what services are needed."""

    fact: Code = Field(description="code list life_situation_facts", examples=["studying"])
    description: Text | None = None


class LifeSituation(Value):
    """Other life situation, as far as services depend on it (869/2024 2 § 1 mom. 8)."""

    group: Literal["life_situation"]
    facts: tuple[LifeFact, ...] = Field(max_length=MOST_ENTRIES)


class Benefit(Entry):
    """Whether the customer receives a benefit."""

    kind: Code = Field(description="code list benefit_kinds", examples=["child_home_care_allowance"])
    received: bool
    since: Day | None = None


class Benefits(Value):
    """The benefits that entitle to an assessment, and no others (14 § 1 mom. 3 and 5); each at most once."""

    group: Literal["benefits"]
    benefits: tuple[Benefit, ...] = Field(max_length=MOST_ENTRIES)


class HealthFact(Entry):
    """A fact of health, and what of integration it bears on."""

    effect: Code = Field(description="code list health_effects", examples=["working"])
    description: Text


class Health(Value):
    """Health and functional ability as far as they affect integration and are indispensable (73 § 1 mom. 8)."""

    group: Literal["health"]
    facts: tuple[HealthFact, ...] = Field(max_length=MOST_ENTRIES)


def _as_any_of(schema: dict[str, Any]) -> None:
    """JSON Schema has no `discriminator`; the constants of `group` tell the same."""
    schema["anyOf"] = schema.pop("oneOf")
    del schema["discriminator"]


Content = Annotated[
    ResidencePermits | Education | WorkHistory | LanguageSkills | Skills | Goals | LifeSituation | Benefits | Health,
    Field(
        discriminator="group",
        json_schema_extra=_as_any_of,
        examples=[{"group": "education", "studies": [{"level": "3", "name": "Nurse", "completed": True}]}],
    ),
]
"""What a group holds: told apart by `group`."""

CONTENT_OF_GROUP: dict[Group, type[Any]] = {
    "residence_permits": ResidencePermits,
    "education": Education,
    "work_history": WorkHistory,
    "language_skills": LanguageSkills,
    "skills": Skills,
    "goals": Goals,
    "life_situation": LifeSituation,
    "benefits": Benefits,
    "health": Health,
}

DATA_OF_GROUP: dict[Group, str] = {
    "residence_permits": "residence_permit",
    "education": "competence",
    "work_history": "competence",
    "language_skills": "competence",
    "skills": "life_situation",
    "goals": "life_situation",
    "life_situation": "life_situation",
    "benefits": "benefits",
    "health": "health",
}
"""The data group of the policy that each group belongs to."""

BACKGROUND_DATA = ("identity", *dict.fromkeys(DATA_OF_GROUP.values()))
"""The data groups of the background. Whom an asker may not know by name has no background for the asker either."""


class Provenance(Value):
    """Where the present content of a group comes from (73 § 2 mom.)."""

    source: str = Field(description="who told it: a code of information_sources", examples=["customer"])
    recorded_at: datetime
    recorded_by: str = Field(examples=["expert@tampere"])
    organisation: str = Field(examples=["837"])
    legal_basis: str = Field(examples=["681/2023 73 § 1 mom. 5"])


class TimeLimit(Value):
    """How long a customer may be assessed after the first residence permit."""

    last_day: Day
    legal_basis: str = Field(examples=["681/2023 14 § 1 mom."])


class OtherVersion(Value):
    """What a group holds in a record that was merged into the customer's, beside what is shown."""

    customer_id: CustomerId = Field(description="the merged record")
    content: Content | None = Field(None, description="left out where all groups are read: read the one group")
    provenance: Provenance


class BackgroundGroup(Value):
    """One group as the asker may see it."""

    version: int = Field(
        ge=0, description="grows by every change of the group; 0: nothing was recorded in the record kept; the ETag"
    )
    content: Content
    provenance: Provenance | None = Field(None, description="null while nothing is recorded")
    time_limit: TimeLimit | None = Field(
        None, description="of residence_permits: the last day of the three years; null where they do not apply"
    )
    told_of: CustomerId | None = Field(
        None, description="the merged record that the content is from, where the record kept has none"
    )
    other_versions: tuple[OtherVersion, ...] = Field((), description="what other merged records hold in this group")


class Background(Value):
    """The groups that the asker may see."""

    customer_id: CustomerId
    groups: tuple[BackgroundGroup, ...]
    masked: tuple[Group, ...] = Field(
        (), examples=[["benefits"]], description="groups that the asker may not see, filled or empty"
    )


class GetBackground(Request[Background], type="customer.get_background.v1", act="view", data=BACKGROUND_DATA):
    """All groups of one customer that the asker may see."""

    customer_id: CustomerId


class GetBackgroundGroup(
    Request[BackgroundGroup], type="customer.get_background_group.v1", act="view", data=BACKGROUND_DATA
):
    """One group of one customer."""

    customer_id: CustomerId
    group: Group


class BackgroundVersion(Value):
    """The outcome of a change: which group, and the version it now has."""

    customer_id: CustomerId
    group: Group
    version: int = Field(ge=0)


class ChangeBackground(
    Request[BackgroundVersion],
    type="customer.change_background.v1",
    changes=True,
    act="change",
    data=BACKGROUND_DATA,
):
    """Put this in the place of what a group holds, if nobody changed the group after `expected_version`."""

    customer_id: CustomerId
    expected_version: int = Field(ge=0)
    content: Content
    why: Text | None = None
    source: Code = Field("customer", description="who told it: customer, or a code of another source (73 § 2 mom.)")


MOST_BACKGROUND_HISTORY = 5
"""Entries in a page of a group's history: so many with the longest contents are still one message."""


class BackgroundChange(Value):
    """One change of a group: all that it held before and after.

    A change of the first residence permit, which is the person's, tells that permit alone; other changes of the permits
    tell the others alone.
    """

    customer_id: CustomerId | None = Field(None, description="whose record, of a customer and those merged into it")
    version: int = Field(ge=1)
    changed_at: datetime
    changed_by: str
    organisation: str
    previous: Content | None = None
    new: Content | None = None
    why: str | None = None
    source: str
    masked: bool = Field(False, description="whether the asker may not see the contents and the reason")


class BackgroundHistory(Value):
    """Changes of one group, oldest first, a page at a time."""

    customer_id: CustomerId
    group: Group
    entries: tuple[BackgroundChange, ...]
    next_cursor: int | None = Field(None, description="where the next page begins; null on the last")


class GetBackgroundHistory(
    Request[BackgroundHistory], type="customer.get_background_history.v1", act="view", data=BACKGROUND_DATA
):
    """Who changed what of one group, when and why."""

    customer_id: CustomerId
    group: Group
    cursor: int | None = Field(
        None, ge=1, le=999_999_999, examples=[None], description="next_cursor of the page before"
    )
