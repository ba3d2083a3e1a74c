"""A usage log on a database of its own, with checkpoints, a sending service beside it, and lines to fill it with."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from contracts.customer.state import CustomerDataUsed
from contracts.envelope import Envelope, schema_urn
from services.access.checkpoints import Checkpoints
from services.access.handlers.usage_keeping import checkpoints, keep_usage, write_checkpoint
from services.access.main import build
from services.access.verify import Verified, verify
from services.kit.batches import Told
from services.kit.parts import Parts
from services.kit.service import Service
from services.kit.usage import line
from services.kit.words import words
from tests.support import TestDatabases, Vhost, owner_url, rows, settings_for

NOWHERE = Vhost("none", "", "amqp://none@127.0.0.1:1/", {"access": "none", "customer": "none"})
LINE = line("customer", 0)
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@dataclass
class HeldClock:
    """A clock that stands still until it is moved."""

    moment: datetime = MONDAY

    def now(self) -> datetime:
        return self.moment


@dataclass
class UsageLog:
    """The log, as its consumer fills it and as an attacker with the database's password finds it."""

    service: Service
    sender: AsyncEngine
    sender_url: str
    clock: HeldClock
    _numbers: Counter[UUID] = field(default_factory=Counter)

    @property
    def parts(self) -> Parts:
        """The parts of the access service."""
        return self.service.parts

    @property
    def checkpoints(self) -> Checkpoints:
        """Its checkpoints."""
        return checkpoints(self.parts)

    def line(self, number: int | None = None, *, of: UUID = LINE, **more: Any) -> Told:
        """A line as the customer service tells it, with the next number, or another."""
        self._numbers[of] += 1
        event = CustomerDataUsed.model_validate(
            {
                "line": of,
                "outcome": "done",
                "act": "view",
                "request": "customer.get_customer.v1",
                "user": "expert@tampere",
                "organisation": "837",
                "role": "integration_expert",
                "relation": "own",
                "customers": [uuid4()],
                "data": ["identity"],
                **{name: value for name, value in more.items() if name != "at"},
            }
        )
        fact = uuid7()
        envelope = Envelope(
            id=fact,
            factid=fact,
            source="/koto/customer",
            type=event.TYPE,
            subject=of,
            time=more.get("at", self.clock.now()),
            dataschema=schema_urn(event.TYPE),
            subjectsequence=number or self._numbers[of],
            correlationid="test",
            causationid="test",
            actor="837/expert@tampere",
            traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01",
            data=event.model_dump(mode="json"),
        )
        return envelope, event

    def search(self, name: str, **more: Any) -> Told:
        """A search for a name, as the customer service tells it."""
        keys = self.parts.unit_of_work.usage_keys
        told = {"act": "search", "request": "customer.search_customers.v1", "found": 0, "customers": []}
        sealed = keys.seal(f'{{"name": "{name}"}}')
        return self.line(**told | {"words": keys.hashes(words(name)), "sealed": sealed} | more)

    async def keep(self, *told: Told) -> None:
        """As the consumer of the queue does."""
        await keep_usage(self.parts, told)

    async def fill(self, count: int = 10) -> list[Told]:
        """So many lines, which the customer service knows to have told."""
        told = [self.line() for _ in range(count)]
        await self.keep(*told)
        await self.tell(self._numbers[LINE])
        return told

    async def tell(self, last: int, of: UUID = LINE) -> None:
        """Makes the customer service know that it has told so many on a line."""
        await self.at_sender("DELETE FROM subject_sequence WHERE subject = $1", of)
        await self.at_sender("INSERT INTO subject_sequence VALUES ($1, $2)", of, last)

    async def checkpoint(self) -> None:
        """Signs the end of the chain."""
        await write_checkpoint(self.parts)

    async def sql(self, query: str, *values: Any) -> list[Any]:
        """What the owner of the log's database asks or does."""
        return await rows(owner_url(self.parts.settings.database_url.get_secret_value()), query, *values)

    async def at_sender(self, query: str, *values: Any) -> list[Any]:
        """What the owner of the customer service's database asks or does."""
        return await rows(owner_url(self.sender_url), query, *values)

    async def lines(self) -> list[Any]:
        """All lines in the chain's order."""
        return await self.sql("SELECT * FROM usage_line ORDER BY position")

    async def verified(self, senders: Iterable[str] = ("customer",)) -> Verified:
        """What `./koto log verify` finds."""
        compared = dict.fromkeys(senders, self.sender)
        return await verify(self.parts.engine, self.checkpoints, compared, self.clock.now(), patience=0.2)


@asynccontextmanager
async def usage_log(databases: TestDatabases, vhost: Vhost = NOWHERE) -> AsyncIterator[UsageLog]:
    """An empty log; its service is not started."""
    clock = HeldClock()
    service = build(settings_for("access", vhost, await databases.new("access")), clock)  # type: ignore[arg-type]
    sender_url = await databases.new("customer")
    sender = Service(settings_for("customer", vhost, sender_url), service.parts.backbone, requests={})
    yield UsageLog(service, sender.parts.engine, sender_url, clock)
    await sender.parts.engine.dispose()
    await service.parts.engine.dispose()


DAY = timedelta(days=1)
