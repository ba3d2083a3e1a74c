"""The same hop written by hand: HTTP, a request and its reply over the broker, the same SQL, JSON; and no promise kept.

    python -m tests.bench.hop door|worker|faststream_door|faststream_worker

Spans are made as ours are, unless told otherwise. The FastStream variant has `broker.request` in the place of the
correlated client, and a FastStream subscriber in the place of the consumer; the rest is the same.
"""

import asyncio
import json
import pickle
import sys
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import aio_pika
import asyncpg
import uvicorn
import uvloop
from aio_pika.abc import AbstractIncomingMessage
from fastapi import FastAPI, Request
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind
from starlette.responses import Response

from contracts.customer.people import Person
from tests.bench.recorded import Statement

Asking = Callable[[bytes, dict[str, Any]], Awaitable[bytes]]
tracer = TracerProvider(resource=Resource.create({"service.name": "hop"})).get_tracer("hop")


async def door(told: dict[str, Any]) -> None:
    """HTTP in front, and an aio-pika client that knows replies by their correlation id."""
    connection = await aio_pika.connect(told["amqp"])
    channel = await connection.channel()
    replies = await channel.declare_queue(exclusive=True, auto_delete=True)
    waiting: dict[str, asyncio.Future[bytes]] = {}

    async def receive(message: AbstractIncomingMessage) -> None:
        waiting.pop(message.correlation_id or "").set_result(message.body)

    async def ask(body: bytes, headers: dict[str, Any]) -> bytes:
        call = str(uuid4())
        waiting[call] = asyncio.get_running_loop().create_future()
        message = aio_pika.Message(body, correlation_id=call, reply_to=replies.name, headers=headers)
        async with asyncio.timeout(10):
            await channel.default_exchange.publish(message, told["queue"])
            return await waiting[call]

    await replies.consume(receive, no_ack=True)
    await _serve(told["port"], ask)


async def faststream_door(told: dict[str, Any]) -> None:
    """HTTP in front, and FastStream's own requests."""
    broker = RabbitBroker(told["amqp"], logger=None, apply_types=False)
    await broker.start()

    async def ask(body: bytes, headers: dict[str, Any]) -> bytes:
        reply = await broker.request(body, queue=told["queue"], headers=headers, timeout=10)
        return bytes(reply.body)

    await _serve(told["port"], ask)


async def _serve(port: int, ask: Asking) -> None:
    app = FastAPI(
        openapi_url=None, telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False}
    )

    @app.get("/api/v1/customers/{customer_id}")
    async def get_customer(customer_id: UUID, request: Request) -> Response:
        with (
            tracer.start_as_current_span("GET", extract(request.headers), SpanKind.SERVER),
            tracer.start_as_current_span("ask", kind=SpanKind.CLIENT),
        ):
            headers: dict[str, Any] = {}
            inject(headers)
            reply = await ask(json.dumps({"customer_id": str(customer_id)}).encode(), headers)
        return Response(reply, media_type="application/json")

    server = uvicorn.Server(uvicorn.Config(app, port=port, lifespan="off", log_level="warning", access_log=False))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # uvicorn tells by this attribute alone
        await asyncio.sleep(0.01)
    print("ready", flush=True)  # noqa: T201
    await serving


async def worker(told: dict[str, Any]) -> None:
    """An aio-pika consumer that answers from the database, then acks."""
    answer = await _answering(told)
    connection = await aio_pika.connect(told["amqp"])
    channel = await connection.channel()
    await channel.set_qos(told["prefetch"])
    replying = await connection.channel(publisher_confirms=False)

    async def receive(message: AbstractIncomingMessage) -> None:
        body = await answer(message.body, message.headers)
        reply = aio_pika.Message(body, correlation_id=message.correlation_id)
        await replying.default_exchange.publish(reply, message.reply_to or "")
        await message.ack()

    queue = await channel.get_queue(told["queue"])
    await queue.consume(receive)
    print("ready", flush=True)  # noqa: T201
    await asyncio.Future()


async def faststream_worker(told: dict[str, Any]) -> None:
    """A FastStream subscriber that answers from the database; FastStream replies and acks."""
    answer = await _answering(told)
    broker = RabbitBroker(told["amqp"], logger=None, apply_types=False, decoder=_undecoded)

    @broker.subscriber(RabbitQueue(told["queue"], declare=False), channel=Channel(prefetch_count=told["prefetch"]))
    async def receive(message: RabbitMessage) -> bytes:
        return await answer(message.raw_message.body, message.headers)

    await broker.start()
    print("ready", flush=True)  # noqa: T201
    await asyncio.Future()


async def _undecoded(message: Any) -> Any:
    return message


async def _answering(told: dict[str, Any]) -> Callable[[bytes, dict[str, Any]], Awaitable[bytes]]:
    statement: Statement
    (statement,) = pickle.loads(b64decode(told["statements"]))
    sample = UUID(told["customer_id"])
    # without the statement that the pool would else send after each use, as SQLAlchemy's pool sends none
    pool = await asyncpg.create_pool(told["database"], min_size=10, max_size=10, reset=_no_reset)

    async def answer(body: bytes, headers: dict[str, Any]) -> bytes:
        customer_id = UUID(json.loads(body)["customer_id"])
        with tracer.start_as_current_span("answer", extract(headers), SpanKind.SERVER):
            async with pool.acquire() as connection, _nothing() if statement.alone else connection.transaction():
                span = tracer.start_span("SELECT", attributes={"db.query.text": statement.text[:1000]})
                row = await connection.fetchrow(statement.text, *statement.values_with({sample: customer_id}))
                span.end()
            return as_json(row)

    return answer


async def _no_reset(_: Any) -> None:
    pass


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


def as_json(row: Any) -> bytes:
    """The customer as our API shows it; an identity code as it is stored."""
    values = {name: _plain(value) for name, value in row.items()}
    values["name"] = {"family": values["family_name"], "given": values["given_name"]}
    customer = {
        "customer_id": values["customer_id"],
        "version": values["version"],
        "person": {name: values.get(name) for name in Person.model_fields},
        "relationships": values["relationships"],
        "masked": [],
        "household_non_disclosure": values["household_non_disclosure"],
        "merged": [],
        "first_permit_of_merged": None,
    }
    return json.dumps(customer, default=str).encode()


def _plain(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in "[{":
        return value
    stored = json.loads(value)
    return stored["value"] if isinstance(stored, dict) and "schema" in stored else stored


if __name__ == "__main__":
    uvloop.run(globals()[sys.argv[1]](json.loads(sys.stdin.readline())))
