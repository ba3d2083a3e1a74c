"""Asks a service's own answering side, byte for byte, and undoes what came of it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import Executable, event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Request
from services.kit.actor import Actor, ActorTokens
from services.kit.answering import ACTOR, IDEMPOTENCY_KEY, PROBLEM, Answering
from services.kit.border import BEYOND, stand_within
from services.kit.service import Service
from services.kit.work import canonical_json
from tests.support import SIGNING_KEY, House, now

_LAST, _TOLD = text("SELECT max(position) FROM outbox"), text("SELECT data FROM outbox WHERE position > :last")
_TOKENS = ActorTokens(lambda: SIGNING_KEY)


@dataclass(frozen=True)
class Heard:
    """All that comes of a request: the answer's bytes, the statements that were run, the events that were told."""

    body: bytes
    is_problem: bool
    statements: tuple[str, ...]
    events: tuple[dict[str, Any], ...]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def uses(self) -> list[dict[str, Any]]:
        """The lines for the usage log."""
        return [each for each in self.events if "outcome" in each and "act" in each]


class _Message:
    """A request as the broker would hand it over."""

    def __init__(self, request: Request[Any], actor: Actor) -> None:
        self.type, self.body = type(request).TYPE, canonical_json(request)
        self.reply_to, self.message_id, self.correlation_id = "replies.gateway.test", "m", "c"
        key = str(uuid4()) if request.CHANGES else None
        token = _TOKENS.sign(actor, request_type=self.type, key=key, body=self.body, now=now())
        self.headers: dict[str, Any] = {ACTOR: token, IDEMPOTENCY_KEY: key}

    async def ack(self) -> None:
        """Nobody waits for it."""


@dataclass
class _Publisher:
    """Takes the answer instead of the broker."""

    replies: list[Any] = field(default_factory=list)

    async def publish_unconfirmed(self, _exchange: str, _key: str, message: Any) -> None:
        self.replies.append(message)


@dataclass(frozen=True)
class _Undone:
    """An engine whose every transaction is a part of one that will be rolled back."""

    connection: AsyncConnection

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        async with self.connection.begin_nested():
            yield self.connection


class World:
    """One service's database as it is, until the block ends: then all that was asked never was."""

    asked: ClassVar[int] = 0
    """How many requests, in all worlds."""

    def __init__(self, service: Service, connection: AsyncConnection, statements: list[str], last: int) -> None:
        self.connection = connection
        self._last = last
        self._statements = statements
        self._publisher = _Publisher()
        self.unit_of_work = replace(
            service.parts.unit_of_work,
            engine=_Undone(connection),  # type: ignore[arg-type]
            after_commit=lambda: None,
        )
        parts = replace(service.parts, unit_of_work=self.unit_of_work, publisher=self._publisher)  # type: ignore[arg-type]
        self._metadata = import_module(f"services.{service.name}.tables").METADATA
        self._tombstone = parts.backbone.tombstone
        self._answering = Answering(parts, import_module(f"services.{service.name}.subscribers").REQUESTS)

    async def ask(
        self, request: Request[Any], actor: Actor, *, without: UUID | None = None, after: Executable | None = None
    ) -> Heard:
        """What comes of one request, and is undone: as if `without` had never been here, or `after` a statement."""
        World.asked += 1
        moment = await self.connection.begin_nested()
        await stand_within(self.connection, BEYOND)
        if without:
            await self._forget(without)
        if after is not None:
            await self.connection.execute(after)
        self._statements.clear()
        await self._answering(_Message(request, actor))  # type: ignore[arg-type]
        statements = tuple(self._statements)
        events = tuple((await self.connection.execute(_TOLD, {"last": self._last})).scalars())
        await moment.rollback()
        reply = self._publisher.replies.pop()
        return Heard(reply.body, reply.type == PROBLEM, statements, events)

    async def _forget(self, customer_id: UUID) -> None:
        held = (each for each in reversed(self._metadata.sorted_tables) if "customer_id" in each.c)
        deletions = (
            f"DELETE FROM {each} WHERE customer_id = '{customer_id}'" for each in held if each is not self._tombstone
        )
        raw = await self.connection.get_raw_connection()
        assert raw.driver_connection is not None
        await raw.driver_connection.execute(";".join(deletions))  # in one go: this is most of what is sent


@asynccontextmanager
async def world(house: House, service: str) -> AsyncIterator[World]:
    """The world of a service, to be asked in and then undone."""
    running = house.services[service]
    engine, statements = running.parts.engine, list[str]()
    async with engine.connect() as connection, connection.begin() as all_of_it:
        last = (await connection.execute(_LAST)).scalar() or 0

        def note(asking: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if asking is connection.sync_connection and "SAVEPOINT" not in statement:
                statements.append(statement)

        event.listen(engine.sync_engine, "before_cursor_execute", note)
        try:
            yield World(running, connection, statements, last)
        finally:
            event.remove(engine.sync_engine, "before_cursor_execute", note)
            await all_of_it.rollback()
