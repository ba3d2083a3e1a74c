"""The queue of the usage log: what the broker brings twice or out of order, what can't be kept, and who dies when."""

import random
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
import pytest_asyncio

from contracts.topology import events_exchange
from services.kit.batches import Told
from services.kit.parts import Parts
from tests.access.usage import UsageLog, usage_log
from tests.support import TestDatabases, Vhost, eventually

pytestmark = [pytest.mark.database, pytest.mark.broker]


@pytest_asyncio.fixture
async def log(databases: TestDatabases, vhost: Vhost) -> AsyncIterator[UsageLog]:
    """An empty log, whose service stops at the end."""
    async with usage_log(databases, vhost) as made:
        yield made
        await made.service.stop()


async def send(vhost: Vhost, *told: Told, by: str = "customer") -> None:
    """Publishes lines as a service does: on its own exchange, as its own user."""
    connection = await aio_pika.connect(vhost.url(by))
    async with connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(events_exchange(by), ensure=False)
        for envelope, _ in told:
            message = aio_pika.Message(
                envelope.model_dump_json().encode(), message_id=str(envelope.id), type=envelope.type
            )
            await exchange.publish(message, f"{by}.data_used.v1")


async def facts(log: UsageLog) -> list[Any]:
    return sorted(row["fact_id"] for row in await log.lines())


async def came(log: UsageLog, told: Sequence[Told]) -> None:
    """Returns when these and no others are in the log, each once."""
    wanted = sorted(envelope.factid for envelope, _ in told)

    async def all_are_there() -> bool:
        return await facts(log) == wanted

    await eventually(all_are_there)


async def test_what_comes_doubled_and_disordered_is_kept_once(log: UsageLog, vhost: Vhost) -> None:
    told = [log.line() for _ in range(200)]
    sent = [*told, *told[::3]]
    random.Random(1).shuffle(sent)
    await send(vhost, *sent)
    await log.service.start()
    await came(log, told)
    await eventually(lambda: queue_is_empty(vhost))
    assert (await log.verified(senders=())).found == {}
    assert await log.sql("SELECT * FROM parked") == []


async def test_what_one_service_tells_in_another_s_name_is_parked(log: UsageLog, vhost: Vhost) -> None:
    honest, forged = log.line(), log.line()
    await send(vhost, forged, by="assessment")
    await send(vhost, honest)
    await log.service.start()
    await came(log, [honest])
    [parked] = await eventually(lambda: log.sql("SELECT reason FROM parked"))
    assert "another service's exchange" in parked["reason"]


async def queue_is_empty(vhost: Vhost) -> bool:
    return not await vhost.get("access.usage")


async def test_dying_after_the_commit_and_before_the_ack_doubles_nothing(log: UsageLog, vhost: Vhost) -> None:
    (_, consumer) = log.service._batched  # the projection is the other
    keep, died = consumer._keep, []

    async def keeps_and_dies(parts: Parts, told: Sequence[Told]) -> None:
        await keep(parts, told)
        if len(died) < 3:
            died.append(len(told))
            raise ConnectionError

    consumer._keep = keeps_and_dies
    told = [log.line() for _ in range(100)]
    await send(vhost, *told)
    await log.service.start()
    await came(log, told)
    assert len(died) == 3
    await eventually(lambda: queue_is_empty(vhost))
    assert await log.sql("SELECT * FROM parked") == []


async def test_a_line_that_can_not_be_kept_is_parked_and_the_others_are_kept(log: UsageLog, vhost: Vhost) -> None:
    first = log.line()
    await log.keep(first)
    told = [log.line() for _ in range(6)]
    await send(vhost, *told[:3], log.line(number=1), *told[3:])
    await log.service.start()
    await came(log, [first, *told])
    (parked,) = await eventually(lambda: log.sql("SELECT * FROM parked"))
    assert parked["origin"] == "usage"
    assert parked["reason"].startswith("its number on the sender's line is that of another fact")


async def test_a_parked_line_outlives_whom_it_is_about_and_can_be_replayed(log: UsageLog, vhost: Vhost) -> None:
    erased = uuid4()
    told = log.line(customers=[erased])
    await log.sql("INSERT INTO tombstone VALUES ($1, now())", erased)
    (_, consumer) = log.service._batched  # the projection is the other
    keep = consumer._keep

    async def can_not(*_: Any) -> None:
        raise ValueError

    consumer._keep = can_not
    await send(vhost, told)
    await log.service.start()
    (parked,) = await eventually(lambda: log.sql("SELECT * FROM parked"))
    assert parked["customer_ids"] == []
    consumer._keep = keep
    await log.service.parked.replay(parked["id"], "operator")
    await came(log, [told])


async def test_the_service_signs_a_checkpoint_by_itself(log: UsageLog) -> None:
    await log.service.start()

    async def signed() -> bool:
        return bool(log.checkpoints.read())

    await eventually(signed)
