"""The wellbeing services county's part in an assessment: it is asked, and answers (681/2023 14 § 4 mom., 86 §)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.assessment.versions import Version
from contracts.envelope import Request, StateEvent
from contracts.handshake import HandshakeState, Responsible, ToOtherSide, Turn
from contracts.types import Code, CustomerId, Day, LanguageCode, MunicipalityCode, Value, Words
from contracts.usage import Organisation

MOST_PARTICIPATIONS = 50
MOST_TOPICS = 20
Way = Annotated[Code, Field(examples=["joint_interview"], description="code list county_participation_ways")]
Channel = Annotated[Code, Field(examples=["phone"], description="code list answer_channels")]


class ParticipationVersion(Value):
    """The outcome of an act: which participation, and the version it now has."""

    participation_id: UUID
    version: int = Field(ge=1)


class ParticipationPreview(Value):
    """What the county is told before it accepts: nothing that identifies the customer."""

    service_language: LanguageCode | None = None
    interpreter_needed: bool | None = None
    topics: tuple[Code, ...] = Field(
        min_length=1,
        max_length=MOST_TOPICS,
        examples=[["health_and_social_needs"]],
        description="further topics of the rule book in which the county's part is wanted",
    )


class RecordedAnswer(Value):
    """That the county's answer came by phone or letter, and who wrote it down (681/2023 73 § 2 mom.)."""

    channel: Channel
    answered_on: Day
    recorded_by: str = Field(examples=["expert@tampere"])


class MissingContribution(Value):
    """Why the assessment goes on without a contribution of the county that has agreed to take part."""

    reason: Words
    recorded_at: AwareDatetime
    recorded_by: str = Field(examples=["expert@tampere"])


class ParticipationState(Value):
    """Where a participation stands, as both sides may know it."""

    participation_id: UUID
    version: int = Field(ge=1, description="grows by every act; the ETag")
    state: HandshakeState
    municipality: MunicipalityCode = Field(description="who asks")
    county: Organisation = Field(examples=["08"], description="code list wellbeing_services_counties: who is asked")
    way: Way
    proposed_at: AwareDatetime | None = Field(None, description="when the interview is proposed to be held")
    due_on: Day = Field(description="the last day for an answer")
    contributed_at: AwareDatetime | None = Field(None, description="when the county's first contribution came")
    created_at: AwareDatetime
    changed_at: AwareDatetime


class ParticipationCard(ParticipationState):
    """A participation in a list of the municipality's."""

    assessment_id: UUID
    customer_id: CustomerId


class Participation(ParticipationCard):
    """A participation as the municipality sees it, with every turn that it took."""

    legal_basis: str = Field(examples=["681/2023 14 § 4 mom., 86 §"])
    preview: ParticipationPreview
    responsible: Responsible | None = Field(None, description="whom the county named")
    recorded_answer: RecordedAnswer | None = Field(None, description="of an answer that came past the interface")
    without_contribution: MissingContribution | None = None
    turns: tuple[Turn, ...]


class Participations(Value):
    """Participations that the acting municipality asked for, the first first, a page at a time."""

    participations: tuple[ParticipationCard, ...]
    next_cursor: UUID | None = Field(None, description="where the next page begins; null on the last")


class PartnerParticipation(ParticipationState):
    """A participation as the county may see it: whom it is about after it has accepted, while it takes part."""

    legal_basis: str = Field(examples=["681/2023 14 § 4 mom., 86 §"])
    preview: ParticipationPreview | None = Field(None, description="null once it is over without acceptance")
    responsible: Responsible | None = None
    turns: tuple[Turn, ...]
    customer_id: CustomerId | None = None


class RequestParticipation(
    Request[ParticipationVersion],
    type="assessment.request_participation.v1",
    changes=True,
    act="change",
    data=("participation",),
):
    """Ask the county that the municipality belongs to, to take part in an assessment, or in the plan made of it."""

    assessment_id: UUID
    way: Way
    proposed_at: AwareDatetime | None = Field(None, description="obligatory for a joint interview")
    preview: ParticipationPreview


class GetParticipation(
    Request[Participation], type="assessment.get_participation.v1", act="view", data=("participation",)
):
    """One participation in an assessment of the acting municipality."""

    participation_id: UUID


class ListParticipations(
    Request[Participations], type="assessment.list_participations.v1", act="view", data=("participation",)
):
    """Participations that the acting municipality asked for."""

    state: HandshakeState | None = None
    assessment_id: UUID | None = Field(None, examples=[None])
    cursor: UUID | None = Field(None, examples=[None], description="next_cursor of the page before")
    limit: int = Field(MOST_PARTICIPATIONS, ge=1, le=MOST_PARTICIPATIONS)


class ReplyToParticipation(
    Request[ParticipationVersion],
    type="assessment.reply_to_participation.v1",
    changes=True,
    act="change",
    data=("participation",),
):
    """Reply to what the county asked; another time may be proposed."""

    participation_id: UUID
    expected_version: Version
    text: ToOtherSide
    proposed_at: AwareDatetime | None = Field(None, description="null: it stays as it was")


class WithdrawParticipation(
    Request[ParticipationVersion],
    type="assessment.withdraw_participation.v1",
    changes=True,
    act="change",
    data=("participation",),
):
    """Take the request back, while it is not answered."""

    participation_id: UUID
    expected_version: Version


class RecordParticipationAnswer(
    Request[ParticipationVersion],
    type="assessment.record_participation_answer.v1",
    changes=True,
    act="change",
    data=("participation",),
):
    """Write down the county's answer that came by phone or letter."""

    participation_id: UUID
    expected_version: Version
    act: Literal["accept", "reject"]
    responsible: Responsible | None = Field(None, description="obligatory in an acceptance, with a phone number")
    reason: Code | None = Field(
        None,
        examples=["no_coordination_needed"],
        description="code list participation_rejection_reasons; obligatory in a rejection",
    )
    text: ToOtherSide | None = None
    channel: Channel
    answered_on: Day


class GoOnWithoutContribution(
    Request[ParticipationVersion],
    type="assessment.go_on_without_contribution.v1",
    changes=True,
    act="change",
    data=("participation",),
):
    """Record why an assessment is concluded without a contribution of the county that agreed to take part."""

    participation_id: UUID
    expected_version: Version
    reason: Words


class AnswerParticipationForPartner(
    Request[ParticipationVersion],
    type="assessment.answer_participation_for_partner.v1",
    changes=True,
    act="change",
    data=("participation",),
):
    """What the county does in a participation that it was asked for, by the rules of the handshake."""

    partner: Organisation = Field(examples=["08"])
    participation_id: UUID
    act: Literal["accept", "reject", "ask_more"]
    responsible: Responsible | None = Field(None, description="obligatory in an acceptance, with a phone number")
    reason: Code | None = Field(None, examples=["no_coordination_needed"], description="obligatory in a rejection")
    text: ToOtherSide | None = Field(None, description="obligatory in a question")


class GetParticipationForPartner(
    Request[PartnerParticipation],
    type="assessment.get_participation_for_partner.v1",
    act="view",
    data=("participation",),
):
    """A participation that the county was asked for; whom it is about only after it has accepted (86 §)."""

    partner: Organisation = Field(examples=["08"])
    participation_id: UUID


class ParticipationChanged(StateEvent, type="assessment.participation_changed.v1", data=("participation",)):
    """A county was asked to take part in an assessment, or something was done about it."""

    SUBJECT = "participation_id"

    participation_id: UUID
    assessment_id: UUID
    customer_id: CustomerId
    municipality: MunicipalityCode
    county: Organisation = Field(examples=["08"])
    state: HandshakeState
    due_on: Day
    contributed: bool = Field(False, description="whether a contribution of the county's has come")
