"""Works operations off: some rows in a transaction, each settled once, whoever dies and however many replicas work."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row

from contracts.customer.people import ClientRelationship
from contracts.customer.state import CustomerChanged
from services.customer.repository import history, lists, people
from services.customer.repository import operations as repository
from services.customer.repository.operations import Settled
from services.customer.rules import operations as rules
from services.customer.rules import people as people_rules
from services.kit.actor import Actor, service_actor
from services.kit.errors import is_infrastructure
from services.kit.parts import Parts
from services.kit.telemetry import describe_error, log
from services.kit.work import Cause, UnitOfWork, Work

CHUNK = 250
"""Rows in a transaction."""
_SECONDS = 0.5
"""How often it is looked whether there is something to do."""
Worker = Callable[[Work, Row[Any], Sequence[Row[Any]]], Awaitable[list[Settled]]]
"""Does some rows of an operation, all or none of them, and says what came of each."""


async def assign_rows(work: Work, operation: Row[Any], rows: Sequence[Row[Any]]) -> list[Settled]:
    """Makes the user responsible for these customers, with a line in the history of each."""
    responsible = UUID(told) if (told := operation.asked["responsible"]) else None
    known = await lists.lock_relationships(work, operation.municipality, [row.customer_id for row in rows])
    # a record and its alias, both asked for, are one relationship
    theirs = {each.customer_id: each for each in known.values()}
    changing = [each for each in theirs.values() if each.responsible != responsible]
    if changing:
        await lists.assign(work, operation.municipality, [each.customer_id for each in changing], responsible)
        changed = []
        for each in changing:
            before = ClientRelationship.model_validate(each._mapping)
            after = before.model_copy(update={"responsible": responsible})
            difference = people_rules.difference_of_relationship(before, after)
            changed.append((each.customer_id, each.version + 1, [difference]))
        await history.add_history_of_many(work, changed, source="municipality", why=operation.asked["why"])
        await _tell(work, [each.customer_id for each in changing])
    settled = []
    for row in rows:
        if row.customer_id not in known:  # the relationship ended meanwhile
            settled.append(Settled(row.id, "rejected", errors=(rules.not_found(row.row),)))
        else:
            relationship = known[row.customer_id]
            outcome = "unchanged" if relationship.responsible == responsible else "assigned"
            settled.append(Settled(row.id, "done", outcome, customer_id=relationship.customer_id))
    return settled


async def _tell(work: Work, customer_ids: Sequence[UUID]) -> None:
    """Tells the others the state of these customers and of their aliases, as an act on one of them does."""
    await work.beyond_the_border("a change tells the whole state, with every municipality's relationship")
    for customer_id in customer_ids:
        customer = await people.get_anybody(work, customer_id)
        await work.publish(CustomerChanged(**dict(people_rules.public_state(customer))))
        for alias in customer.merged:
            state = people_rules.public_state(await people.get_record(work, alias), customer_id)
            await work.publish(CustomerChanged(**dict(state)))


def work_off(workers: dict[tuple[str, str], Worker]) -> Callable[[Parts], Any]:
    """The background task that works operations off: `workers` by kind and state of the operation."""

    async def operations(parts: Parts) -> None:
        while True:
            worked = False
            try:
                worked = await work_once(parts.unit_of_work, workers)
            except Exception as error:
                log.warning("operations.wait", service=parts.name, **describe_error(error))
            if not worked:
                await asyncio.sleep(_SECONDS)

    return operations


async def work_once(unit_of_work: UnitOfWork, workers: dict[tuple[str, str], Worker]) -> bool:
    """Does a chunk of every operation that is not over, so that a long one holds no short one up; whether any did."""
    async with unit_of_work.begin(service_actor("customer"), _cause()) as work:
        unfinished = await repository.unfinished(work)
    return any([await _work_chunk(unit_of_work, each, workers[each.kind, each.state]) for each in unfinished])


async def _work_chunk(unit_of_work: UnitOfWork, operation: Row[Any], worker: Worker) -> bool:
    by = Actor(operation.started_by, operation.municipality, "")
    async with unit_of_work.begin(by, _cause()) as work:
        rows = await repository.claim(work, operation, CHUNK)
        if not rows:
            await repository.end_if_over(work, operation)
            return False
        await repository.settle(work, operation, await _settled(work, operation, rows, worker))
    return True


async def _settled(work: Work, operation: Row[Any], rows: Sequence[Row[Any]], worker: Worker) -> list[Settled]:
    """What came of the rows; one that can't be done for a defect of ours is rejected and stops no other."""
    try:
        async with work.connection.begin_nested():
            return await worker(work, operation, rows)
    except Exception as error:
        if is_infrastructure(error):
            raise
        if len(rows) > 1:
            return [each for row in rows for each in await _settled(work, operation, [row], worker)]
        log.error("operation.defect", operation_id=str(operation.operation_id), **describe_error(error))
        state = "rejected" if operation.state == "running" else "stayed"
        return [Settled(rows[0].id, state, errors=(rules.defect(),), made_id=rows[0].made_id)]


def _cause() -> Cause:
    cause = str(uuid4())
    return Cause(cause, cause)
