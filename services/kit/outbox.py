"""The relay: publishes what commits left in the outbox, in order, and marks it only after the broker's confirm.

Every replica has one. An advisory lock lets one drain at a time, so that there is no leader to elect and no order to
lose. If the process dies between confirm and mark, the rows are published again, and the readers' inboxes see the same
ids. Rows are selected by `published_at IS NULL`, never by position: rows commit out of order.
"""

import asyncio
import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any

from aio_pika import DeliveryMode, Message
from opentelemetry.trace import SpanKind
from sqlalchemy import ARRAY, BigInteger, Executable, Row, Table, bindparam, delete, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import CLOUDEVENTS_CONTENT_TYPE, Envelope, Event, schema_urn
from contracts.partners import ToPartner
from contracts.registry import find
from contracts.topology import TO_PARTNERS, events_exchange
from services.kit.errors import is_infrastructure
from services.kit.parts import Parts
from services.kit.telemetry import describe_error, log

BATCH = 500
FORGOTTEN_AT_ONCE = 5000
_LOCK_KEY = 0x6B6F746F  # "koto": one relay at a time in one database


class Relay:
    """Drains the outbox when told of a commit, and every `poll_seconds` as a net."""

    def __init__(self, parts: Parts) -> None:
        self._service = parts.name
        self._engine = parts.engine
        self._backbone = parts.backbone
        self._publisher = parts.publisher
        self._clock = parts.clock
        self._telemetry = parts.telemetry
        self._poll_seconds = parts.settings.poll_seconds
        self._committed = parts.committed

    async def run(self) -> None:
        """Publishes until cancelled. A database or broker that is away is waited for."""
        loop = asyncio.get_running_loop()
        measured = 0.0
        while True:
            try:
                async with asyncio.timeout(self._poll_seconds):
                    await self._committed.wait()
            except TimeoutError:
                pass
            self._committed.clear()
            try:
                while await self.drain_batch():
                    pass
            except Exception as error:
                level = log.warning if is_infrastructure(error) else log.error
                level("relay.waits", service=self._service, **describe_error(error))
                await asyncio.sleep(min(self._poll_seconds, 1.0))
            if loop.time() - measured >= self._poll_seconds:
                measured = loop.time()
                await self._measure_if_possible()

    async def drain_batch(self) -> bool:
        """Publishes up to one batch in order; returns whether there may be more that can be published."""
        async with self._engine.begin() as connection:
            await connection.execute(_LOCK)
            rows = await self._pending(connection)
            if not rows:
                return False
            subjects = groupby(sorted(rows, key=_subject_order), key=attrgetter("subject"))
            drained = await asyncio.gather(*(self._publish_subject(list(group)) for _, group in subjects))
            await self._mark(connection, [position for each in drained for position in each.published])
            for refused in (each.refused for each in drained if each.refused):
                table = self._backbone.outbox
                await connection.execute(update(table).where(table.c.position == refused[0]).values(failure=refused[1]))
        for each in drained:
            if each.interrupted_by:
                raise each.interrupted_by
        return len(rows) == BATCH and any(each.published for each in drained)

    async def _pending(self, connection: AsyncConnection) -> Sequence[Row[Any]]:
        return (await connection.execute(_select_pending(self._backbone.outbox))).all()

    async def _publish_subject(self, rows: list[Row[Any]]) -> "_Drained":
        """Publishes one subject's rows one after the other: a row that can't be published stops its subject alone."""
        drained = _Drained()
        for row in rows:
            try:
                with self._telemetry.span(f"publish {row.type}", SpanKind.PRODUCER, parent=row.traceparent):
                    message = event_message(self._service, row)
                    exchange, key = _address(self._service, row)
                    # a partner without a queue would lose it unseen; of events nobody may want to hear
                    mandatory = exchange == TO_PARTNERS
                    await self._publisher.publish(exchange, key, message, mandatory=mandatory)
            except Exception as error:
                if is_infrastructure(error) and not self._publisher.refused(error):
                    drained.interrupted_by = error
                else:
                    log.error("outbox.row_refused", service=self._service, message_id=str(row.id), type=row.type)
                    self._telemetry.outbox_refused.labels(self._service, row.type).inc()
                    drained.refused = (row.position, type(error).__name__)
                return drained
            self._telemetry.published.labels(self._service, row.type).inc()
            drained.published.append(row.position)
        return drained

    async def _mark(self, connection: AsyncConnection, positions: list[int]) -> None:
        marked = {"positions": positions, "now": self._clock.now()}
        await connection.execute(_mark_published(self._backbone.outbox), marked)

    async def _measure_if_possible(self) -> None:
        with contextlib.suppress(Exception):  # a figure, and no more: draining says what is wrong
            await self._measure()

    async def _measure(self) -> None:
        async with self._engine.connect() as connection:
            pending, age = (
                await connection.execute(
                    text(
                        "SELECT count(*), coalesce(extract(epoch FROM now() - min(occurred_at)), 0) "
                        "FROM outbox WHERE published_at IS NULL"
                    )
                )
            ).one()
            parked = (
                await connection.execute(
                    text("SELECT count(*) FROM parked WHERE replayed_at IS NULL AND dropped_at IS NULL")
                )
            ).scalar_one()
        self._telemetry.outbox_pending.labels(self._service).set(pending)
        self._telemetry.outbox_oldest_seconds.labels(self._service).set(float(age))
        self._telemetry.parked.labels(self._service).set(parked)


# Statements of every commit are built once: building one takes SQLAlchemy longer than running it takes PostgreSQL.
_LOCK = select(func.pg_advisory_xact_lock(_LOCK_KEY))


@cache
def _select_pending(outbox: Table) -> Executable:
    pending = outbox.c.published_at.is_(None)
    stopped = select(outbox.c.subject).where(pending, outbox.c.failure.is_not(None))
    free = or_(outbox.c.failure.is_not(None), outbox.c.subject.not_in(stopped))
    return select(outbox).where(pending, free).order_by(outbox.c.position).limit(BATCH)


@cache
def _mark_published(outbox: Table) -> Executable:
    these = func.any(bindparam("positions", type_=ARRAY(BigInteger)))
    return update(outbox).where(outbox.c.position == these).values(published_at=bindparam("now"), failure=None)


@dataclass
class _Drained:
    """What became of one subject's rows: positions published, and what stopped it, if anything did."""

    published: list[int] = field(default_factory=list)
    refused: tuple[int, str] | None = None
    interrupted_by: Exception | None = None


def _subject_order(row: Row[Any]) -> tuple[str, int]:
    return str(row.subject), row.sequence


async def forget_told(parts: Parts, types: Collection[type[Event]], before: datetime, *, after: int) -> int:
    """Deletes published events of these types that are older, looking at some rows after a position.

    Returns the last position looked at: `after` itself when there is nothing older behind it.
    """
    outbox = parts.backbone.outbox
    next_rows = select(outbox).where(outbox.c.position > after).order_by(outbox.c.position).limit(FORGOTTEN_AT_ONCE)
    async with parts.engine.begin() as connection:
        rows = next_rows.subquery()
        older = select(func.max(rows.c.position)).where(rows.c.occurred_at < before)
        last: int | None = await connection.scalar(older)
        if last is None:
            return after
        old = outbox.c.position.between(after, last) & (outbox.c.occurred_at < before)
        forgotten = outbox.c.type.in_([each.TYPE for each in types]) & outbox.c.published_at.is_not(None)
        await connection.execute(delete(outbox).where(old, forgotten))
    return last


def _address(service: str, row: Row[Any]) -> tuple[str, str]:
    """The exchange and the routing key of one row: everybody's who may hear the event, or one partner's."""
    contract = find(row.type)
    if contract and issubclass(contract, ToPartner):
        return TO_PARTNERS, row.data["partner"]
    return events_exchange(service), row.type


def envelope_of(service: str, row: Row[Any]) -> Envelope:
    """The CloudEvents envelope of one row of the event log."""
    return Envelope(
        id=row.id,
        source=f"/koto/{service}",
        type=row.type,
        subject=row.subject,
        time=row.occurred_at,
        dataschema=schema_urn(row.type),
        subjectsequence=row.sequence,
        factid=row.fact_id,
        correlationid=row.correlation_id,
        causationid=row.causation_id,
        actor=row.actor,
        legalbasis=row.legal_basis,
        traceparent=row.traceparent,
        data=row.data,
    )


def event_message(service: str, row: Row[Any]) -> Message:
    """The AMQP message of one row."""
    return message_of(service, envelope_of(service, row))


def message_of(service: str, envelope: Envelope) -> Message:
    """The AMQP message of an event: the properties repeat the envelope for tools that look no further."""
    return Message(
        envelope.model_dump_json(exclude_none=True).encode(),
        content_type=CLOUDEVENTS_CONTENT_TYPE,
        message_id=str(envelope.id),
        type=envelope.type,
        correlation_id=envelope.correlationid,
        timestamp=envelope.time,
        app_id=service,
        delivery_mode=DeliveryMode.PERSISTENT,
        headers={"traceparent": envelope.traceparent} if envelope.traceparent else {},
    )
