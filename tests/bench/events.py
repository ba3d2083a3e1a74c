"""Events for the benches: made of a real one, told with other ids, and the baselines that read them."""

import asyncio
import json
import pickle
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import aio_pika
from aio_pika import DeliveryMode, Message
from sqlalchemy import select
from uuid_utils.compat import uuid7

from contracts import topology
from contracts.envelope import CLOUDEVENTS_CONTENT_TYPE
from contracts.topology import CUSTOMER_STATES
from deploy.local import environment
from services.assessment.subscribers import INPUT
from services.kit.input_consumer import InputConsumer
from services.kit.outbox import event_message
from tests.bench.house import House
from tests.bench.recorded import Statement, record


@dataclass(frozen=True)
class Fact:
    """One event: which fact of which customer, and its message."""

    fact_id: UUID
    customer_id: UUID
    message: Message


async def last_event(house: House) -> dict[str, Any]:
    """The last event of the customer service, as it was published."""
    service = house.service("customer")
    outbox = service.parts.backbone.outbox
    async with service.parts.engine.connect() as connection:
        state = outbox.c.type.in_([each.TYPE for each in CUSTOMER_STATES])
        newest = select(outbox).where(state).order_by(outbox.c.position.desc()).limit(1)
        row = (await connection.execute(newest)).one()
    await service.parts.engine.dispose()
    found: dict[str, Any] = json.loads(event_message("customer", row).body)
    return found


def facts_like(sample: dict[str, Any], count: int) -> list[Fact]:
    """So many facts like the sample, each of a customer of its own."""
    facts = []
    for _ in range(count):
        fact_id, customer_id = uuid7(), uuid7()
        told = {"id": str(fact_id), "factid": str(fact_id), "subject": str(customer_id)}
        body = sample | told | {"data": sample["data"] | {"customer_id": str(customer_id)}}
        message = Message(
            json.dumps(body).encode(),
            content_type=CLOUDEVENTS_CONTENT_TYPE,
            message_id=str(fact_id),
            type=body["type"],
            delivery_mode=DeliveryMode.PERSISTENT,
        )
        facts.append(Fact(fact_id, customer_id, message))
    return facts


def broker_url(house: House) -> str:
    """The broker's administrator in the services' vhost."""
    return f"{house.stack.broker.amqp_url}/{environment.VHOST}"


async def put(house: House, queue: str, facts: Iterable[Fact]) -> None:
    """Puts the facts into a queue."""
    connection = await aio_pika.connect(broker_url(house))
    exchange = (await connection.channel()).default_exchange
    await asyncio.gather(*(exchange.publish(each.message, queue) for each in facts))
    await connection.close()


async def purge(house: House, *queues: str) -> None:
    """Empties the queues."""
    connection = await aio_pika.connect(broker_url(house))
    channel = await connection.channel()
    for name in queues:
        await (await channel.get_queue(name, ensure=False)).purge()
    await connection.close()


async def declare_like(house: House, name: str, example: str) -> str:
    """A queue as the example is, with its policy as arguments; returns its name."""
    policy = next(each.policy for each in topology.queues() if each.name == example)
    arguments = {f"x-{key}": value for key, value in policy.items() if not key.startswith("dead-letter")}
    connection = await aio_pika.connect(broker_url(house))
    channel = await connection.channel()
    await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum"} | arguments)
    await connection.close()
    return name


async def handling(house: House, fact: Fact) -> list[Statement]:
    """What the assessment service tells its database when it handles a fact, in one transaction."""
    service = house.service("assessment")
    message = SimpleNamespace(body=fact.message.body, headers={}, exchange="customer.events", ack=_settled)
    consumer = InputConsumer(service.parts, INPUT)
    try:
        statements = await record(service.parts.engine, lambda: consumer(message))  # type: ignore[arg-type]
    finally:
        await service.parts.engine.dispose()
    assert statements, "the event was not handled"
    return statements


async def _settled() -> None:
    pass


async def told_to_consumer(house: House, sample: dict[str, Any], queue: str) -> dict[str, Any]:
    """What the baseline's consumer is told: the statements of a fact like the sample."""
    (fact,) = facts_like(sample, 1)
    return {
        "amqp": broker_url(house),
        "queue": queue,
        "database": house.database_url("assessment"),
        "statements": b64encode(pickle.dumps(await handling(house, fact))).decode(),
        "fact_id": fact.fact_id,
        "customer_id": fact.customer_id,
    }
