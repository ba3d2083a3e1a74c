"""News of rights on a real broker: a removal is heard within a second; a heartbeat never says more than was told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue

from contracts.access.rights import (
    EndGrant,
    GetUserRights,
    GiveGrant,
    ListUsers,
    NoteSignIn,
    RightsChanged,
    RightsHeartbeat,
)
from contracts.access.safeguards import OpenEmergencyAccess
from contracts.topology import RIGHTS_NEWS, news_queue_prefix
from services.access.main import build
from services.kit.actor import Actor
from services.kit.heartbeat import told_until
from tests.access.conftest import ADMIN, CAUSE, GATEWAY, NOWHERE, giving
from tests.support import House, TestDatabases, eventually, now, rows, settings_for

USER = "expert@tampere"


@asynccontextmanager
async def hearing(house: House) -> AsyncIterator[AbstractQueue]:
    """What the gateway hears, as the gateway's own user of the broker."""
    connection = await aio_pika.connect(house.vhost.url("gateway"))
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(f"{news_queue_prefix('gateway')}{uuid4()}", exclusive=True)
        for exchange, key in RIGHTS_NEWS:
            await queue.bind(await channel.get_exchange(exchange, ensure=False), key)
        yield queue


async def next_of(queue: AbstractQueue, kind: str) -> AbstractIncomingMessage:
    """The next message of that type."""
    async with asyncio.timeout(30), queue.iterator(no_ack=True) as messages:
        async for message in messages:
            if message.type == kind:
                return message
    raise AssertionError


async def given(house: House, **more: Any) -> UUID:
    """A right of the user's."""
    await house.appoint(ADMIN.user, "837", ADMIN.role, "access_administration")
    await house.ask(NoteSignIn(user=USER), GATEWAY)
    asked = GiveGrant.model_validate(giving(USER).model_dump(exclude_unset=True) | more)
    return (await house.ask(asked, ADMIN)).grant_id


class TestNews:
    async def test_a_removal_is_heard_within_a_second(self, house: House) -> None:
        grant_id = await given(house)
        async with hearing(house) as queue:
            await house.ask(EndGrant(grant_id=grant_id, expected_version=1, reason="misuse"), ADMIN)
            ended = now()
            heard = json.loads((await next_of(queue, RightsChanged.TYPE)).body)
            assert heard["data"]["user"] == USER
            assert now() - ended < timedelta(seconds=1)
        assert (await house.ask(GetUserRights(user=USER), GATEWAY)).grants == ()

    async def test_a_heartbeat_comes_each_second_and_says_now(self, house: House) -> None:
        async with hearing(house) as queue:
            await next_of(queue, RightsHeartbeat.TYPE)
            told = RightsHeartbeat.model_validate_json((await next_of(queue, RightsHeartbeat.TYPE)).body)
            assert now() - told.as_of < timedelta(seconds=1)

    async def test_a_heartbeat_after_a_removal_comes_after_the_news_of_it(self, house: House) -> None:
        grant_id = await given(house)
        async with hearing(house) as queue:
            before = now()
            await house.ask(EndGrant(grant_id=grant_id, expected_version=1, reason="misuse"), ADMIN)
            heard = []
            async with asyncio.timeout(30), queue.iterator(no_ack=True) as messages:
                async for message in messages:
                    heard.append(message.type)
                    if message.type == RightsHeartbeat.TYPE and _as_of(message) > before + timedelta(milliseconds=200):
                        break
            assert RightsChanged.TYPE in heard

    async def test_emergency_access_opens_within_a_second(self, house: House) -> None:
        grant_id = await given(house)
        expert = Actor(user=USER, organisation="837", role="integration_expert", grant=grant_id)
        customer_id = uuid4()
        async with hearing(house) as queue:
            await house.ask(OpenEmergencyAccess(customer_id=customer_id, reason="In danger of life."), expert)
            opened = now()
            await next_of(queue, RightsChanged.TYPE)
            assert now() - opened < timedelta(seconds=1)
        [held] = (await house.ask(GetUserRights(user=USER), GATEWAY)).grants
        assert [each.customer_id for each in held.emergency] == [customer_id]


class TestHeartbeat:
    async def test_while_the_relay_stands_still_it_stays_where_the_news_began_to_wait(self, house: House) -> None:
        parts = house.services["access"].parts
        await given(house)
        await eventually(lambda: _is_current(house), what="all news told")
        async with parts.engine.begin() as connection:  # as a relay that hangs, whose lock no other gets
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({0x6B6F746F})")
            before = now()
            await given(house, role="advisor", task="guidance")
            waiting = await told_until(parts, RightsChanged)
            assert before <= waiting <= now()
            async with hearing(house) as queue:
                for _ in range(2):
                    assert _as_of(await next_of(queue, RightsHeartbeat.TYPE)) == waiting
        await eventually(lambda: _is_current(house), what="all news told")

    async def test_news_of_other_kinds_does_not_hold_it_back(self, databases: TestDatabases) -> None:
        service = build(settings_for("access", NOWHERE, await databases.new("access")))  # type: ignore[arg-type]
        async with service.parts.unit_of_work.begin(ADMIN, CAUSE, request=ListUsers) as work:
            work.record_use(data=["rights"], relation="none")
        url = service.parts.settings.database_url.get_secret_value()
        await rows(url, "UPDATE outbox SET occurred_at = occurred_at - interval '1 hour'")
        assert len(await rows(url, "SELECT FROM outbox WHERE published_at IS NULL")) == 1
        assert now() - await told_until(service.parts, RightsChanged) < timedelta(seconds=1)
        await service.parts.engine.dispose()


async def _is_current(house: House) -> bool:
    return now() - await told_until(house.services["access"].parts, RightsChanged) < timedelta(milliseconds=300)


def _as_of(message: AbstractIncomingMessage) -> datetime:
    return RightsHeartbeat.model_validate_json(message.body).as_of
