"""Parked messages: what could not be handled waits in a table, with its reason, until a person replays or drops it.

Consumers publish to `<service>.dead`; the broker itself dead-letters there what killed its consumer too often. From the
queue each message moves to the table, so that listing, replay and dropping are SQL.
"""

import re
from datetime import datetime
from typing import Any
from uuid import UUID

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractIncomingMessage
from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from contracts.topology import private_exchange
from services.kit.errors import Conflict, Forbidden, NotFound
from services.kit.parts import Parts
from services.kit.retry import ATTEMPT, ORIGIN, REASON, REPLAYED, attempt_of
from services.kit.tombstones import PARKING_LOCK

_UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_LISTED = ("id", "type", "origin", "reason", "attempts", "parked_at", "drop_proposed_by", "drop_reason")
_REPLAYABLE = {"input", "projection", "usage"}


def _clean(value: Any) -> Any:
    """Text that PostgreSQL can hold: a message with a NUL in its headers must be parked too."""
    return value.replace("\x00", "\N{REPLACEMENT CHARACTER}") if isinstance(value, str) else value


def ids_within(body: bytes) -> list[UUID]:
    """Every UUID in a body: whoever is erased takes along what is parked about them, even if it never parsed."""
    return sorted({UUID(found.decode()) for found in _UUID.findall(body)})


class ParkedMessages:
    """One service's parked messages."""

    def __init__(self, parts: Parts) -> None:
        self._service = parts.name
        self._engine = parts.engine
        self._publisher = parts.publisher
        self._backbone = parts.backbone
        self._table = parts.backbone.parked
        self._clock = parts.clock

    async def park(self, message: AbstractIncomingMessage) -> None:
        """Moves one message of the dead queue into the table; what is about an erased person is dropped instead."""
        headers = {_clean(key): _clean(value) for key, value in message.headers.items() if isinstance(value, str | int)}
        origin = str(headers.pop(ORIGIN, None) or _dead_lettered_from(message) or "unknown")
        ids = [] if origin == "usage" else ids_within(message.body)  # the usage log outlives whom it names
        async with self._engine.begin() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock_shared(PARKING_LOCK)))
            tombstone = self._backbone.tombstone.c.customer_id
            if (await connection.execute(select(tombstone).where(tombstone.in_(ids)).limit(1))).first():
                return
            await connection.execute(
                insert(self._table).values(
                    id=uuid7(),
                    message_id=_clean(message.message_id),
                    type=_clean(message.type),
                    origin=origin,
                    reason=str(headers.pop(REASON, "") or "redelivered too often: its consumer died with it"),
                    attempts=attempt_of(message),
                    headers=headers,
                    body=message.body,
                    customer_ids=ids,
                    parked_at=self._clock.now(),
                )
            )

    async def waiting(self, *, type: str | None = None, reason: str | None = None, limit: int = 100) -> list[Row[Any]]:
        """Messages that wait for a person, oldest first, without their bodies."""
        table = self._table
        query = (
            select(*(table.c[column] for column in _LISTED))
            .where(table.c.replayed_at.is_(None), table.c.dropped_at.is_(None))
            .order_by(table.c.parked_at)
            .limit(limit)
        )
        if type:
            query = query.where(table.c.type == type)
        if reason:
            query = query.where(table.c.reason.contains(reason))
        async with self._engine.connect() as connection:
            return list((await connection.execute(query)).all())

    async def get(self, parked_id: UUID) -> Row[Any]:
        """One message, whole; raises NotFound."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(select(self._table).where(self._table.c.id == parked_id))).first()
        if row is None:
            raise NotFound("no parked message of that id")
        return row

    async def replay(self, parked_id: UUID, by: str) -> None:
        """Sends a message back to the queue it came from, with the same id: acted on before, it does nothing again.

        Published first and marked after: a crash between the two replays it twice, which the inbox makes once.
        """
        row = await self.get(parked_id)
        if row.origin not in _REPLAYABLE:
            raise Conflict(f"a message from {row.origin} has no asker any more: drop it")
        if row.dropped_at:
            raise Conflict("it was dropped")
        headers = {key: value for key, value in row.headers.items() if key != ATTEMPT} | {REPLAYED: 1}
        message = Message(
            row.body,
            headers=headers,
            message_id=row.message_id,
            type=row.type,
            app_id=self._service,
            delivery_mode=DeliveryMode.PERSISTENT,
        )
        await self._publisher.publish(private_exchange(self._service), row.origin, message, mandatory=True)
        await self._mark(parked_id, replayed_at=self._clock.now(), replayed_by=by)

    async def drop(self, parked_id: UUID, by: str, reason: str | None = None) -> bool:
        """Proposes to drop a message, or, for a second person, drops it; returns whether it is dropped now.

        Four eyes: raises Forbidden when the same person does both, and Conflict without a reason or when it no longer
        waits.
        """
        row = await self.get(parked_id)
        if row.replayed_at or row.dropped_at:
            raise Conflict("it no longer waits: it was replayed or dropped")
        if row.drop_proposed_by is None:
            if not reason:
                raise Conflict("a reason is needed to propose dropping")
            await self._mark(parked_id, drop_proposed_by=by, drop_reason=reason)
            return False
        if row.drop_proposed_by == by:
            raise Forbidden("another person must confirm")
        await self._mark(parked_id, dropped_at=self._clock.now(), dropped_by=by)
        return True

    async def _mark(self, parked_id: UUID, **values: str | datetime) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(update(self._table).where(self._table.c.id == parked_id).values(**values))


def _dead_lettered_from(message: AbstractIncomingMessage) -> str | None:
    """The purpose of the queue that the broker took the message from last."""
    deaths = message.headers.get("x-death")
    newest = deaths[0] if isinstance(deaths, list) and deaths else None
    return str(newest.get("queue")).split(".", 1)[-1] if isinstance(newest, dict) else None
