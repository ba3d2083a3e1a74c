"""Lives lived through the customer service's own handlers, each act at its moment. For some thousands of people.

The running services do the rest: the relay publishes what the acts left in the outbox, and the readers act on it.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from uuid import UUID

from contracts.customer.people import CloseCustomer, CustomerVersion, OpenCustomer
from deploy.seed import ledger
from deploy.seed.ledger import Begun
from deploy.seed.people import Act, Life
from services.customer.repository import transfers
from services.customer.subscribers import REQUESTS
from services.kit.parts import Parts
from services.kit.rights import rights_of
from services.kit.work import Cause

CHUNK = 500
AT_ONCE = 6
Tell = Callable[[int], None]
"""Told how many people were done, whenever some were."""


@dataclass(frozen=True)
class StandingClock:
    """A clock that stands at the moment of an act."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


async def live(
    customer: Parts, lives: Iterable[Life], begun: Mapping[int, Begun], *, seed: int, tell: Tell = lambda _: None
) -> list[UUID]:
    """Does what is not yet done of each life, and returns the customers' ids.

    The first acts of many people come before the second of any, as they would: so readers hear of each in order.
    """
    ids: list[UUID] = []
    rest = iter(lives)
    async with ledger.opened(customer) as connection:
        while chunk := list(islice(rest, CHUNK)):
            chunk = await ledger.with_free_codes(connection, customer.unit_of_work.encryption, chunk, begun)
            known = {life.number: begun[life.number].customer_id for life in chunk if life.number in begun}
            for index in range(max(len(life.acts) for life in chunk)):
                todo = [
                    life
                    for life in chunk
                    if index < len(life.acts) and (life.number not in begun or begun[life.number].acts_done <= index)
                ]
                await _all_of(customer, todo, index, known, seed)
            ids += known.values()
            tell(len(chunk))
    return ids


async def _all_of(customer: Parts, lives: Iterable[Life], index: int, known: dict[int, UUID], seed: int) -> None:
    """The act of that index in each life."""
    todo = iter(lives)

    async def worker() -> None:
        for life in todo:
            cause = ledger.cause(seed, life.number, index + 1)
            known[life.number] = await _do(customer, life.acts[index], known.get(life.number), cause)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())


async def _do(customer: Parts, act: Act, customer_id: UUID | None, cause: Cause) -> UUID:
    request = act.request
    if not isinstance(request, OpenCustomer):
        request = request.model_copy(update={"customer_id": customer_id})
    unit_of_work = replace(customer.unit_of_work, clock=StandingClock(act.moment))
    async with unit_of_work.begin(actor := ledger.actor(act.municipality), cause) as work:
        if isinstance(request, CloseCustomer):
            open_ones = await transfers.open_matters(work, [request.customer_id], actor.municipality)
            request = request.model_copy(update={"acknowledged": tuple(each.matter_id for each in open_ones)})
        work.rights = rights_of(actor, type(request), work.now)
        done: CustomerVersion = await REQUESTS[type(request)](request, work)
    return done.customer_id
