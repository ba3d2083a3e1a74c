"""Reading assessments, starting them by hand, concluding and dropping them."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Row
from uuid_utils.compat import uuid7

from contracts.assessment.cases import (
    AssessmentCard,
    AssessmentsOfCustomer,
    ConcludeAssessment,
    DropAssessment,
    GetAssessment,
    GetAssessmentsOfCustomer,
    Responsibility,
    StartAssessment,
    StartedByHand,
    WholeAssessment,
)
from contracts.assessment.interviews import AcknowledgedDuty, HeldInterview, Interview
from contracts.assessment.measures import Measure
from contracts.assessment.state import Assessment, Assessments, GetCustomerAssessments, Need
from contracts.assessment.topics import Topic, Writing
from contracts.assessment.versions import AssessmentVersion
from contracts.law import AssessmentLaw, laws
from services.assessment.handlers.base import change, needs_in, tell, to_version
from services.assessment.handlers.measures import recall_open
from services.assessment.repository import cases, facts, interviews, measures, participations, reach, topics
from services.assessment.rules import grounds
from services.assessment.rules import interviews as interview_rules
from services.assessment.rules.base import assessment_law
from services.assessment.rules.ends import OPEN, Found, broken_by_conclusion, broken_by_drop
from services.assessment.rules.participations import keeps_open
from services.assessment.rules.topics import ASSESSMENT, COUNTY_SECTION
from services.kit.clock import helsinki_date
from services.kit.errors import Conflict, NotFound, check_input
from services.kit.work import Work

_NOT_KNOWN = "No such customer of this organisation is known here; a new one is known in a moment."


async def get_customer_assessments(message: GetCustomerAssessments, work: Work) -> Assessments:
    """What the first version has words for: what is to be done, and what was withdrawn."""
    told = []
    for row in await _of_customer(message, work):
        if row.status in OPEN or row.status == "withdrawn":
            state = {name: getattr(row, name) for name in Assessment.model_fields}
            told.append(Assessment.model_validate(state | {"status": "to_start" if row.status in OPEN else row.status}))
    return Assessments(assessments=tuple(told))


async def get_assessments_of_customer(message: GetAssessmentsOfCustomer, work: Work) -> AssessmentsOfCustomer:
    """The acting municipality's assessments of its customer; NotFound until this service has heard of the opening."""
    return AssessmentsOfCustomer(assessments=tuple(map(_card, await _of_customer(message, work))))


async def get_assessment(message: GetAssessment, work: Work) -> WholeAssessment:
    """One assessment with all that was recorded in it; the county's section as the policy says."""
    row = await reach.get(work, message.assessment_id)
    law = assessment_law(row.law_version)
    relation = work.rights.related
    work.record_use([row.kept], [ASSESSMENT], relation=relation)
    of_county = work.rights.ruling(COUNTY_SECTION, relation) if row.county_takes_part else None
    if of_county and of_county.decision == "allow":  # on a line of its own, as what is protected
        work.record_use([row.kept], [COUNTY_SECTION], relation=relation)
    shown = [each.code for each in law.topics]
    if of_county:
        shown += [each.code for each in law.further_topics]
    written = await topics.newest(work, row.assessment_id, shown)
    missed, today = await interviews.missed_on(work, row.kept), helsinki_date(work.now)
    duties = tuple(AcknowledgedDuty.model_validate(each) for each in row.duties)
    ended = row.conclusion or row.dropped
    return WholeAssessment(
        **dict(_card(row)),
        law_version=row.law_version,
        responsible=Responsibility(
            authority=row.responsible_authority,
            legal_basis=grounds.RESPONSIBILITY_BASIS,
            transfer_proposed=row.status in OPEN and row.responsible_authority == "employment_authority",
        ),
        county_takes_part=row.county_takes_part,
        started_by_hand=row.started_by_hand,
        interviews=tuple(
            Interview.model_validate(each, from_attributes=True)
            for each in await interviews.of_assessment(work, row.assessment_id)
        ),
        topics=tuple(_topics(law, written, of_county.decision if of_county else None)),
        duties=duties,
        duties_left=interview_rules.duties_left(duties, law),
        measures=tuple(map(_measure, await measures.of_assessment(work, row.assessment_id))),
        missed=interview_rules.missed_that_count(missed, law, today),
        consequences=interview_rules.consequences(missed, law, today),
        conclusion=row.conclusion,
        drop=row.dropped,
        ended_by=ended and ended["ended_by"],
    )


async def start_assessment(message: StartAssessment, work: Work) -> AssessmentVersion:
    """Starts an assessment, or finds the one that is to be started needed (14 § 1 mom. 4)."""
    customer_id = await reach.kept_id(work, message.customer_id)
    await facts.lock(work, customer_id)
    if done := await work.outcome_of_repeat(AssessmentVersion):
        return done
    municipality = work.actor.municipality
    state = await facts.state_of(work, customer_id)
    related = state.relationships if state else ()
    arrival = next((one.arrival for one in related if (one.municipality, one.state) == (municipality, "open")), None)
    if state is None or arrival is None:
        raise NotFound(_NOT_KNOWN)
    present = (await cases.standing(work, customer_id)).get(municipality)
    to_start = present if present and present.status == "to_start" else None
    if present and present.status in OPEN and (to_start is None or to_start.started_by_hand):
        raise Conflict("An assessment of the customer is open already.")
    today = helsinki_date(work.now)
    begun = helsinki_date(to_start.created_at) if to_start else today  # time that passes ends no duty that has begun
    law = laws().on(begun)
    check_input(grounds.broken_by_start(message, state, today, law, begun_on=begun))
    told = await facts.circumstances_of(work, customer_id)
    reasons = grounds.with_assessed_need(grounds.reasons_to_assess(state, arrival, begun, law, told))
    started = StartedByHand(
        **message.model_dump(include={"asked_on", "why", "despite_time_limit"}),
        recorded_at=work.now,
        recorded_by=work.actor.user,
    ).model_dump(mode="json")
    work.record_use([customer_id], [ASSESSMENT], relation=work.rights.related)
    if to_start:
        return await change(work, to_start.assessment_id, reasons=reasons, started_by_hand=started)
    row = await cases.save(
        work,
        assessment_id=uuid7(),
        customer_id=customer_id,
        municipality=municipality,
        status="to_start",
        reasons=reasons,
        law_version=law.version,
        created_at=work.now,
        responsible_authority=grounds.responsible_authority(told),
        merged=False,
        status_before=None,
        started_by_hand=started,
    )
    await tell(work, row)
    return AssessmentVersion(assessment_id=row.assessment_id, version=row.version)


@to_version
async def conclude_assessment(message: ConcludeAssessment, work: Work, row: Row[Any]) -> AssessmentVersion:
    """Concludes an assessment that holds all that it must, and tells the needs it found but the county's."""
    law = assessment_law(row.law_version)
    written = await topics.newest(work, row.assessment_id, [each.code for each in law.topics])
    found = Found(
        topics=written,
        duties=[AcknowledgedDuty.model_validate(each) for each in row.duties],
        interviews=[HeldInterview.model_validate(each) for each in await interviews.held(work, row.assessment_id)],
        open_measures=await measures.count(work, row.assessment_id, only_open=True),
        county=keeps_open(
            await participations.of_assessment(work, row.assessment_id),
            topic_written=bool(
                await topics.newest(work, row.assessment_id, [each.code for each in law.further_topics])
            ),
        ),
    )
    check_input(broken_by_conclusion(message.conclusion, found, law))
    return await _end(work, row, "concluded", needs_in(written), conclusion=message.conclusion.model_dump(mode="json"))


@to_version
async def drop_assessment(message: DropAssessment, work: Work, row: Row[Any]) -> AssessmentVersion:
    """Ends an assessment without a result, for a person's reason."""
    check_input(broken_by_drop(message.drop, helsinki_date(work.now)))
    return await _end(work, row, "dropped", dropped=message.drop.model_dump(mode="json"))


async def _end(
    work: Work, row: Row[Any], status: str, needs: Iterable[Need] = (), **told: dict[str, Any]
) -> AssessmentVersion:
    await interviews.settle_planned(work, row.assessment_id, "cancelled")
    await recall_open(work, row.assessment_id)
    values = {column: told | {"ended_by": work.actor.user} for column, told in told.items()}
    return await change(
        work, row.assessment_id, needs, status=status, ended_on=helsinki_date(work.now), settles=True, **values
    )


async def _of_customer(message: GetCustomerAssessments | GetAssessmentsOfCustomer, work: Work) -> Iterable[Row[Any]]:
    known = await cases.of_customer(work, message.customer_id)
    if known is None:
        work.rights.refuse_in_emergency(message.customer_id, ASSESSMENT)
        raise NotFound(_NOT_KNOWN)
    customer_id, rows = known
    work.record_use([customer_id], message.DATA, relation=work.rights.related)
    return rows


def _card(row: Row[Any]) -> AssessmentCard:
    told = {name: getattr(row, name) for name in AssessmentCard.model_fields if name != "result"}
    return AssessmentCard.model_validate(told | {"result": row.conclusion and row.conclusion["result"]})


def _measure(row: Row[Any]) -> Measure:
    told = {name: getattr(row, name) for name in Measure.model_fields if name != "order"}
    return Measure.model_validate(told | {"order": row.ordered})


def _topics(law: AssessmentLaw, written: dict[str, Writing], of_county: str | None) -> Iterator[Topic]:
    for provision in (*law.topics, *(law.further_topics if of_county else ())):
        is_masked = provision in law.further_topics and of_county == "mask"
        writing = None if is_masked else written.get(provision.code)
        yield Topic(
            topic=provision.code,
            obligatory=provision in law.topics,
            legal_basis=provision.legal_basis,
            version=writing.version if writing else 0,
            written=writing,
            masked=is_masked,
        )
