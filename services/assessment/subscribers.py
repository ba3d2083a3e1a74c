"""The doors of the assessment service: which message goes to which handler."""

from collections.abc import Mapping
from typing import Any

from contracts.assessment.cases import (
    ConcludeAssessment,
    DropAssessment,
    GetAssessment,
    GetAssessmentsOfCustomer,
    StartAssessment,
)
from contracts.assessment.county_sections import ContributeForPartner, GetCountySection, WriteCountySection
from contracts.assessment.documents import GetAssessmentForDocument
from contracts.assessment.interviews import AcknowledgeDuties, BeginInterview, PlanInterview, RecordMissedInterview
from contracts.assessment.measures import CancelMeasure, OrderMeasure, ReportMeasure
from contracts.assessment.measures_for_partners import GetMeasureForPartner, ReportMeasureForPartner
from contracts.assessment.participations import (
    AnswerParticipationForPartner,
    GetParticipation,
    GetParticipationForPartner,
    GoOnWithoutContribution,
    ListParticipations,
    RecordParticipationAnswer,
    ReplyToParticipation,
    RequestParticipation,
    WithdrawParticipation,
)
from contracts.assessment.state import GetCustomerAssessments
from contracts.assessment.topics import GetTopicHistory, WriteTopic
from contracts.customer.state import CustomerCircumstances
from contracts.envelope import Event, Request
from contracts.topology import CUSTOMER_STATES
from services.assessment.handlers.cases import (
    conclude_assessment,
    drop_assessment,
    get_assessment,
    get_assessments_of_customer,
    get_customer_assessments,
    start_assessment,
)
from services.assessment.handlers.county_sections import (
    contribute_for_partner,
    get_county_section,
    write_county_section,
)
from services.assessment.handlers.documents import get_assessment_for_document
from services.assessment.handlers.grounds import consider, consider_circumstances
from services.assessment.handlers.interviews import (
    acknowledge_duties,
    begin_interview,
    plan_interview,
    record_missed_interview,
)
from services.assessment.handlers.measures import cancel_measure, order_measure, report_measure
from services.assessment.handlers.measures_for_partners import get_measure_for_partner, report_measure_for_partner
from services.assessment.handlers.participations import (
    answer_participation_for_partner,
    end_participations,
    get_participation,
    get_participation_for_partner,
    go_on_without_contribution,
    list_participations,
    record_participation_answer,
    reply_to_participation,
    request_participation,
    withdraw_participation,
)
from services.assessment.handlers.topics import get_topic_history, write_topic
from services.assessment.tables import customer_view
from services.kit.customer_view import kept_in
from services.kit.service import Background
from services.kit.work import Handler

REQUESTS: Mapping[type[Request[Any]], Handler] = {
    GetCustomerAssessments: get_customer_assessments,
    GetAssessmentsOfCustomer: get_assessments_of_customer,
    GetAssessment: get_assessment,
    GetAssessmentForDocument: get_assessment_for_document,
    StartAssessment: start_assessment,
    PlanInterview: plan_interview,
    RecordMissedInterview: record_missed_interview,
    BeginInterview: begin_interview,
    AcknowledgeDuties: acknowledge_duties,
    WriteTopic: write_topic,
    GetTopicHistory: get_topic_history,
    OrderMeasure: order_measure,
    ReportMeasure: report_measure,
    CancelMeasure: cancel_measure,
    GetMeasureForPartner: get_measure_for_partner,
    ReportMeasureForPartner: report_measure_for_partner,
    RequestParticipation: request_participation,
    GetParticipation: get_participation,
    ListParticipations: list_participations,
    ReplyToParticipation: reply_to_participation,
    WithdrawParticipation: withdraw_participation,
    RecordParticipationAnswer: record_participation_answer,
    GoOnWithoutContribution: go_on_without_contribution,
    AnswerParticipationForPartner: answer_participation_for_partner,
    GetParticipationForPartner: get_participation_for_partner,
    GetCountySection: get_county_section,
    WriteCountySection: write_county_section,
    ContributeForPartner: contribute_for_partner,
    ConcludeAssessment: conclude_assessment,
    DropAssessment: drop_assessment,
}
INPUT: Mapping[type[Event], Handler] = {
    **dict.fromkeys(CUSTOMER_STATES, consider),
    CustomerCircumstances: consider_circumstances,
}

BACKGROUND: tuple[Background, ...] = (end_participations,)
PROJECTIONS = (kept_in(customer_view),)
