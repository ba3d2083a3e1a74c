"""Participations as tests ask for them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from contracts.assessment.county_sections import ContributeForPartner, WriteCountySection
from contracts.assessment.participations import (
    AnswerParticipationForPartner,
    GetParticipation,
    GetParticipationForPartner,
    GoOnWithoutContribution,
    Participation,
    ParticipationVersion,
    PartnerParticipation,
    RecordParticipationAnswer,
    ReplyToParticipation,
    RequestParticipation,
    WithdrawParticipation,
)
from contracts.assessment.versions import AssessmentVersion
from services.kit.actor import Actor
from tests.assessment.support import TODAY, Desk
from tests.support import EXPERT_TAMPERE

COUNTY = "08"
"""Pirkanmaa, the county of Tampere."""
PARTNERS = Actor("integration", "koto", "service_integration")
"""The service through whose door counties come."""
SUPERVISOR = Actor("supervisor@tampere", "837", "supervisor")
SOMEBODY = {"name": "Sanna Sosiaalityöntekijä", "phone": "+358 00 000 0003"}
WRITTEN = {
    "sections": [{"topic": "health_and_social_needs", "text": "Sleeps badly.", "needs": ["health_services"]}],
    "written_by": "Sanna Sosiaalityöntekijä",
    "written_on": str(TODAY),
}


def worker(customer_id: UUID, organisation: str = COUNTY) -> Actor:
    """A county worker whom Tampere gave a right to one customer."""
    return Actor("worker@pirkanmaa", organisation, "county_worker", granted_by="837", customers=(customer_id,))


def requesting(known: AssessmentVersion, desk: Desk, **more: Any) -> RequestParticipation:
    """The request to take part in a joint interview in a week."""
    told = {
        "assessment_id": known.assessment_id,
        "way": "joint_interview",
        "proposed_at": desk.clock.now() + timedelta(days=7),
        "preview": {
            "service_language": "so",
            "interpreter_needed": True,
            "topics": ["health_and_social_needs", "mental_health_and_rehabilitation"],
        },
    }
    return RequestParticipation.model_validate(told | more)


def answering(
    known: ParticipationVersion, act: str, partner: str = COUNTY, **more: Any
) -> AnswerParticipationForPartner:
    """What the county's program does: an acceptance names somebody."""
    told = {"responsible": SOMEBODY} if act == "accept" else {}
    return AnswerParticipationForPartner.model_validate(
        {"partner": partner, "participation_id": known.participation_id, "act": act} | told | more
    )


def recording(known: ParticipationVersion, act: str, **more: Any) -> RecordParticipationAnswer:
    """The county's answer that came by phone."""
    told = {"responsible": SOMEBODY} if act == "accept" else {}
    told |= {"channel": "phone", "answered_on": TODAY}
    return RecordParticipationAnswer.model_validate(_to(known) | {"act": act} | told | more)


def replying(known: ParticipationVersion, **more: Any) -> ReplyToParticipation:
    return ReplyToParticipation.model_validate(_to(known) | {"text": "At ten."} | more)


def withdrawing(known: ParticipationVersion) -> WithdrawParticipation:
    return WithdrawParticipation.model_validate(_to(known))


def going_on(known: ParticipationVersion) -> GoOnWithoutContribution:
    return GoOnWithoutContribution.model_validate(_to(known) | {"reason": "Nothing was found."})


def contributing(known: ParticipationVersion, partner: str = COUNTY, **more: Any) -> ContributeForPartner:
    """What the county's program contributes."""
    return ContributeForPartner.model_validate(
        {"partner": partner, "participation_id": known.participation_id, "contribution": WRITTEN | more}
    )


def writing(known: AssessmentVersion, channel: str | None = "letter", **more: Any) -> WriteCountySection:
    """The county's contribution, written down by hand."""
    return WriteCountySection.model_validate(
        {"assessment_id": known.assessment_id, "contribution": WRITTEN | more, "channel": channel}
    )


async def seen(desk: Desk, known: ParticipationVersion, actor: Actor = EXPERT_TAMPERE) -> Participation:
    """The participation as somebody sees it."""
    return await desk.act(GetParticipation(participation_id=known.participation_id), actor)


async def of_county(desk: Desk, known: ParticipationVersion, partner: str = COUNTY) -> PartnerParticipation:
    """The participation as the county's program sees it."""
    return await desk.act(
        GetParticipationForPartner(partner=partner, participation_id=known.participation_id), PARTNERS
    )


async def accepted(desk: Desk, known: AssessmentVersion) -> ParticipationVersion:
    """A participation to which the county's program has agreed."""
    asked = await desk.act(requesting(known, desk))
    return await desk.act(answering(asked, "accept"), PARTNERS)


def _to(known: ParticipationVersion) -> dict[str, Any]:
    return {"participation_id": known.participation_id, "expected_version": known.version}
