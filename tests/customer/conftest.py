"""The customer service's handlers on a database of their own, asked as the answering side of requests asks them."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest_asyncio
from pydantic import BaseModel, SecretStr

from contracts.customer.contacts import ReceiveContact
from contracts.customer.families import RecordFamilyRelation
from contracts.customer.people import (
    ChangeCustomer,
    CloseCustomer,
    CustomerVersion,
    OpenCustomer,
    Person,
    PersonChanges,
)
from contracts.envelope import Request
from services.customer.subscribers import REQUESTS
from services.customer.tables import BACKBONE
from services.kit.actor import Actor
from services.kit.database import create_engine
from services.kit.errors import Refusal
from services.kit.field_encryption import FieldEncryption
from services.kit.settings import ServiceSettings
from services.kit.usage import UsageKeys
from services.kit.work import Cause, Repetition, UnitOfWork, canonical_json
from tests.support import EXPERT_TAMPERE, FIELD_KEYS, SEARCH_KEY, USAGE_KEYS, TestDatabases, eventually, rows

ReplyT = TypeVar("ReplyT", bound=BaseModel)

CAUSE = Cause("test", "test")
CODE, OTHER_CODE = "010594Y9032", "010594Y9021"
"""Two codes of people born on 1.5.1994; both are for tests, and nobody's."""


def person(**more: Any) -> Person:
    """A person of whom the least is known, and what a test adds."""
    return Person.model_validate(
        {"name": {"family": "Esimerkki", "given": "Aamu"}, "date_of_birth": date(1994, 5, 1), **more}
    )


def opening(arrival: str = "moved", **more: Any) -> OpenCustomer:
    """The request to open that person as a customer."""
    return OpenCustomer.model_validate({"person": person(**more), "arrival": arrival})


def reporting(municipality: str = "837", *, reference: str | None = None, **person: Any) -> ReceiveContact:
    """The request to take up a school's report of that person."""
    known = {"name": {"family": "Esimerkki", "given": "Aamu"}, "date_of_birth": date(1994, 5, 1)}
    return ReceiveContact.model_validate(
        {
            "municipality": municipality,
            "authority": "0245437-2",
            "authority_name": "Esimerkkikoulu",
            "channel": "message" if reference else "phone",
            "reference": reference,
            "report": {
                "reporter": {"name": "Kaisa Kuraattori", "phone": "0401234567"},
                "person": known | person,
                "needs": ["language_learning"],
                "text": "Wishes to learn Finnish",
                "consent": {"given_on": date(2026, 3, 1), "how": "oral"},
            },
        }
    )


def changing(known: CustomerVersion, *, why: str | None = None, source: str = "customer", **to: Any) -> ChangeCustomer:
    """The request to change these fields of the version known."""
    return ChangeCustomer(
        customer_id=known.customer_id,
        expected_version=known.version,
        changes=PersonChanges.model_validate(to),
        why=why,
        source=source,
    )


SISTER = {"name": {"family": "Esimerkki", "given": "Ilta"}, "year_of_birth": 1990, "lives_in": "KEN"}
"""A relative who is no customer."""


def relation(known: CustomerVersion, kind: str = "sibling", **to: Any) -> RecordFamilyRelation:
    """The request to record what somebody is to the customer."""
    return RecordFamilyRelation.model_validate({"customer_id": known.customer_id, "kind": kind, **to})


@dataclass
class HeldClock:
    """A clock that stands still until it is moved."""

    moment: datetime = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@dataclass
class CustomerService:
    """Asks handlers, one transaction each, and looks into the tables."""

    unit_of_work: UnitOfWork
    clock: HeldClock = field(default_factory=HeldClock)
    unknown: UUID = field(default_factory=uuid4)
    """The id of no customer."""

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

    @property
    def database_url(self) -> str:
        """The service's database."""
        return self.unit_of_work.settings.database_url.get_secret_value()

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Rows of the database."""
        return await rows(self.database_url, query, *values)

    async def events(self, customer_id: UUID | None = None) -> list[str]:
        """The types of the events in the outbox, oldest first, but those for the usage log."""
        found = await self.rows(
            "SELECT type FROM outbox WHERE ($1::uuid IS NULL OR subject = $1) AND type NOT LIKE '%.data_used.v1'"
            " ORDER BY position",
            customer_id,
        )
        return [row["type"] for row in found]

    async def told(self) -> list[Any]:
        """The events in the outbox, oldest first, but those for the usage log."""
        return await self.rows("SELECT * FROM outbox WHERE type NOT LIKE '%.data_used.v1' ORDER BY position")

    async def uses(self) -> list[dict[str, Any]]:
        """The lines for the usage log, oldest first, without what was not told."""
        found = await self.rows("SELECT data FROM outbox WHERE type = 'customer.data_used.v1' ORDER BY position")
        lines = [json.loads(row["data"]) for row in found]
        return [{name: value for name, value in each.items() if value not in (None, [])} for each in lines]

    async def tables(self) -> list[str]:
        """The names of all tables but Alembic's."""
        found = await self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return sorted({row["tablename"] for row in found} - {"alembic_version"})

    async def everything(self, but: Collection[str] = ()) -> str:
        """All rows of all tables but these, as text."""
        tables = [table for table in await self.tables() if table not in but]
        parts = [str(await self.rows(f'SELECT t::text FROM "{table}" t')) for table in tables]
        return "\n".join(parts)


async def closed(customers: CustomerService, known: CustomerVersion) -> CustomerVersion:
    """The customer with the relationship ended."""
    return await customers.ask(
        CloseCustomer(customer_id=known.customer_id, expected_version=known.version, reason="moved_away")
    )


@pytest_asyncio.fixture
async def customers(databases: TestDatabases) -> AsyncIterator[CustomerService]:
    """The service's handlers on an empty, migrated database."""
    settings = ServiceSettings(
        _env_file=None,
        service="customer",
        rabbitmq_url=SecretStr(""),
        database_url=SecretStr(await databases.new("customer")),
        field_keys=SecretStr(FIELD_KEYS),
        search_key=SecretStr(SEARCH_KEY),
        usage_keys=SecretStr(USAGE_KEYS),
        usage_hash_key=SecretStr(SEARCH_KEY),
        allow_test_identity_codes=True,
    )
    engine = create_engine(settings)
    encryption = FieldEncryption(settings)
    clock = HeldClock()
    yield CustomerService(
        UnitOfWork(engine, BACKBONE, settings, encryption, clock, UsageKeys(settings), lambda: None), clock
    )
    await engine.dispose()
