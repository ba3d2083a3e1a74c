"""The unit of work: one transaction in which state, inbox, outbox and idempotency key commit together."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast
from uuid import UUID

from opentelemetry import trace
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Executable, Table, and_, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from uuid_utils.compat import uuid7

from contracts.envelope import Event, Request
from contracts.partners import Disclosure
from contracts.policy import Ruling
from contracts.registry import find
from contracts.usage import DataUsed
from services.kit.actor import Actor
from services.kit.border import BEYOND, has_border, stand_within
from services.kit.clock import Clock
from services.kit.errors import KeyReused, NotFound, Refusal
from services.kit.field_encryption import FieldEncryption
from services.kit.rights import NO_RIGHTS, Rights, rights_of
from services.kit.settings import ServiceSettings
from services.kit.tables import Backbone
from services.kit.telemetry import current_traceparent
from services.kit.tombstones import erased_by_now
from services.kit.usage import UsageKeys

OutcomeT = TypeVar("OutcomeT", bound=BaseModel)


@dataclass(frozen=True)
class Cause:
    """What set the work off: the message acted on, and the chain that it belongs to."""

    message_id: str
    correlation_id: str
    legal_basis: str | None = None


@dataclass(frozen=True)
class Repetition:
    """The idempotency key of a changing request, and keyed hashes of its body, which may hold an identity code."""

    request_type: str
    key: str
    body_hashes: Sequence[bytes]
    """By the present key and by older ones."""


@dataclass
class Work:
    """What a handler works with. Handlers never commit: whoever opened the work does."""

    connection: AsyncConnection
    backbone: Backbone
    settings: ServiceSettings
    encryption: FieldEncryption
    usage_keys: UsageKeys
    actor: Actor
    cause: Cause
    now: datetime
    happened_at: datetime
    """When the event happened that is being handled, however late; in a request, now."""
    request: type[Request[Any]] | None = None
    rights: Rights = NO_RIGHTS
    """What the policy gives the actor for the request being answered."""
    repetition: Repetition | None = None
    sequence: int = 0
    """The `subjectsequence` of the event being handled; 0 in a request."""
    published: int = 0
    repetition_checked: bool = field(default=False, init=False)
    is_repeat: bool = field(default=False, init=False)
    """Whether the request was answered by what it did when it came before."""
    used: list[DataUsed] = field(default_factory=list, init=False)
    """Lines for the usage log, to be written before the commit."""
    told_of: set[UUID] = field(default_factory=set, init=False)
    """Whom the events are about that were published."""
    erases: set[UUID] = field(default_factory=set, init=False)
    """Whom the work itself erases."""
    not_erased: set[UUID] = field(default_factory=set, init=False)
    """Who was found not to be erased, and is not while the work lasts."""

    async def publish(self, event: Event, *, legal_basis: str | None = None, fact_id: UUID | None = None) -> int:
        """Writes an event to the outbox and returns its number among its subject's events.

        Call it after the subject's row is locked and changed: numbers follow the order of the locks. Two contract
        versions of one fact are published with the same `fact_id`, so that a reader of both acts once.
        """
        if event.owner() != self.settings.service:
            raise ValueError(f"{event.TYPE} is not {self.settings.service}'s to publish")
        if isinstance(event, Disclosure):
            raise ValueError(f"{event.TYPE} tells of a person, and the outbox keeps what it is told")
        event_id = uuid7()
        written = await self.connection.execute(
            _write(self.backbone.outbox, self.backbone.subject_sequence),
            {
                "id": event_id,
                "fact_id": fact_id or event_id,
                "type": event.TYPE,
                "subject": event.subject(),
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
        self.told_of |= event.about_customers()
        sequence: int = written.scalar_one()
        return sequence

    def record_use(
        self,
        customers: Collection[UUID] = (),
        data: Iterable[str] = (),
        *,
        relation: str | None = None,
        found: int | None = None,
        sealed: object = None,
        words: Iterable[str] = (),
        purpose: str | None = None,
        denied: bool = False,
        organisation: str | None = None,
    ) -> None:
        """Tells the usage log what the actor uses by the present request: it commits with the act or not at all.

        It is written last of all, so that acts on the same line of the log wait for each other's commit alone.

        `sealed`, what was searched or why something was opened, is kept as JSON that the access service alone can read;
        `words` are those searched for, or in the names seen. `organisation` is the partner that data go to, where a
        service passes them on.
        """
        if self.request is None:
            return  # nobody asked: invented people are being made
        data = sorted(data)
        basis = next((ruling.legal_basis for each in data if (ruling := self._ruling(each, relation))), None)
        event_type = cast(type[DataUsed], find(f"{self.settings.service}.data_used.v1"))
        self.used.append(
            event_type(
                line=self.usage_keys.any_line(),
                outcome="denied" if denied else "done",
                act=self.request.ACT,
                request=self.request.TYPE,
                user=self.actor.user,
                organisation=organisation or self.actor.organisation,
                role=self.actor.role or "none",
                grant=self.actor.grant,
                granted_by=self.actor.granted_by or None,
                task=self.actor.task or None,
                purpose=purpose or self.actor.purpose or None,
                legal_basis=basis,
                relation=relation,
                customers=tuple(customers),
                data=tuple(data),
                found=found,
                sealed=None if sealed is None else self.usage_keys.seal(json.dumps(sealed)),
                words=self.usage_keys.hashes(words),
            )
        )

    def _ruling(self, data: str, relation: str | None) -> Ruling | None:
        return self.rights.ruling(data, relation) if relation else None

    async def beyond_the_border(self, why: str) -> None:
        """From here to the transaction's end rows of all municipalities are seen and changed; the trace tells why.

        Until then a person's request sees those of the actor's municipality; handlers of events see all.
        """
        trace.get_current_span().add_event("beyond the border", {"why": why})
        await stand_within(self.connection, BEYOND)

    async def erased(self, customer_ids: Iterable[UUID]) -> set[UUID]:
        """Which of these people were erased; the others are not until the transaction ends.

        Raises Unavailable while one of them is being erased: whoever does that may wait for what this work has locked.
        """
        asked = {*customer_ids} - self.not_erased
        erased = await erased_by_now(self.connection, self.backbone, asked)
        self.not_erased |= asked - erased
        return erased

    async def refuse_erased(self) -> None:
        """Raises NotFound when somebody whom this work changes anything about was erased since it began.

        Those are the people of its events and, in a request that changes something, of the usage log; but not those
        named in the log itself, which outlives them. Raises Unavailable as `erased` does.
        """
        people = set(self.told_of)
        if self.request and self.request.CHANGES and not self.is_repeat:
            told = (each for each in self.used if each.outcome == "done" and _USAGE_LOG not in each.data)
            people.update(*(each.customers for each in told))
        if await self.erased(people - self.erases):
            raise NotFound("Somebody whom this is about was erased.")

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
            {**self._key(""), "body_hash": self.repetition.body_hashes[0], "happened_at": self.now},
        )
        if claimed.rowcount:
            return None
        of_key = select(table.c.body_hash, table.c.outcome).where(_is_key(table))
        row = (await self.connection.execute(of_key, self._key(_OF_KEY))).one()
        if row.body_hash not in self.repetition.body_hashes:
            raise KeyReused("Use a new Idempotency-Key for a new request.")
        self.is_repeat = True
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


_USAGE_LOG = "usage_log"
_OF_KEY = "of_"
"""Before a column's name: in a condition the name alone is not free."""


# Statements of every act are built once: building one takes SQLAlchemy longer than running it takes PostgreSQL.
@cache
def _write(outbox: Table, numbers: Table) -> Executable:
    """Takes the subject's next number and writes the row with it."""
    first = insert(numbers).values(subject=bindparam("subject", type_=numbers.c.subject.type), last=1)
    following = first.on_conflict_do_update(index_elements=["subject"], set_={"last": numbers.c.last + 1})
    numbered = following.returning(numbers.c.last).cte("numbered")
    told = [each for each in outbox.c if each.name not in ("position", "sequence", "published_at", "failure")]
    row = select(*(bindparam(each.name, type_=each.type) for each in told), numbered.c.last)
    return insert(outbox).from_select([*told, outbox.c.sequence], row).returning(outbox.c.sequence)


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
    usage_keys: UsageKeys
    after_commit: Callable[[], None]
    """Told after each commit that published something: wakes the relay."""

    @asynccontextmanager
    async def begin(
        self,
        actor: Actor,
        cause: Cause,
        *,
        request: type[Request[Any]] | None = None,
        repetition: Repetition | None = None,
    ) -> AsyncIterator[Work]:
        """One transaction; for a request it raises Forbidden and RightsNotCurrent, as `rights_of` does."""
        now = self.clock.now()
        rights = rights_of(actor, request, now) if request else NO_RIGHTS
        async with self.engine.begin() as connection:
            if has_border(self.backbone.metadata):
                await stand_within(connection, BEYOND if actor.is_service else actor.municipality, actor.emergency)
            work = Work(
                connection=connection,
                backbone=self.backbone,
                settings=self.settings,
                encryption=self.encryption,
                usage_keys=self.usage_keys,
                actor=actor,
                cause=cause,
                now=now,
                happened_at=now,
                request=request,
                rights=rights,
                repetition=repetition,
            )
            yield work
            await work.refuse_erased()
            # in one order everywhere: two acts that tell on the same lines crosswise would deadlock
            for line in sorted(work.used, key=lambda each: each.line):
                await work.publish(line, legal_basis=line.legal_basis)
        if work.published:
            self.after_commit()

    async def record_refusal(self, actor: Actor, cause: Cause, request: Request[Any], refusal: Refusal) -> None:
        """Tells the usage log of what was refused: of a customer that exists as of one that does not.

        Where the answer itself tells something, `refusal.use` says that nothing was denied.
        """
        if actor.is_service or not refusal.is_logged:
            return
        asked_for = getattr(request, "customer_id", None)
        told: dict[str, Any] = {
            "customers": [asked_for] if asked_for else [],
            "data": request.DATA,
            "denied": True,
        } | refusal.use
        async with self.begin(actor, cause) as work:
            work.request, work.rights = type(request), Rights(actor, request.ACT)
            work.record_use(**told)


Handler = Callable[[Any, Work], Awaitable[Any]]
"""A use case: (message, work) -> reply, or None for events. It loads, asks the rules, changes and publishes."""


def canonical_json(value: BaseModel) -> bytes:
    """The bytes a message travels as: fields that were not set are left out, so that 'left out' and null differ."""
    return json.dumps(value.model_dump(mode="json", exclude_unset=True), separators=(",", ":")).encode()
