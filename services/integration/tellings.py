"""Of which matters partners are told, whose they are, and what is asked of their owners when they are told."""

from collections.abc import Awaitable, Callable, Collection
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
from contracts.partners import MatterTold
from contracts.partners.measures import MeasureOrdered
from contracts.partners.participations import ParticipationTold
from contracts.partners.transfers import TransferTold
from services.kit.errors import ProblemReply

Ask = Callable[[Request[Any]], Awaitable[Any]]
"""Asks an owner; a look that is in the usage log under the partner's own code."""


@dataclass(frozen=True)
class Telling:
    """How partners are told of one kind of matter."""

    event: type[StateEvent]
    """What notes that something is new; its subject is the matter."""
    parties: Callable[[Any], Collection[str]]
    """Of the event: the organisations whose matter it is."""
    look: Callable[[Ask, str, UUID], Awaitable[dict[str, Any]]]
    """What a partner, by its organisation, may see of the matter at this moment: the content of the message."""
    message: type[MatterTold]


async def _transfer(ask: Ask, organisation: str, transfer_id: UUID) -> dict[str, Any]:
    found: PartnerTransfer = await ask(GetTransferForPartner(partner=organisation, transfer_id=transfer_id))
    return found.transfer.model_dump() | {"person": found.person}


async def _participation(ask: Ask, organisation: str, participation_id: UUID) -> dict[str, Any]:
    asked = GetParticipationForPartner(partner=organisation, participation_id=participation_id)
    found: PartnerParticipation = await ask(asked)
    return found.model_dump() | {"person": await _person(ask, organisation, found)}


async def _measure(ask: Ask, organisation: str, measure_id: UUID) -> dict[str, Any]:
    found: PartnerMeasure = await ask(GetMeasureForPartner(partner=organisation, measure_id=measure_id))
    person = await _person(ask, organisation, found)
    # to who is no authority such a customer is told of by hand, by those who may (661/2009 37 §)
    return found.model_dump() | {"person": None if person and person.safety_non_disclosure else person}


async def _person(ask: Ask, organisation: str, found: PartnerParticipation | PartnerMeasure) -> PersonForPartner | None:
    """Whom a matter is about, where the partner may know it; None when he or she is not the customer any more."""
    if found.customer_id is None:
        return None
    asked = GetPersonForPartner(partner=organisation, municipality=found.municipality, customer_id=found.customer_id)
    try:
        person: PersonForPartner = await ask(asked)
    except ProblemReply as failure:
        if failure.problem().status == 404:
            return None
        raise
    return person


TELLINGS: dict[str, Telling] = {
    "transfer": Telling(TransferChanged, lambda event: (event.requester, event.addressee), _transfer, TransferTold),
    "participation": Telling(ParticipationChanged, lambda event: (event.county,), _participation, ParticipationTold),
    "measure": Telling(MeasureChanged, lambda event: (event.organisation,), _measure, MeasureOrdered),
}
"""By kind of matter."""
