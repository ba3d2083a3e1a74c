"""The plan service's handlers on a database of their own, asked as the answering side of requests asks them."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import uuid4

import pytest_asyncio
from pydantic import BaseModel, SecretStr

from contracts.envelope import Request
from services.kit.actor import Actor
from services.kit.database import create_engine
from services.kit.errors import Refusal
from services.kit.field_encryption import FieldEncryption
from services.kit.settings import ServiceSettings
from services.kit.usage import UsageKeys
from services.kit.work import Cause, Repetition, UnitOfWork, canonical_json
from services.plan.subscribers import REQUESTS
from services.plan.tables import BACKBONE
from tests.support import EXPERT_TAMPERE, FIELD_KEYS, SEARCH_KEY, USAGE_KEYS, TestDatabases, eventually, rows

ReplyT = TypeVar("ReplyT", bound=BaseModel)

CAUSE = Cause("test", "test")
SUPERVISOR = Actor(user="supervisor@tampere", organisation="837", role="supervisor")
ELSEWHERE = Actor(user="supervisor@helsinki", organisation="091", role="supervisor")


@dataclass
class HeldClock:
    """A clock that stands still until it is moved."""

    moment: datetime = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@dataclass
class PlanService:
    """Asks handlers, one transaction each, and looks into the tables."""

    unit_of_work: UnitOfWork
    clock: HeldClock = field(default_factory=HeldClock)

    async def ask(self, message: Request[ReplyT], actor: Actor = EXPERT_TAMPERE, *, key: str | None = None) -> ReplyT:
        """The handler's reply, its transaction committed; a changing request gets a key of its own."""
        repetition = None
        if message.CHANGES:
            body_hashes = self.unit_of_work.encryption.search_hashes(canonical_json(message).decode())
            repetition = Repetition(message.TYPE, key or str(uuid4()), body_hashes)
        try:
            async with self.unit_of_work.begin(actor, CAUSE, request=type(message), repetition=repetition) as work:
                reply: ReplyT = await REQUESTS[type(message)](message, work)
                assert work.used or work.is_repeat or actor.is_service
                await work.remember_outcome(reply)
        except Refusal as refusal:
            await self.unit_of_work.record_refusal(actor, CAUSE, message, refusal)
            raise
        return reply

    async def ask_while(
        self, first: tuple[Request[Any], Actor], then: tuple[Request[Any], Actor]
    ) -> list[BaseModel | BaseException]:
        """Both replies or errors, of a first request that is not committed until the other waits for it."""
        begun = Repetition(first[0].TYPE, str(uuid4()), [b""])
        async with self.unit_of_work.begin(first[1], CAUSE, request=type(first[0]), repetition=begun) as work:
            reply = await REQUESTS[type(first[0])](first[0], work)
            waiting = asyncio.create_task(self.ask(*then))
            await eventually(self._somebody_waits_for_a_lock)
        return [reply, *await asyncio.gather(waiting, return_exceptions=True)]

    async def _somebody_waits_for_a_lock(self) -> bool:
        return bool(await self.rows("SELECT FROM pg_locks WHERE NOT granted"))

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Rows of the database."""
        return await rows(self.unit_of_work.settings.database_url.get_secret_value(), query, *values)

    async def uses(self) -> list[dict[str, Any]]:
        """The lines for the usage log, oldest first."""
        found = await self.rows("SELECT data FROM outbox WHERE type = 'plan.data_used.v1' ORDER BY position")
        return [json.loads(row["data"]) for row in found]


@pytest_asyncio.fixture
async def plans(databases: TestDatabases) -> AsyncIterator[PlanService]:
    """The service's handlers on an empty, migrated database."""
    settings = ServiceSettings(
        _env_file=None,
        service="plan",
        rabbitmq_url=SecretStr(""),
        database_url=SecretStr(await databases.new("plan")),
        field_keys=SecretStr(FIELD_KEYS),
        search_key=SecretStr(SEARCH_KEY),
        usage_keys=SecretStr(USAGE_KEYS),
        usage_hash_key=SecretStr(SEARCH_KEY),
    )
    engine = create_engine(settings)
    clock = HeldClock()
    unit_of_work = UnitOfWork(
        engine, BACKBONE, settings, FieldEncryption(settings), clock, UsageKeys(settings), lambda: None
    )
    yield PlanService(unit_of_work, clock)
    await engine.dispose()
