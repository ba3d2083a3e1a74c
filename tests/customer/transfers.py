"""Transfers as tests ask for them."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from contracts.assessment.state import AssessmentChanged
from contracts.customer.people import CustomerVersion
from contracts.customer.transfers import (
    AcceptTransfer,
    AnswerTransferForPartner,
    AskForTransfer,
    GetTransfer,
    OfferTransfer,
    RequestTransferForPartner,
    Transfer,
    TransferConsent,
    TransferVersion,
    WithdrawTransfer,
)
from contracts.handshake import Responsible
from contracts.plan.state import PlanChanged
from services.customer.subscribers import assessment_of, plan_of
from services.customer.tables.transfers import ASSESSMENT_VIEW, PLAN_VIEW
from services.kit.actor import Actor, service_actor
from tests.customer.conftest import CAUSE, CODE, CustomerService, person
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE

CONSENT = TransferConsent(given_on=date(2026, 3, 1), given_by="writing")
SOMEBODY = Responsible(name="Aino Virkanen")
AUTHORITY = "area-837"
"""The employment authority of Tampere's area."""
PARTNERS = Actor("integration", "koto", "service_integration")
"""The service through whose door employment authorities come."""
SAFE = Actor("safe@tampere", "837", "integration_expert", powers=("personal_safety",), purpose="assessment")
PERMIT = {"kind": "continuous", "ground": "international_protection_asylum", "granted_on": "2025-03-02"}


def offering(known: CustomerVersion, receiver: str = "091", **more: Any) -> OfferTransfer:
    """The request to offer this customer: to Helsinki, with consent, unless told otherwise."""
    told = {"reason": "moved", "consent": CONSENT} | more
    return OfferTransfer(customer_id=known.customer_id, receiver=receiver, **told)


def asking(code: str = CODE) -> AskForTransfer:
    """The request to whoever holds the customer with this code."""
    return AskForTransfer(personal_identity_code=code, reason="moved", consent=CONSENT)


def accepting(known: TransferVersion) -> AcceptTransfer:
    return AcceptTransfer(transfer_id=known.transfer_id, expected_version=known.version, responsible=SOMEBODY)


def withdrawing(known: TransferVersion) -> WithdrawTransfer:
    return WithdrawTransfer(transfer_id=known.transfer_id, expected_version=known.version)


def handing_over(municipality: str = "837", reason: str = "jobsearch_ended", **more: Any) -> RequestTransferForPartner:
    """The employment authority's request that a municipality takes a person."""
    told = person(**({"personal_identity_code": CODE} | more))
    return RequestTransferForPartner(partner=AUTHORITY, municipality=municipality, reason=reason, person=told)


def by_partner(known: TransferVersion, act: str, **more: Any) -> AnswerTransferForPartner:
    """What the employment authority does in its transfer."""
    return AnswerTransferForPartner.model_validate(
        {"partner": AUTHORITY, "transfer_id": known.transfer_id, "act": act, **more}
    )


async def seen(customers: CustomerService, transfer_id: UUID, actor: Actor = EXPERT_TAMPERE) -> Transfer:
    """The transfer as somebody sees it."""
    return await customers.ask(GetTransfer(transfer_id=transfer_id), actor)


async def both_see(customers: CustomerService, transfer_id: UUID) -> tuple[str, str]:
    """The state as Tampere sees it, and as Helsinki does."""
    here, there = [await seen(customers, transfer_id, actor) for actor in (EXPERT_TAMPERE, EXPERT_HELSINKI)]
    return here.state, there.state


async def hear_of_plan(customers: CustomerService, known: CustomerVersion, municipality: str = "837") -> UUID:
    """Keeps the state of a plan as the projection does."""
    state = PlanChanged.model_validate(
        {
            "plan_id": uuid4(),
            "customer_id": known.customer_id,
            "municipality": municipality,
            "kind": "individual",
            "status": "in_force",
            "law_version": "2025-01-01",
            "created_at": customers.clock.now(),
        }
    )
    row = {"plan_id": state.plan_id, "sequence": 1, **plan_of(state)}
    async with customers.unit_of_work.begin(service_actor("customer"), CAUSE) as work:
        await work.connection.execute(PLAN_VIEW.insert(), row)
    return state.plan_id


async def hear_of_assessment(
    customers: CustomerService, known: CustomerVersion, status: str = "to_start", municipality: str = "837"
) -> UUID:
    """Keeps the state of an assessment as the projection does."""
    state = AssessmentChanged.model_validate(
        {
            "assessment_id": uuid4(),
            "customer_id": known.customer_id,
            "municipality": municipality,
            "status": status,
            "reasons": ["integration_act_group"],
            "created_at": customers.clock.now(),
            "law_version": "2025-01-01",
        }
    )
    row = {"assessment_id": state.assessment_id, "sequence": 1, **assessment_of(state)}
    async with customers.unit_of_work.begin(service_actor("customer"), CAUSE) as work:
        await work.connection.execute(ASSESSMENT_VIEW.insert(), row)
    return state.assessment_id
