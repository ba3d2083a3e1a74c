"""Consumers written by hand, on aio-pika and asyncpg: the same transaction as ours, acked after it.

python -m tests.bench.consumer one|batches
"""

import asyncio
import json
import pickle
import sys
from base64 import b64decode
from typing import Any
from uuid import UUID

import aio_pika
import asyncpg
import uvloop
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue
from uuid_utils.compat import uuid7

from services.kit.batches import BATCH
from tests.bench.recorded import Statement


async def one(told: dict[str, Any]) -> None:
    """One message, one transaction; so many at once as the prefetch allows."""
    statements: list[Statement] = pickle.loads(b64decode(told["statements"]))
    samples = UUID(told["fact_id"]), UUID(told["customer_id"])
    made = {value for each in statements for value in each.values if isinstance(value, UUID)} - set(samples)
    queue, pool = await _connected(told, told["prefetch"])

    async def receive(message: AbstractIncomingMessage) -> None:
        event = json.loads(message.body)
        ids = dict(zip(samples, (UUID(event["factid"]), UUID(event["data"]["customer_id"])), strict=True))
        ids |= {each: uuid7() for each in made}
        async with pool.acquire() as connection, connection.transaction():
            for each in statements:
                await connection.fetch(each.text, *each.values_with(ids))
        await message.ack()

    await queue.consume(receive)
    print("ready", flush=True)  # noqa: T201
    await asyncio.Future()


async def batches(told: dict[str, Any]) -> None:
    """As many messages in one transaction as our projections take."""
    queue, pool = await _connected(told, 4 * BATCH)
    arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    await queue.consume(arrived.put)
    print("ready", flush=True)  # noqa: T201
    while True:
        batch = [await arrived.get()]
        while len(batch) < BATCH and not arrived.empty():
            batch.append(arrived.get_nowait())
        events = [json.loads(each.body) for each in batch]
        ids = [UUID(each["data"]["customer_id"]) for each in events]
        rows = [
            (
                customer_id,
                each["subjectsequence"],
                sorted({its["municipality"] for its in each["data"]["relationships"] if its["state"] == "open"}),
            )
            for customer_id, each in zip(ids, events, strict=True)
        ]
        places = ", ".join(
            f"(${3 * n + 1}::uuid, ${3 * n + 2}::bigint, ${3 * n + 3}::text[])" for n in range(len(rows))
        )
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT pg_advisory_xact_lock_shared(hashtextextended(id::text, 0)) FROM unnest($1::uuid[]) AS id", ids
            )
            await connection.fetch("SELECT customer_id FROM tombstone WHERE customer_id = ANY($1::uuid[])", ids)
            await connection.execute(
                f"INSERT INTO customer_view (customer_id, sequence, open_municipalities) VALUES {places}"
                " ON CONFLICT (customer_id) DO UPDATE SET sequence = excluded.sequence,"
                " open_municipalities = excluded.open_municipalities WHERE customer_view.sequence < excluded.sequence",
                *(value for row in rows for value in row),
            )
        await batch[-1].ack(multiple=True)


async def _connected(told: dict[str, Any], prefetch: int) -> tuple[AbstractQueue, Any]:
    connection = await aio_pika.connect(told["amqp"])
    channel = await connection.channel()
    await channel.set_qos(prefetch)
    pool = await asyncpg.create_pool(told["database"], min_size=5, max_size=5, reset=_nothing)
    asyncio.current_task().bench = connection  # type: ignore[union-attr]  # else it is collected, and closed
    return await channel.get_queue(told["queue"]), pool


async def _nothing(_: Any) -> None:
    pass


if __name__ == "__main__":
    uvloop.run(globals()[sys.argv[1]](json.loads(sys.stdin.readline())))
