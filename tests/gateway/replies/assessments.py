"""Replies of assessments."""

from datetime import UTC, date, datetime
from typing import Any

from pydantic import BaseModel

from contracts.assessment.cases import (
    AssessmentsOfCustomer,
    ConcludeAssessment,
    DropAssessment,
    GetAssessment,
    GetAssessmentsOfCustomer,
    Responsibility,
    StartAssessment,
    WholeAssessment,
)
from contracts.assessment.county_sections import (
    ContributionVersion,
    CountySection,
    GetCountySection,
    WriteCountySection,
)
from contracts.assessment.interviews import AcknowledgeDuties, BeginInterview, PlanInterview, RecordMissedInterview
from contracts.assessment.measures import CancelMeasure, MeasureVersion, OrderMeasure, ReportMeasure
from contracts.assessment.participations import (
    GetParticipation,
    GoOnWithoutContribution,
    ListParticipations,
    Participation,
    ParticipationPreview,
    Participations,
    ParticipationVersion,
    RecordParticipationAnswer,
    ReplyToParticipation,
    RequestParticipation,
    WithdrawParticipation,
)
from contracts.assessment.topics import GetTopicHistory, TopicHistory, TopicVersion, WriteTopic
from contracts.assessment.versions import AssessmentVersion
from contracts.envelope import Request
from tests.gateway.replies.ids import ASSESSMENT_ID, CUSTOMER_ID, GRANT_ID, TRANSFER_ID

_PARTICIPATION = Participation(
    participation_id=TRANSFER_ID,
    version=2,
    state="more_asked",
    municipality="837",
    county="08",
    way="in_writing",
    due_on=date(2026, 3, 16),
    created_at=datetime(2026, 3, 2, tzinfo=UTC),
    changed_at=datetime(2026, 3, 2, tzinfo=UTC),
    assessment_id=ASSESSMENT_ID,
    customer_id=CUSTOMER_ID,
    legal_basis="681/2023 14 § 4 mom., 86 §",
    preview=ParticipationPreview(topics=("health_and_social_needs",)),
    turns=(),
)

REPLIES: dict[type[Request[Any]], BaseModel] = {
    GetAssessmentsOfCustomer: AssessmentsOfCustomer(assessments=()),
    StartAssessment: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=1),
    GetAssessment: WholeAssessment(
        assessment_id=ASSESSMENT_ID,
        version=2,
        customer_id=CUSTOMER_ID,
        municipality="837",
        status="to_start",
        reasons=("integration_act_group",),
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        changed_at=datetime(2026, 3, 2, tzinfo=UTC),
        law_version="2025-01-01",
        responsible=Responsibility(
            authority="municipality", legal_basis="681/2023 3 § 1 mom.", transfer_proposed=False
        ),
        interviews=(),
        topics=(),
        duties=(),
        duties_left=(),
        measures=(),
    ),
    PlanInterview: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=3),
    RecordMissedInterview: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=3),
    BeginInterview: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=3),
    AcknowledgeDuties: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=3),
    WriteTopic: TopicVersion(assessment_id=ASSESSMENT_ID, topic="literacy", version=1),
    GetTopicHistory: TopicHistory(writings=()),
    OrderMeasure: MeasureVersion(measure_id=GRANT_ID),
    ReportMeasure: MeasureVersion(measure_id=GRANT_ID),
    CancelMeasure: MeasureVersion(measure_id=GRANT_ID),
    RequestParticipation: ParticipationVersion(participation_id=TRANSFER_ID, version=1),
    GetParticipation: _PARTICIPATION,
    ListParticipations: Participations(participations=(_PARTICIPATION,), next_cursor=None),
    ReplyToParticipation: ParticipationVersion(participation_id=TRANSFER_ID, version=3),
    WithdrawParticipation: ParticipationVersion(participation_id=TRANSFER_ID, version=3),
    RecordParticipationAnswer: ParticipationVersion(participation_id=TRANSFER_ID, version=3),
    GoOnWithoutContribution: ParticipationVersion(participation_id=TRANSFER_ID, version=3),
    GetCountySection: CountySection(assessment_id=ASSESSMENT_ID, writings=()),
    WriteCountySection: ContributionVersion(assessment_id=ASSESSMENT_ID, writings=1),
    ConcludeAssessment: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=3),
    DropAssessment: AssessmentVersion(assessment_id=ASSESSMENT_ID, version=3),
}
