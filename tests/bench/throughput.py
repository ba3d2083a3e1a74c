"""How many events a second the relay publishes and the consumers handle, against the same by hand."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import aio_pika
import asyncpg

from contracts.envelope import CLOUDEVENTS_CONTENT_TYPE
from contracts.topology import events_exchange, queue
from services.kit.service import Service
from tests.bench.events import declare_like, facts_like, last_event, purge, put, told_to_consumer
from tests.bench.house import House, process, stopwatch
from tests.bench.measured import Effort, Figure, Report, Spread, Table
from tests.bench.recorded import Statement, record

OUTBOX, INPUT, PROJECTION = "outbox, 10 000 waiting", "input, one transaction an event", "projection, in batches"
AIM = 0.7
BOUND = ("assessment.input", "assessment.projection")
FILL = """INSERT INTO outbox (id, fact_id, type, subject, sequence, customer_ids, occurred_at, correlation_id,
        causation_id, actor, legal_basis, traceparent, data)
    SELECT new.id, new.id, type, new.id, 1, ARRAY[new.id], occurred_at, correlation_id, causation_id, actor,
        legal_basis, traceparent, data
    FROM (SELECT * FROM outbox ORDER BY position LIMIT 1) sample,
        (SELECT gen_random_uuid() AS id FROM generate_series(1, $1)) new"""


async def measure(house: House, effort: Effort) -> Report:
    """Each of the three, ours and by hand in turns."""
    await house.open_customer(first_residence_permit=None)  # a change that asks nothing of the reader: no event follows
    sample = await last_event(house)
    for name in ("customer", "assessment"):
        await house.end(name)
    rates: dict[tuple[str, str], list[float]] = {}
    turns = {OUTBOX: _outbox, INPUT: _input, PROJECTION: _projection}
    for _ in range(effort.rounds):
        for what, turn in turns.items():
            for side, rate in (await turn(house, sample, effort)).items():
                rates.setdefault((what, side), []).append(rate)
    for name in ("customer", "assessment"):
        await house.restart(name)
    report = Report("Throughput of events")
    rows = []
    for what in turns:
        ours, raw = (Spread(tuple(rates[what, side])) for side in ("ours", "by hand"))
        ratio = ours.over(raw)
        rows.append([what, f"{ours:.0f}", f"{raw:.0f}", f"{ratio:.2f}"])
        report.figures.append(
            Figure(f"{what}, against by hand", f"at least {AIM} times", f"{ratio:.2f} times", ratio.median >= AIM)
        )
    report.tables.append(Table("Events a second", ["what", "ours", "by hand", "ours/by hand"], rows))
    report.notes += [
        "By hand: the same statements and batches, by asyncpg and aio-pika; no contract checked, no span, no metric.",
        "Consumers are whole processes; their rate is read from the database's commit times, first to last.",
    ]
    return report


async def _outbox(house: House, _: dict[str, Any], effort: Effort) -> dict[str, float]:
    count = effort.of(10_000)
    service = house.service("customer")
    await service.parts.publisher.start()
    try:
        await _fill(house, 1)
        statements = await record(service.parts.engine, service.relay.drain_batch)
        rates = {}
        for side in ("ours", "by hand"):
            await _fill(house, count)
            async with _drained_by(side, service, house, statements) as drain:
                begun = stopwatch()
                await drain()
                rates[side] = count / (stopwatch() - begun)
            assert not await house.rows("customer", "SELECT 1 FROM outbox WHERE published_at IS NULL LIMIT 1")
            await purge(house, *BOUND)
    finally:
        await service.stop()
    return rates


async def _fill(house: House, count: int) -> None:
    await house.rows("customer", FILL, count)


@contextlib.asynccontextmanager
async def _drained_by(side: str, service: Service, house: House, statements: list[Statement]) -> AsyncIterator[Any]:
    """What drains the outbox, connected already."""

    async def ours() -> None:
        while await service.relay.drain_batch():
            pass

    if side == "ours":
        yield ours
        return
    lock, pending, mark = statements
    database = await asyncpg.connect(house.database_url("customer"))
    broker = await aio_pika.connect(service.parts.settings.rabbitmq_url.get_secret_value())
    exchange = await (await broker.channel()).get_exchange(events_exchange("customer"), ensure=False)

    async def publish(row: Any) -> None:
        message = aio_pika.Message(
            _body(row), content_type=CLOUDEVENTS_CONTENT_TYPE, delivery_mode=aio_pika.DeliveryMode.PERSISTENT
        )
        await exchange.publish(message, row["type"], mandatory=False)

    async def by_hand() -> None:
        rows = [None]
        while rows:
            async with database.transaction():
                await database.execute(lock.text, *lock.values)
                rows = await database.fetch(pending.text, *pending.values)
                await asyncio.gather(*map(publish, rows))
                positions = [row["position"] for row in rows]
                marked = [positions if isinstance(value, list) else value for value in mark.values]
                await database.execute(mark.text, *marked)

    yield by_hand
    await broker.close()
    await database.close()


def _body(row: Any) -> bytes:
    left_out = ("position", "published_at", "failure")
    told = {"specversion": "1.0", **{name: value for name, value in row.items() if name not in left_out}}
    told["data"] = json.loads(row["data"])
    return json.dumps(told, default=str).encode()


async def _input(house: House, sample: dict[str, Any], effort: Effort) -> dict[str, float]:
    done = "SELECT pg_xact_commit_timestamp(xmin) AS at FROM inbox WHERE fact_id = ANY($1) ORDER BY 1"
    prefetch = {"prefetch": _prefetch(house)}
    return await _consumers(house, sample, effort.of(2000), "input", "one", prefetch, done)


async def _projection(house: House, sample: dict[str, Any], effort: Effort) -> dict[str, float]:
    done = "SELECT pg_xact_commit_timestamp(xmin) AS at FROM customer_view WHERE customer_id = ANY($1) ORDER BY 1"
    return await _consumers(house, sample, effort.of(20_000), "projection", "batches", {}, done)


def _prefetch(house: House) -> int:
    """How many events the service holds at once (services/kit/service.py)."""
    pool: int = house.service("assessment").parts.settings.pool_size
    return max(1, pool - pool // 2 - 3)


async def _consumers(
    house: House, sample: dict[str, Any], count: int, purpose: str, kind: str, more: dict[str, Any], done: str
) -> dict[str, float]:
    ours = queue("assessment", purpose)
    by_hand = await declare_like(house, f"bench.{purpose}", ours)
    told = await told_to_consumer(house, sample, by_hand) | more
    rates = {}
    for side, name in (("ours", ours), ("by hand", by_hand)):
        facts = facts_like(sample, count)
        await put(house, name, facts)
        ids = [fact.customer_id if purpose == "projection" else fact.fact_id for fact in facts]
        if side == "ours":
            await house.restart("assessment")
            times = await _handled(house, done, ids)
            await house.end("assessment")
        else:
            with process("tests.bench.consumer", kind, told=told):
                times = await _handled(house, done, ids)
        first_transaction = times.count(times[0])
        rates[side] = (count - first_transaction) / (times[-1] - times[0]).total_seconds()
    return rates


async def _handled(house: House, done: str, ids: list[UUID]) -> list[datetime]:
    """When each was committed, once all are; asked seldom, and of the last alone, so as not to be in the way."""
    database = await asyncpg.connect(house.database_url("assessment"))
    try:
        rows: list[Any] = []
        for wanted in (ids[-1:], ids):
            async with asyncio.timeout(120):
                while True:
                    rows = await database.fetch(done, wanted)
                    if len(rows) == len(wanted):
                        break
                    await asyncio.sleep(0.1)
    finally:
        await database.close()
    return [row["at"] for row in rows]
