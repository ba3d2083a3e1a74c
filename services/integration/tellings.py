"""Of which matters partners are told, whose they are, and what is asked of their owners when they are told."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts.customer.transfers import GetTransferForPartner, PartnerTransfer, TransferChanged
from contracts.envelope import Request, StateEvent
from contracts.partners import MatterTold
from contracts.partners.transfers import TransferTold

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


TELLINGS: dict[str, Telling] = {
    "transfer": Telling(TransferChanged, lambda event: (event.requester, event.addressee), _transfer, TransferTold),
}
"""By kind of matter."""
