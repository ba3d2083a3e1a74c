"""The unit of work: one transaction in which state, inbox, outbox and idempotency key commit together."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Executable, Table, and_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from uuid_utils.compat import uuid7

from contracts.envelope import Event
from services.kit.actor import Actor
from services.kit.clock import Clock
from services.kit.errors import KeyReused
from services.kit.field_encryption import FieldEncryption
from services.kit.settings import ServiceSettings
from services.kit.tables import Backbone
from services.kit.telemetry import current_traceparent

OutcomeT = TypeVar("OutcomeT", bound=BaseModel)


@dataclass(frozen=True)
class Cause:
    """What set the work off: the message acted on, and the chain that it belongs to."""

    message_id: str
    correlation_id: str
    legal_basis: str | None = None


@dataclass(frozen=True)
class Repetition:
    """The idempotency key of a changing request, and a keyed hash of its body, which may hold an identity code."""

    request_type: str
    key: str
    body_hash: bytes


@dataclass
class Work:
    """What a handler works with. Handlers never commit: whoever opened the work does."""

    connection: AsyncConnection
    backbone: Backbone
    settings: ServiceSettings
    encryption: FieldEncryption
    actor: Actor
    cause: Cause
    now: datetime
    repetition: Repetition | None = None
    sequence: int = 0
    """The `subjectsequence` of the event being handled; 0 in a request."""
    published: int = 0
    repetition_checked: bool = field(default=False, init=False)

    async def publish(self, event: Event, *, legal_basis: str | None = None, fact_id: UUID | None = None) -> int:
        """Writes an event to the outbox and returns its number among its subject's events.

        Call it after the subject's row is locked and changed: numbers follow the order of the locks. Two contract
        versions of one fact are published with the same `fact_id`, so that a reader of both acts once.
        """
        if event.owner() != self.settings.service:
            raise ValueError(f"{event.TYPE} is not {self.settings.service}'s to publish")
        event_id = uuid7()
        numbered = _next_number(self.backbone.subject_sequence)
        sequence: int = (await self.connection.execute(numbered, {"subject": event.subject()})).scalar_one()
        await self.connection.execute(
            insert(self.backbone.outbox),
            {
                "id": event_id,
                "fact_id": fact_id or event_id,
                "type": event.TYPE,
                "subject": event.subject(),
                "sequence": sequence,
                "customer_ids": sorted(event.about_customers()),
                "occurred_at": self.now,
                "correlation_id": self.cause.correlation_id,
                "causation_id": self.cause.message_id,
                "actor": str(self.actor),
                "legal_basis": legal_basis or self.cause.legal_basis,
                "traceparent": current_traceparent(),
                "data": event.model_dump(mode="json"),
            },
        )
        self.published += 1
        return sequence

    async def outcome_of_repeat(self, outcome: type[OutcomeT]) -> OutcomeT | None:
        """What this very request did when it came before, or None when it comes for the first time.

        Every changing handler asks this after rights are checked and before it looks at versions. Two copies at once:
        the second waits here until the first has committed. Raises KeyReused when the key came with another body.
        """
        self.repetition_checked = True
        if self.repetition is None:
            return None
        table = self.backbone.request_outcome
        claimed = await self.connection.execute(
            insert(table).on_conflict_do_nothing(),
            {**self._key(""), "body_hash": self.repetition.body_hash, "happened_at": self.now},
        )
        if claimed.rowcount:
            return None
        of_key = select(table.c.body_hash, table.c.outcome).where(_is_key(table))
        row = (await self.connection.execute(of_key, self._key(_OF_KEY))).one()
        if row.body_hash != self.repetition.body_hash:
            raise KeyReused("Use a new Idempotency-Key for a new request.")
        return outcome.model_validate(row.outcome)

    async def remember_outcome(self, outcome: BaseModel) -> None:
        """Stores the outcome under the request's key: ids and versions, never what a right might hide later."""
        if self.repetition is None:
            return
        stored = {"stored": outcome.model_dump(mode="json")}
        await self.connection.execute(_remember(self.backbone.request_outcome), self._key(_OF_KEY) | stored)

    def _key(self, prefix: str) -> dict[str, str]:
        assert self.repetition is not None
        key = {"actor": str(self.actor), "request_type": self.repetition.request_type, "key": self.repetition.key}
        return {f"{prefix}{column}": value for column, value in key.items()}


_OF_KEY = "of_"
"""Before a column's name: in a condition the name alone is not free."""


# Statements of every act are built once: building one takes SQLAlchemy longer than running it takes PostgreSQL.
@cache
def _next_number(table: Table) -> Executable:
    first = insert(table).values(last=1)
    following = first.on_conflict_do_update(index_elements=["subject"], set_={"last": table.c.last + 1})
    return following.returning(table.c.last)


@cache
def _is_key(table: Table) -> ColumnElement[bool]:
    return and_(*(column == bindparam(f"{_OF_KEY}{column.name}") for column in table.primary_key))


@cache
def _remember(table: Table) -> Executable:
    return update(table).where(_is_key(table), table.c.outcome.is_(None)).values(outcome=bindparam("stored"))


@dataclass(frozen=True)
class UnitOfWork:
    """Opens works: one transaction each, committed when the block ends well, rolled back when it raises."""

    engine: AsyncEngine
    backbone: Backbone
    settings: ServiceSettings
    encryption: FieldEncryption
    clock: Clock
    after_commit: Callable[[], None]
    """Told after each commit that published something: wakes the relay."""

    @asynccontextmanager
    async def begin(self, actor: Actor, cause: Cause, repetition: Repetition | None = None) -> AsyncIterator[Work]:
        """One transaction."""
        async with self.engine.begin() as connection:
            work = Work(
                connection=connection,
                backbone=self.backbone,
                settings=self.settings,
                encryption=self.encryption,
                actor=actor,
                cause=cause,
                now=self.clock.now(),
                repetition=repetition,
            )
            yield work
        if work.published:
            self.after_commit()


Handler = Callable[[Any, Work], Awaitable[Any]]
"""A use case: (message, work) -> reply, or None for events. It loads, asks the rules, changes and publishes."""


def canonical_json(value: BaseModel) -> bytes:
    """The bytes a message travels as: fields that were not set are left out, so that 'left out' and null differ."""
    return json.dumps(value.model_dump(mode="json", exclude_unset=True), separators=(",", ":")).encode()
