"""Projections: read models kept from other services' state events, in batches, and rebuilt from the owners' logs.

A projection is pure: nothing but what is in the event, no now(), no effects. Its table has a column `sequence`, and
keeps for each subject the event with the greatest one; so batches, doubles, disorder and replays all end in the same
rows.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from opentelemetry.trace import SpanKind
from sqlalchemy import Executable, Table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Envelope, Event, StateEvent
from services.kit.connection import close_with, keep_connected
from services.kit.errors import is_infrastructure
from services.kit.inbox import erased_among
from services.kit.input_consumer import read_event
from services.kit.parts import Parts
from services.kit.retry import Unreadable
from services.kit.telemetry import describe_error, log

BATCH = 50
_PREFETCH = 4 * BATCH
Read = tuple[AbstractIncomingMessage, Envelope, Event]


@dataclass(frozen=True)
class Projection:
    """A read model: its table (key column first, with `sequence`), and the row that a state event makes."""

    table: Table
    row_of: Callable[[Any], dict[str, Any]]
    """The columns but key and sequence; called with a state event."""

    @property
    def key(self) -> str:
        """The column that holds the subject."""
        return next(iter(self.table.primary_key)).name

    async def keep(self, connection: AsyncConnection, newest: Sequence[tuple[Envelope, Event]], table: Table) -> None:
        """Upserts one state event per subject where its number is greater than the one kept."""
        if not newest:
            return
        rows = [
            {self.key: envelope.subject, "sequence": envelope.subjectsequence, **self.row_of(event)}
            for envelope, event in newest
        ]
        await connection.execute(_upsert(table), rows)


@cache
def _upsert(table: Table) -> Executable:
    row = insert(table)
    return row.on_conflict_do_update(
        index_elements=table.primary_key,
        set_={column.name: row.excluded[column.name] for column in table.c if not column.primary_key},
        where=table.c.sequence < row.excluded.sequence,
    )


class BatchedConsumer:
    """Consumes a projection's queue, up to 50 messages in one transaction (FastStream has no batches for RabbitMQ)."""

    def __init__(self, parts: Parts, queue: str, projection: Projection, table: Table | None = None) -> None:
        self._service = parts.name
        self._queue = queue
        self._projection = projection
        self._table = projection.table if table is None else table
        self._url = parts.settings.rabbitmq_url
        self._engine = parts.engine
        self._backbone = parts.backbone
        self._retry = parts.retry
        self._probe = parts.probe
        self._telemetry = parts.telemetry
        self._arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        self.consuming = False

    async def run(self) -> None:
        """Consumes until cancelled; ends when one of its two halves ends, however that came about."""
        halves = [
            asyncio.create_task(keep_connected(self._url, f"koto-{self._queue}", self._prepare, self._forget_arrived)),
            asyncio.create_task(self._work()),
        ]
        try:
            await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for half in halves:
                half.cancel()
            await asyncio.gather(*halves, return_exceptions=True)
            self.consuming = False

    async def _prepare(self, connection: AbstractConnection) -> None:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=_PREFETCH)
        await close_with(connection, channel)
        await (await channel.get_queue(self._queue, ensure=False)).consume(self._arrived.put)
        self.consuming = True

    def _forget_arrived(self) -> None:
        """What was not acked on a lost connection comes again: forget the copies whose ack would find no channel."""
        self.consuming = False
        while not self._arrived.empty():
            self._arrived.get_nowait()

    async def _work(self) -> None:
        while True:
            batch = [await self._arrived.get()]
            while len(batch) < BATCH and not self._arrived.empty():
                batch.append(self._arrived.get_nowait())
            try:
                await self._settle(batch)
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                log.warning("projection.waits", service=self._service, **describe_error(error))

    async def _settle(self, batch: list[AbstractIncomingMessage]) -> None:
        """Keeps a batch in one transaction, or, when that fails, each alone, parking what fails alone."""
        read: list[Read] = []
        for message in batch:
            try:
                envelope, event = read_event(message)
                if not isinstance(event, StateEvent):
                    raise Unreadable(f"{event.TYPE} is not a state event")
                read.append((message, envelope, event))
            except Unreadable as error:
                await self._park(message, error)
        try:
            await self._probe.patiently(lambda: self._keep(read))
        except Exception as error:
            if is_infrastructure(error) or not read:
                raise
            for each in read:
                await self._settle_alone(each)
            return
        if read:  # all before it on this channel are settled too
            await read[-1][0].ack(multiple=True)

    async def _settle_alone(self, each: Read) -> None:
        try:
            await self._probe.patiently(lambda: self._keep([each]))
        except Exception as error:
            if is_infrastructure(error):
                raise
            await self._park(each[0], error)
        else:
            await each[0].ack()

    async def _keep(self, read: list[Read]) -> None:
        newest: dict[UUID, tuple[Envelope, Event]] = {}
        for _, envelope, event in read:
            known = newest.get(envelope.subject)
            if known is None or known[0].subjectsequence < envelope.subjectsequence:
                newest[envelope.subject] = (envelope, event)
        if not newest:
            return
        with self._telemetry.span(
            f"project {self._table.name}",
            SpanKind.CONSUMER,
            links=[envelope.traceparent for _, envelope, _ in read if envelope.traceparent],
            attributes={"messaging.batch.message_count": len(read)},
        ):
            async with self._engine.begin() as connection:
                people = {person for _, event in newest.values() for person in event.about_customers()}
                erased = await erased_among(connection, self._backbone, people)
                kept = [pair for pair in newest.values() if not pair[1].about_customers() & erased]
                # in one order everywhere: two batches that lock the same rows crosswise would deadlock
                kept.sort(key=lambda pair: pair[0].subject)
                await self._projection.keep(connection, kept, self._table)
        for _, _, event in read:
            self._telemetry.consumed.labels(self._service, event.TYPE, "projected").observe(0)

    async def _park(self, message: AbstractIncomingMessage, error: Exception) -> None:
        await self._retry.fail(message, error, origin="projection")
        log.warning("projection.parked", service=self._service, message_id=message.message_id, **describe_error(error))
