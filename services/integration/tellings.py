"""Of which matters partners are told, whose they are, and what is asked of their owners when they are told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.assessment.measures_for_partners import GetMeasureForPartner, MeasureChanged, PartnerMeasure
from contracts.assessment.participations import (
    GetParticipationForPartner,
    ParticipationChanged,
    PartnerParticipation,
)
from contracts.customer.disclosures import GetPersonForPartner, PersonForPartner
from contracts.customer.transfers import GetTransferForPartner, PartnerTransfer, TransferChanged
from contracts.envelope import Request, StateEvent
from contracts.partners import FromPartner, MatterTold, Partner
from contracts.partners.measures import MeasureOrdered, MeasureReported
from contracts.partners.participations import CountyContribution, ParticipationAnswer, ParticipationTold
from contracts.partners.referrals import CompletionReported, ReferralAnswered, ReferralTold
from contracts.partners.transfers import TransferAnswer, TransferRequest, TransferTold
from contracts.plan.referrals import GetReferralForProvider, ReferralChanged, ReferralForProvider
from services.kit.errors import ProblemReply

_BASIS_OF_REFERRALS = "681/2023 94 §"
Ask = Callable[[Request[Any]], Awaitable[Any]]
"""Asks an owner; a look that is in the usage log under the partner's own code."""


@dataclass(frozen=True)
class Telling:
    """How partners are told of one kind of matter."""

    event: type[StateEvent]
    """What notes that something is new; its subject is the matter."""
    concerns: Callable[[Any, Partner], bool]
    """Of the event: whether it is about a matter of the partner's."""
    look: Callable[[Ask, Partner, UUID], Awaitable[dict[str, Any]]]
    """What a partner may see of the matter at this moment: the content of the message."""
    message: type[MatterTold]
    answered_by: tuple[type[FromPartner], ...]
    """One of which a partner may write that is told: what is typed may name the wrong one."""

    def is_told_to(self, partner: Partner) -> bool:
        """Whether such matters are the partner's business, whichever they are."""
        return partner.organisation is not None and any(each.TYPE in partner.sends for each in self.answered_by)


async def _transfer(ask: Ask, partner: Partner, transfer_id: UUID) -> dict[str, Any]:
    found: PartnerTransfer = await ask(GetTransferForPartner(partner=_organisation(partner), transfer_id=transfer_id))
    return found.transfer.model_dump() | {"person": found.person}


async def _participation(ask: Ask, partner: Partner, participation_id: UUID) -> dict[str, Any]:
    asked = GetParticipationForPartner(partner=_organisation(partner), participation_id=participation_id)
    found: PartnerParticipation = await ask(asked)
    return found.model_dump() | {"person": await _person(ask, partner, found)}


async def _measure(ask: Ask, partner: Partner, measure_id: UUID) -> dict[str, Any]:
    found: PartnerMeasure = await ask(GetMeasureForPartner(partner=_organisation(partner), measure_id=measure_id))
    return found.model_dump() | {"person": await _person_for_provider(ask, partner, found)}


async def _referral(ask: Ask, partner: Partner, referral_id: UUID) -> dict[str, Any]:
    found: ReferralForProvider = await ask(GetReferralForProvider(partner=partner.code, referral_id=referral_id))
    person = await _person_for_provider(ask, partner, found)
    return found.model_dump() | {"person": person, "legal_basis": _BASIS_OF_REFERRALS}


def _organisation(partner: Partner) -> str:
    assert partner.organisation  # its matters are found by that
    return partner.organisation


async def _person_for_provider(
    ask: Ask, partner: Partner, found: PartnerMeasure | ReferralForProvider
) -> PersonForPartner | None:
    """The same for who is no authority: a customer under non-disclosure is told of by hand (661/2009 37 §)."""
    person = await _person(ask, partner, found)
    return None if person and person.safety_non_disclosure else person


async def _person(
    ask: Ask, partner: Partner, found: PartnerParticipation | PartnerMeasure | ReferralForProvider
) -> PersonForPartner | None:
    """Whom a matter is about, where the partner may know it; None when he or she is not the customer any more."""
    if found.customer_id is None:
        return None
    asked = GetPersonForPartner(
        partner=_organisation(partner), municipality=found.municipality, customer_id=found.customer_id
    )
    try:
        person: PersonForPartner = await ask(asked)
    except ProblemReply as failure:
        if failure.problem().status == 404:
            return None
        raise
    return person


TELLINGS: dict[str, Telling] = {
    "transfer": Telling(
        TransferChanged,
        lambda event, partner: partner.organisation in (event.requester, event.addressee),
        _transfer,
        TransferTold,
        (TransferRequest, TransferAnswer),
    ),
    "participation": Telling(
        ParticipationChanged,
        lambda event, partner: partner.organisation == event.county,
        _participation,
        ParticipationTold,
        (ParticipationAnswer, CountyContribution),
    ),
    "measure": Telling(
        MeasureChanged,
        lambda event, partner: partner.organisation == event.organisation,
        _measure,
        MeasureOrdered,
        (MeasureReported,),
    ),
    "referral": Telling(
        ReferralChanged,
        lambda event, partner: partner.code == event.partner,
        _referral,
        ReferralTold,
        (ReferralAnswered, CompletionReported),
    ),
}
"""By kind of matter."""
