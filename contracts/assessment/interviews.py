"""The initial interview: planned, missed and held, and what the customer must be told (869/2024 2 and 4 §)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.assessment.versions import AssessmentVersion, Version
from contracts.envelope import Request
from contracts.types import Code, Day, LanguageCode, Name, Value, Words

Place = Annotated[Code, Field(examples=["office"], description="code list interview_places")]
PlaceReason = Annotated[
    Words | None, Field(description="obligatory but at an office: the weighty reason for another way (869/2024 4 §)")
]
MOST_PEOPLE = 10


class Interpreting(Value):
    """Whether an interpreter is needed, to which language, and the reference of the booking."""

    needed: bool
    language: LanguageCode | None = Field(None, description="obligatory where one is needed")
    booking: Name | None = None


class Appointment(Value):
    """When, where and in which language an initial interview is to be held."""

    starts_at: AwareDatetime
    place: Place
    place_reason: PlaceReason = None
    location: Name | None = Field(None, description="such as the address of the office")
    language: LanguageCode
    interpreter: Interpreting


class Participant(Value):
    """Somebody who took part beside the official and the customer."""

    role: Code = Field(description="code list interview_participants", examples=["interpreter"])
    name: Name | None = None


class HeldInterview(Value):
    """How an initial interview was held (869/2024 4 §)."""

    held_on: Day
    place: Place
    place_reason: PlaceReason = None
    language: LanguageCode
    language_understood: bool = Field(
        description="whether it is the customer's mother tongue or one that he or she understands sufficiently, if need"
        " be by an interpreter"
    )
    interpreter_used: bool = False
    interpreter_language: LanguageCode | None = Field(None, description="obligatory where an interpreter was used")
    participants: tuple[Participant, ...] = Field((), max_length=MOST_PEOPLE)


class Interview(Value):
    """An appointment and what became of it, or an interview held without one."""

    interview_id: UUID
    state: Literal["planned", "replaced", "missed", "held", "cancelled"] = Field(
        description="replaced: another one was planned instead; cancelled: the assessment ended before"
    )
    appointment: Appointment | None = None
    held: HeldInterview | None = None
    explanation: Words | None = Field(None, description="of one that was missed: what the customer says of it")
    recorded_at: AwareDatetime
    recorded_by: str = Field(examples=["expert@tampere"])


class ToldDuty(Value):
    """That the customer was told what must be told, and how it was made sure that he or she understood it."""

    duty: Code = Field(description="a duty to inform of the rule book", examples=["aims_of_services"])
    told_on: Day
    made_sure: Code = Field(description="code list understanding_checks", examples=["told_back"])
    note: Words | None = None


class AcknowledgedDuty(ToldDuty):
    """The same, with who recorded it."""

    recorded_at: AwareDatetime
    recorded_by: str = Field(examples=["expert@tampere"])


class PlanInterview(
    Request[AssessmentVersion], type="assessment.plan_interview.v1", changes=True, act="change", data=("assessment",)
):
    """Plan an interview, in place of one that is planned already."""

    assessment_id: UUID
    expected_version: Version
    appointment: Appointment


class RecordMissedInterview(
    Request[AssessmentVersion],
    type="assessment.record_missed_interview.v1",
    changes=True,
    act="change",
    data=("assessment",),
):
    """Record that the customer did not come to the interview planned; nothing follows from it by itself."""

    assessment_id: UUID
    expected_version: Version
    explanation: Words | None = None


class BeginInterview(
    Request[AssessmentVersion], type="assessment.begin_interview.v1", changes=True, act="change", data=("assessment",)
):
    """Record that an interview is held: the assessment is under way. It may take several."""

    assessment_id: UUID
    expected_version: Version
    interview: HeldInterview


class AcknowledgeDuties(
    Request[AssessmentVersion],
    type="assessment.acknowledge_duties.v1",
    changes=True,
    act="change",
    data=("assessment",),
):
    """Record what the customer was told of what must be told (869/2024 2 § 3 mom.)."""

    assessment_id: UUID
    expected_version: Version
    duties: tuple[ToldDuty, ...] = Field(min_length=1, max_length=MOST_PEOPLE)
