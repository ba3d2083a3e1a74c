"""Replaying a service's event log, and rebuilding a projection from it beside the live one.

1. A queue of the rebuild's own is bound to the live events.
2. The owners' logs are replayed into it up to their present end.
3. A batched consumer fills a shadow table; the sequence guard joins replayed and live events.
4. When all that was replayed is in the shadow, and it has at least what the live table has, it takes the live table's
   name, under a lock that keeps the live consumer waiting.

The live queue keeps its consumer all along, so nothing is missed. A rebuild that dies leaves only a queue and a shadow
table, which the next one replaces.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from aio_pika import Message
from sqlalchemy import Row, Table, delete, func, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from contracts import topology
from contracts.topology import Queue
from services.kit import border, topology_apply
from services.kit.batches import BatchedConsumer, Told
from services.kit.erasure import about
from services.kit.migrate import grant
from services.kit.outbox import event_message
from services.kit.parts import Parts
from services.kit.projection import Projection
from services.kit.service import Service

_PAGE = 500
ROUNDS = 100
PATIENCE_CHECKS = 300
"""How often in a row the shadow may be found no nearer before a rebuild gives up: half a minute."""


class RebuildStuck(Exception):
    """A rebuild came to no end; the live projection is as it was."""


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did."""

    replayed: int
    rows: int


async def replay_log(owner: Service, to_queue: str, types: Iterable[str]) -> list[tuple[UUID, int]]:
    """Publishes an owner's log of these types to one queue, oldest first, up to its present end; returns what it held:
    the subject and the number of each event.
    """
    replayed = []
    async for page in _log(owner, list(types)):
        for row in page:
            message: Message = event_message(owner.name, row)
            await owner.parts.publisher.publish(topology.replay_exchange(owner.name), to_queue, message, mandatory=True)
        replayed += [(row.subject, row.sequence) for row in page]
    return replayed


async def rebuild(
    reader: Service, projection: Projection, owners: Iterable[Service], management_url: str, vhost: str
) -> Rebuilt:
    """Rebuilds one of a service's projections from the logs of those who own its events, while it is in use."""
    live = projection.table
    shadow = live.to_metadata(reader.parts.backbone.metadata.__class__(), name=f"{live.name}_rebuilt")
    queue = _queue_of(reader.name, projection)
    await topology_apply.declare(management_url, vhost, queue)
    owning = create_async_engine(reader.parts.settings.database_owner_url.get_secret_value(), hide_parameters=True)
    async with owning.begin() as connection:
        await connection.execute(text(f'DROP TABLE IF EXISTS "{shadow.name}"'))
        await connection.execute(text(f'CREATE TABLE "{shadow.name}" (LIKE "{live.name}" INCLUDING ALL)'))
        await connection.run_sync(_protect, live, shadow, reader.parts.engine.url.username or "")
    try:
        types = [each.TYPE for each in projection.of]
        owning_it = {each.owner() for each in projection.of}
        logs = [await replay_log(owner, queue.name, types) for owner in owners if owner.name in owning_it]
        replayed = [each for log in logs for each in log]
        rows = await _fill_and_switch(reader, owning, projection, shadow, queue.name, replayed)
    finally:
        await owning.dispose()
        await topology_apply.remove(management_url, vhost, queue)
    return Rebuilt(len(replayed), rows)


def _queue_of(service: str, projection: Projection) -> Queue:
    """`<service>.projection@2`: bound to the live events, and to the replays addressed to it."""
    name = topology.queue(service, "projection@2")
    live = [(topology.events_exchange(each.owner()), each.TYPE) for each in projection.of]
    replays = {(topology.replay_exchange(each.owner()), name) for each in projection.of}
    return Queue(name, (*live, *sorted(replays)), {"delivery-limit": topology.DELIVERY_LIMIT})


async def _log(owner: Service, types: list[str]) -> AsyncIterator[list[Row[Any]]]:
    table = owner.parts.backbone.outbox
    async with owner.parts.engine.connect() as connection:
        end = (await connection.execute(select(func.max(table.c.position)))).scalar_one() or 0
    position = 0
    while True:
        query = (
            select(table)
            .where(table.c.position > position, table.c.position <= end, table.c.type.in_(types))
            .order_by(table.c.position)
            .limit(_PAGE)
        )
        async with owner.parts.engine.connect() as connection:
            page = list((await connection.execute(query)).all())
        if not page:
            return
        yield page
        position = page[-1].position


def _protect(connection: Connection, live: Table, shadow: Table, role: str) -> None:
    """Gives the shadow what no copy brings along: the rights of the service, and the border."""
    grant(connection, [shadow], role)
    if "border" in live.info:
        for statement in border.draw(shadow.name, live.info["border"]):
            connection.execute(text(statement))


async def _fill_and_switch(
    reader: Service,
    owning: AsyncEngine,
    projection: Projection,
    shadow: Table,
    queue: str,
    replayed: Iterable[tuple[UUID, int]],
) -> int:
    """Consumes into the shadow until it lacks nothing that was replayed or that the live table has, then swaps; returns
    the rows there are.

    The consumer is stopped before the swap, so that no batch of its writes to a table that is being renamed.
    Raises RebuildStuck when rows of the live table can't be had from the log.
    """
    live, into_shadow = projection.table, replace(projection, table=shadow)
    awaited: dict[UUID, int] = {}  # the newest of each subject; the live table may have been emptied
    for subject, sequence in replayed:
        awaited[subject] = max(sequence, awaited.get(subject, 0))

    async def keep(parts: Parts, told: Sequence[Told]) -> None:
        await into_shadow.keep(parts, told)
        for envelope, _ in told:
            if awaited.get(envelope.subject, sys.maxsize) <= envelope.subjectsequence:
                del awaited[envelope.subject]

    for _ in range(ROUNDS):
        consumer = BatchedConsumer(reader.parts, "projection", keep, queue=queue)
        consuming = asyncio.create_task(consumer.run())
        try:
            await _caught_up(owning, live, shadow, awaited)
        finally:
            consuming.cancel()
            await asyncio.gather(consuming, return_exceptions=True)
        async with owning.begin() as connection:
            await connection.execute(text(f'LOCK TABLE "{live.name}" IN ACCESS EXCLUSIVE MODE'))
            # erased meanwhile: kit erases from the tables it knows, and the shadow is none of them
            erased = select(reader.parts.backbone.tombstone.c.customer_id)
            await connection.execute(delete(shadow).where(about(shadow, erased)))
            if not await _lacking(connection, live, shadow):
                rows: int = (await connection.execute(select(func.count()).select_from(shadow))).scalar_one()
                await connection.execute(text(f'DROP TABLE "{live.name}"'))
                await connection.execute(text(f'ALTER TABLE "{shadow.name}" RENAME TO "{live.name}"'))
                await _rename_indexes(connection, live, shadow)
                return rows
    raise RebuildStuck(f"{live.name} changes faster than it is rebuilt")


async def _caught_up(owning: AsyncEngine, live: Table, shadow: Table, awaited: Collection[UUID]) -> None:
    """Returns when no subject is awaited and the shadow has what the live table has; raises RebuildStuck when it stops
    coming nearer.
    """
    lacking, since = -1, 0
    while since < PATIENCE_CHECKS:
        async with owning.connect() as connection:
            behind = await _lacking(connection, live, shadow) + len(awaited)
        if not behind:
            return
        lacking, since = (behind, 0) if behind != lacking else (behind, since + 1)
        await asyncio.sleep(0.1)
    raise RebuildStuck(f"{lacking} rows of {live.name} can't be had from the log")


async def _lacking(connection: AsyncConnection, live: Table, shadow: Table) -> int:
    """How many rows of the live table the shadow has not, or has older."""
    key = next(iter(live.primary_key)).name
    newer = select(shadow.c[key]).where(shadow.c[key] == live.c[key], shadow.c.sequence >= live.c.sequence)
    count = select(func.count()).select_from(live).where(~newer.exists())
    return int((await connection.execute(count)).scalar_one())


async def _rename_indexes(connection: AsyncConnection, live: Table, shadow: Table) -> None:
    """Gives the copied indexes and constraints the names that the migrations know."""
    found = await connection.execute(
        text("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = :table"),
        {"table": live.name},
    )
    for name in found.scalars():
        if shadow.name in name:
            renamed = name.replace(shadow.name, live.name)
            await connection.execute(text(f'ALTER INDEX "{name}" RENAME TO "{renamed}"'))
