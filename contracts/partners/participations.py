"""A wellbeing services county's part in assessments, as it is asked, answers and contributes (681/2023 86 §)."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.assessment.county_sections import Contribution
from contracts.assessment.participations import ParticipationPreview, Way
from contracts.customer.disclosures import PersonForPartner
from contracts.handshake import HandshakeState, Responsible, ToOtherSide, Turn
from contracts.partners import FromPartner, MatterTold
from contracts.types import Code, Day, MunicipalityCode


class ParticipationAnswer(FromPartner, type="authority.participation_answer.v1", data=("participation",)):
    """What the county does in a participation that it was asked for."""

    participation_id: UUID
    act: Literal["accept", "reject", "ask_more"]
    responsible: Responsible | None = Field(None, description="obligatory in an acceptance, with a phone number")
    reason: Code | None = Field(
        None,
        examples=["no_coordination_needed"],
        description="code list participation_rejection_reasons; obligatory in a rejection",
    )
    text: ToOtherSide | None = Field(None, description="obligatory in a question")


class CountyContribution(Contribution, FromPartner, type="authority.county_contribution.v1", data=("county_section",)):
    """What the county has found out or proposes, topic by topic: what it gives to be shared."""

    participation_id: UUID


class ParticipationTold(
    MatterTold,
    type="authority.participation.v1",
    data=("participation", "identity", "contact", "language"),
):
    """How a participation that the county was asked for stands: told whenever somebody did something in it."""

    SUBJECT = "participation_id"

    participation_id: UUID
    state: HandshakeState
    municipality: MunicipalityCode = Field(examples=["837"], description="who asks")
    county: str = Field(examples=["08"])
    way: Way
    proposed_at: AwareDatetime | None = Field(None, description="when the interview is proposed to be held")
    due_on: Day = Field(description="the last day for an answer")
    contributed_at: AwareDatetime | None = None
    created_at: AwareDatetime
    preview: ParticipationPreview | None = Field(None, description="null once it is over without acceptance")
    responsible: Responsible | None = Field(None, description="whom the county named")
    turns: tuple[Turn, ...] = Field(description="every act, the first first")
    person: PersonForPartner | None = Field(None, description="once the county has accepted")
