"""The access service's handlers on a database of their own, asked as the answering side of requests asks them."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest_asyncio
from pydantic import BaseModel

from contracts.access.organisations import AddProvider
from contracts.access.rights import (
    GetGrant,
    GetUserRights,
    GiveGrant,
    Grant,
    GrantVersion,
    NoteSignIn,
    UserRights,
)
from contracts.envelope import Event, Request
from services.access.handlers import time
from services.access.main import build
from services.access.operate import Appointment, appoint_all
from services.access.subscribers import INPUT, REQUESTS
from services.kit.actor import Actor, service_actor
from services.kit.errors import InvalidInput, Refusal
from services.kit.work import Cause, Repetition, UnitOfWork, canonical_json
from tests.support import TestDatabases, Vhost, rows, settings_for

ReplyT = TypeVar("ReplyT", bound=BaseModel)

NOWHERE = Vhost("none", "", "amqp://none@127.0.0.1:1/", {"access": "none"})
GATEWAY = service_actor("gateway")
ADMIN = Actor(user="admin@tampere", organisation="837", role="access_administrator")
ADMIN_HELSINKI = Actor(user="admin@helsinki", organisation="091", role="access_administrator")
SUPERVISOR = Actor(user="supervisor@tampere", organisation="837", role="supervisor")
CAUSE = Cause("test", "test")
MATTER = {"kind": "participation", "id": "5b9a6f1e-1c1b-4f0e-9d55-0d3a0a9f3c11"}
PROVIDER = "1234567-1"


@dataclass
class HeldClock:
    """A clock that stands still until it is moved."""

    moment: datetime = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def after(self, **period: float) -> datetime:
        """So long after now."""
        return self.moment + timedelta(**period)


@dataclass
class AccessService:
    """Asks handlers, one transaction each, lets time pass, and looks into the tables."""

    unit_of_work: UnitOfWork
    clock: HeldClock

    async def ask(self, message: Request[ReplyT], actor: Actor = ADMIN, *, key: str | None = None) -> ReplyT:
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

    async def hear(self, event: Event) -> None:
        """Hands an event to its handler."""
        async with self.unit_of_work.begin(service_actor("access"), CAUSE) as work:
            await INPUT[type(event)](event, work)

    async def pass_time(self, **period: float) -> None:
        """Moves the clock, and does what time does."""
        self.clock.moment += timedelta(**period)
        await time.tick(self.unit_of_work)

    async def knows(self, *users: str) -> None:
        """Lets these users sign in."""
        for user in users:
            await self.ask(NoteSignIn(user=user, name=user.title()), GATEWAY)

    async def rights(self, user: str) -> UserRights:
        """What the gateway is told of a user."""
        return await self.ask(GetUserRights(user=user), GATEWAY)

    async def holds(self, user: str) -> list[UUID]:
        """The rights that the gateway is told of."""
        return [each.grant_id for each in (await self.rights(user)).grants]

    async def grant(self, grant_id: UUID, actor: Actor = ADMIN) -> Grant:
        """One right, as an administrator sees it."""
        return await self.ask(GetGrant(grant_id=grant_id), actor)

    async def give(self, user: str = "expert@tampere", actor: Actor = ADMIN, **more: Any) -> GrantVersion:
        """Gives a right: that of an integration expert of the own staff, unless told otherwise."""
        return await self.ask(giving(user, **more), actor)

    async def give_to_county(self, customers: Sequence[UUID], **more: Any) -> GrantVersion:
        """Gives a county worker the right to take part in the matter of these customers."""
        return await self.give("county@pirkanmaa", **of_county(self.clock, customers) | more)

    async def changed(self) -> list[str]:
        """Whose rights were told to have changed, oldest first."""
        found = await self.rows("SELECT data FROM outbox WHERE type = 'access.rights_changed.v1' ORDER BY position")
        return [json.loads(row["data"])["user"] for row in found]

    async def forget_news(self) -> None:
        """Empties the outbox."""
        await self.rows("DELETE FROM outbox")

    async def uses(self) -> list[dict[str, Any]]:
        """The lines for the usage log, oldest first, without what was not told."""
        found = await self.rows("SELECT data FROM outbox WHERE type = 'access.data_used.v1' ORDER BY position")
        lines = [json.loads(row["data"]) for row in found]
        return [{name: value for name, value in each.items() if value not in (None, [])} for each in lines]

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Rows of the database."""
        return await rows(self.unit_of_work.settings.database_url.get_secret_value(), query, *values)


def giving(user: str = "expert@tampere", **more: Any) -> GiveGrant:
    """The request to give that right."""
    usual = {"role": "integration_expert", "task": "integration_services", "ground": {"kind": "employment"}}
    return GiveGrant.model_validate({"user": user, **usual, **more})


def of_county(clock: HeldClock, customers: Sequence[UUID]) -> dict[str, Any]:
    """What makes it the right of a county worker to take part."""
    return {
        "organisation": "06",
        "role": "county_worker",
        "task": "participation",
        "ground": MATTER,
        "customers": customers,
        "ends_at": clock.after(days=90),
    }


def acting_under(actor: Actor, grant_id: UUID, **more: Any) -> Actor:
    """The actor under a right."""
    return replace(actor, grant=grant_id, **more)


async def refused(asked: Any) -> list[tuple[str, str]]:
    """The fields and the rules that an InvalidInput names; fails when there is none."""
    try:
        await asked
    except InvalidInput as refusal:
        return [(each.pointer, each.rule) for each in refusal.errors]
    raise AssertionError("it was not refused")


@pytest_asyncio.fixture
async def access(databases: TestDatabases) -> AsyncIterator[AccessService]:
    """The service's handlers on a migrated database, with the authorities, administrators and some known users."""
    clock = HeldClock()
    service = build(settings_for("access", NOWHERE, await databases.new("access")), clock)  # type: ignore[arg-type]
    made = AccessService(service.parts.unit_of_work, clock)
    administration = ("access_administrator", "access_administration")
    appointments = [Appointment(each.user, each.organisation, *administration) for each in (ADMIN, ADMIN_HELSINKI)]
    await appoint_all(made.unit_of_work, appointments, "operator")
    await made.knows("expert@tampere", "other@tampere", "county@pirkanmaa", "worker@provider")
    await made.forget_news()
    yield made
    await service.parts.engine.dispose()


async def with_provider(access: AccessService, **period: float) -> None:
    """Lets the provider serve Tampere for so long."""
    ends_on = access.clock.after(**period or {"days": 60}).date()
    await access.ask(AddProvider(code=PROVIDER, name="Esimerkkipalvelut Oy", contract_ends_on=ends_on))
