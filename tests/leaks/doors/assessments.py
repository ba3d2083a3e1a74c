"""Ways to assessments, to measures in them and to counties' part in them."""

from collections.abc import Callable
from datetime import date
from typing import Any

from contracts.assessment.cases import (
    ConcludeAssessment,
    DropAssessment,
    GetAssessment,
    GetAssessmentsOfCustomer,
    StartAssessment,
)
from contracts.assessment.county_sections import (
    ContributeForPartner,
    Contribution,
    CountyWriting,
    GetCountySection,
    WriteCountySection,
)
from contracts.assessment.documents import GetAssessmentForDocument
from contracts.assessment.interviews import AcknowledgeDuties, BeginInterview, PlanInterview, RecordMissedInterview
from contracts.assessment.measures import CancelMeasure, MeasureReport, OrderMeasure, ReportMeasure
from contracts.assessment.measures_for_partners import GetMeasureForPartner, ReportMeasureForPartner
from contracts.assessment.participations import (
    AnswerParticipationForPartner,
    GetParticipation,
    GetParticipationForPartner,
    GoOnWithoutContribution,
    ListParticipations,
    ParticipationPreview,
    RecordParticipationAnswer,
    ReplyToParticipation,
    RequestParticipation,
    WithdrawParticipation,
)
from contracts.assessment.state import GetCustomerAssessments
from contracts.assessment.topics import GetTopicHistory, WriteTopic
from contracts.envelope import Request
from tests.leaks.doors.door import THEIRS, Door
from tests.leaks.people import HELD, OWN_COUNTY, PROVIDER, Planted


def _customers_assessments(request: type[Request[Any]]) -> Callable[[Planted], Request[Any]]:
    return lambda it: request.model_validate({"customer_id": it.customer_id})


def _of_assessment(request: type[Request[Any]], **more: Any) -> Callable[[Planted], Request[Any]]:
    def ask(planted: Planted) -> Request[Any]:
        version = {"expected_version": planted.assessment_version}
        return request.model_validate({"assessment_id": planted.assessment_id, **version, **more})

    return ask


def _of_participation(request: type[Request[Any]], **more: Any) -> Callable[[Planted], Request[Any]]:
    told = {"expected_version": 4, **more}
    return lambda it: request.model_validate({"participation_id": it.participation_id, **told})


def _topic(topic: str, data: str) -> tuple[Door, ...]:
    """The doors to one topic of an assessment: its history, and writing it anew or too late."""

    def write(version: int) -> Callable[[Planted], Request[Any]]:
        told = {"topic": topic, "expected_version": version, "content": {"text": "Otherwise."}}
        return lambda it: WriteTopic.model_validate({"assessment_id": it.assessment_id, **told})

    of_topic: dict[str, Any] = {"exists_by": data, "data": (data,), "fields": (topic,)}
    return (
        Door(
            f"history of the topic {topic}",
            GetTopicHistory,
            lambda it: GetTopicHistory(assessment_id=it.assessment_id, topic=topic),
            **of_topic,
        ),
        Door(f"write the topic {topic}", WriteTopic, write(1), **of_topic),
        Door(f"write the topic {topic}, which was written", WriteTopic, write(0), refuses=True, **of_topic),
    )


_CONTRIBUTION = Contribution(
    sections=(CountyWriting(topic="health_and_social_needs", text="So."),),
    written_by="Aino Virkanen",
    written_on=date(2026, 1, 2),
)


DOORS = (
    Door(
        "assessment, for a document",
        GetAssessmentForDocument,
        lambda it: GetAssessmentForDocument(assessment_id=it.assessment_id),
        refuses=True,  # it is not concluded
        **THEIRS,
    ),
    Door("assessments, as once told", GetCustomerAssessments, _customers_assessments(GetCustomerAssessments)),
    Door("assessments", GetAssessmentsOfCustomer, _customers_assessments(GetAssessmentsOfCustomer)),
    Door("assessment", GetAssessment, lambda it: GetAssessment(assessment_id=it.assessment_id)),
    Door(
        "start an assessment",
        StartAssessment,
        lambda it: StartAssessment(customer_id=it.customer_id, asked_on=date(2026, 1, 2), why="Asks for it"),
        refuses=True,  # one is open
    ),
    Door(
        "plan an interview",
        PlanInterview,
        _of_assessment(
            PlanInterview,
            appointment={
                "starts_at": "2100-01-01T09:00:00Z",
                "place": "office",
                "language": "fi",
                "interpreter": {"needed": False},
            },
        ),
    ),
    Door(
        "miss an interview",
        RecordMissedInterview,
        _of_assessment(RecordMissedInterview),
        refuses=True,  # none is planned
    ),
    Door("hold an interview", BeginInterview, _of_assessment(BeginInterview, interview=HELD)),
    Door(
        "acknowledge duties",
        AcknowledgeDuties,
        _of_assessment(
            AcknowledgeDuties,
            duties=[{"duty": "personal_data", "told_on": date(2026, 1, 2), "made_sure": "told_back"}],
        ),
    ),
    Door(
        "conclude an assessment",
        ConcludeAssessment,
        _of_assessment(ConcludeAssessment, conclusion={"result": "plan_needed"}),
        refuses=True,  # topics are left
    ),
    Door(
        "drop an assessment",
        DropAssessment,
        _of_assessment(DropAssessment, drop={"ground": "other", "reason": "A mistake"}),
    ),
    *_topic("literacy", "assessment"),
    *_topic("health_and_social_needs", "county_section"),
    Door(
        "order a measure",
        OrderMeasure,
        lambda it: OrderMeasure.model_validate(
            {
                "assessment_id": it.assessment_id,
                "order": {"measure": "literacy", "provider": "own", "due_on": date(2100, 1, 1)},
            }
        ),
    ),
    Door(
        "report a measure",
        ReportMeasure,
        lambda it: ReportMeasure(
            measure_id=it.measure_id,
            report=MeasureReport(result="A1", done_on=date(2026, 1, 2), done_by="Somebody"),
        ),
    ),
    Door("cancel a measure", CancelMeasure, lambda it: CancelMeasure(measure_id=it.measure_id, reason="Not needed")),
    Door(
        "measure, for a partner",
        GetMeasureForPartner,
        lambda it: GetMeasureForPartner(partner=PROVIDER, measure_id=it.measure_id),
        **THEIRS,
    ),
    Door(
        "report a measure, for a partner",
        ReportMeasureForPartner,
        lambda it: ReportMeasureForPartner(
            partner=PROVIDER,
            measure_id=it.measure_id,
            report=MeasureReport(result="A1", done_on=date(2026, 1, 2), done_by="Somebody"),
        ),
        **THEIRS,
    ),
    Door("participation", GetParticipation, lambda it: GetParticipation(participation_id=it.participation_id)),
    Door("participations", ListParticipations, lambda _: ListParticipations(), is_partial=True),
    Door(
        "request a participation",
        RequestParticipation,
        lambda it: RequestParticipation(
            assessment_id=it.assessment_id,
            way="in_writing",
            preview=ParticipationPreview(topics=("health_and_social_needs",)),
        ),
        refuses=True,  # the county takes part already, and so is all that follows
    ),
    Door(
        "reply to a participation",
        ReplyToParticipation,
        _of_participation(ReplyToParticipation, text="So."),
        refuses=True,
    ),
    Door("withdraw a participation", WithdrawParticipation, _of_participation(WithdrawParticipation), refuses=True),
    Door(
        "record the answer of a county",
        RecordParticipationAnswer,
        _of_participation(
            RecordParticipationAnswer, act="reject", reason="later", channel="phone", answered_on=date(2026, 1, 2)
        ),
        refuses=True,
    ),
    Door(
        "go on without a contribution",
        GoOnWithoutContribution,
        _of_participation(GoOnWithoutContribution, reason="Nothing was found."),
    ),
    Door(
        "participation, for a partner",
        GetParticipationForPartner,
        lambda it: GetParticipationForPartner(partner=OWN_COUNTY, participation_id=it.participation_id),
        **THEIRS,
    ),
    Door(
        "answer a participation, for a partner",
        AnswerParticipationForPartner,
        lambda it: AnswerParticipationForPartner(
            partner=OWN_COUNTY, participation_id=it.participation_id, act="reject", reason="later"
        ),
        refuses=True,
        **THEIRS,
    ),
    Door("county's section", GetCountySection, lambda it: GetCountySection(assessment_id=it.assessment_id)),
    Door(
        "write the county's section",
        WriteCountySection,
        lambda it: WriteCountySection(assessment_id=it.assessment_id, contribution=_CONTRIBUTION, channel="letter"),
    ),
    Door(
        "contribute, for a partner",
        ContributeForPartner,
        lambda it: ContributeForPartner(
            partner=OWN_COUNTY, participation_id=it.participation_id, contribution=_CONTRIBUTION
        ),
        **THEIRS,
    ),
)
