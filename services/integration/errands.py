"""Which request each message of a partner becomes. Who the partner is, the broker knows, whatever the message says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.assessment.county_sections import ContributeForPartner, Contribution
from contracts.assessment.measures import MeasureReport
from contracts.assessment.measures_for_partners import ReportMeasureForPartner
from contracts.assessment.participations import AnswerParticipationForPartner
from contracts.customer.contacts import NeedReport, ReceiveContact
from contracts.customer.outreach import OutreachReceived, ReceiveOutreachTargets
from contracts.customer.transfers import AnswerTransferForPartner, RequestTransferForPartner, TransferVersion
from contracts.envelope import Request
from contracts.partners import FromPartner, Partner
from contracts.partners.measures import MeasureReported
from contracts.partners.messages import ReceiptError, ServiceNeedContact
from contracts.partners.outreach import OutreachList
from contracts.partners.participations import CountyContribution, ParticipationAnswer
from contracts.partners.referrals import CompletionReported, ReferralAnswered
from contracts.partners.transfers import TransferAnswer, TransferRequest
from contracts.plan.referrals import (
    AnswerReferralForPartner,
    Completion,
    RecordCompletionForPartner,
    ReferralAnswer,
)
from contracts.types import Value
from services.integration import rules


class Told(Value):
    """What a receipt tells beside that the message was received. It is kept, for a receipt may be asked for again."""

    errors: tuple[ReceiptError, ...] = ()
    transfer_id: UUID | None = None


def _nothing(_: Any) -> Told:
    return Told()


def _message_id(_: Any, message_id: str) -> str:
    return message_id


@dataclass(frozen=True)
class Errand:
    """What is asked of which service when a message comes."""

    request: Callable[[Any, Partner, str], Request[Any]]
    """Of the message, its sender and its id."""
    data_is_at: str = ""
    """Where in the request the message's data stands, as a JSON Pointer."""
    concerns: str = ""
    """What in the message's data a refusal is about that names no field."""
    key: Callable[[Any, str], str] = _message_id
    """Of the message and its id: what its owner knows a copy by."""
    told: Callable[[Any], Told] = _nothing
    """Of the owner's reply."""


def contact_of(message: ServiceNeedContact, partner: Partner, message_id: str) -> ReceiveContact:
    """The contact that a message makes."""
    return ReceiveContact(
        municipality=message.municipality,
        authority=partner.code,
        authority_name=partner.name,
        channel="message",
        reference=message_id,
        report=NeedReport.model_validate(message.model_dump(include=set(NeedReport.model_fields))),
    )


def transfer_of(message: TransferRequest, partner: Partner, _: str) -> RequestTransferForPartner:
    """The transfer that a message asks for."""
    return RequestTransferForPartner.model_validate(_by(message, partner=partner.organisation))


def answer_of(message: TransferAnswer, partner: Partner, _: str) -> AnswerTransferForPartner:
    """What a message does in a transfer; its owner finds the partner's own alone."""
    return AnswerTransferForPartner.model_validate(_by(message, partner=partner.organisation))


def participation_answer_of(message: ParticipationAnswer, partner: Partner, _: str) -> AnswerParticipationForPartner:
    """What a message does in a participation; its owner finds the partner's own alone."""
    return AnswerParticipationForPartner.model_validate(_by(message, partner=partner.organisation))


def contribution_of(message: CountyContribution, partner: Partner, _: str) -> ContributeForPartner:
    """What a message contributes to an assessment that the partner takes part in."""
    return ContributeForPartner.model_validate(
        {
            "partner": partner.organisation,
            "participation_id": message.participation_id,
            "contribution": message.model_dump(include=set(Contribution.model_fields), exclude_unset=True),
        }
    )


def measure_report_of(message: MeasureReported, partner: Partner, _: str) -> ReportMeasureForPartner:
    """What a message reports of a measure; its owner finds those ordered from the partner alone."""
    return ReportMeasureForPartner.model_validate(
        {
            "partner": partner.organisation,
            "measure_id": message.measure_id,
            "report": message.model_dump(include=set(MeasureReport.model_fields), exclude_unset=True),
        }
    )


def referral_answer_of(message: ReferralAnswered, partner: Partner, _: str) -> AnswerReferralForPartner:
    """What a message answers to a referral; its owner finds the partner's own alone."""
    answer = message.model_dump(include=set(ReferralAnswer.model_fields), exclude_unset=True)
    return AnswerReferralForPartner.model_validate(
        {"partner": partner.code, "referral_id": message.referral_id, "answer": answer}
    )


def completion_of(message: CompletionReported, partner: Partner, _: str) -> RecordCompletionForPartner:
    """What a message reports of a referral; its owner finds the partner's own alone."""
    return RecordCompletionForPartner.model_validate(
        {
            "partner": partner.code,
            "referral_id": message.referral_id,
            "completion": message.model_dump(include=set(Completion.model_fields), exclude_unset=True),
            "is_over": message.is_over,
        }
    )


def list_of(message: OutreachList, partner: Partner, _: str) -> ReceiveOutreachTargets:
    """The list that a message brings a page of."""
    return ReceiveOutreachTargets.model_validate(_by(message, source=partner.source, authority=partner.code))


def _by(message: FromPartner, **known: str | None) -> dict[str, Any]:
    return message.model_dump(exclude_unset=True) | known


def _page(message: OutreachList, _: str) -> str:
    return f"{message.batch}:{message.page}"


def _transfer(reply: TransferVersion) -> Told:
    return Told(transfer_id=reply.transfer_id)


def _rejected_rows(reply: OutreachReceived) -> Told:
    each_row = ((f"/data/rows/{each.row - 1}", each.errors) for each in reply.rejected_rows)
    return Told(errors=tuple(error for at, errors in each_row for error in rules.errors_within(errors, at)))


ERRANDS: dict[type[FromPartner], Errand] = {
    ServiceNeedContact: Errand(contact_of, data_is_at="/report"),
    TransferRequest: Errand(transfer_of, concerns="/person", told=_transfer),
    TransferAnswer: Errand(answer_of, concerns="/transfer_id", told=_transfer),
    ParticipationAnswer: Errand(participation_answer_of, concerns="/participation_id"),
    CountyContribution: Errand(contribution_of, data_is_at="/contribution", concerns="/participation_id"),
    MeasureReported: Errand(measure_report_of, data_is_at="/report", concerns="/measure_id"),
    ReferralAnswered: Errand(referral_answer_of, data_is_at="/answer", concerns="/referral_id"),
    CompletionReported: Errand(completion_of, data_is_at="/completion", concerns="/referral_id"),
    OutreachList: Errand(list_of, concerns="/batch", key=_page, told=_rejected_rows),
}
