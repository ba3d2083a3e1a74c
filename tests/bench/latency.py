"""How long after its commit a change is acted on elsewhere, by the databases' own commit times, at 20 acts a second."""

import asyncio
from typing import Any
from uuid import UUID

import aio_pika
import aiohttp
import asyncpg

from tests.bench.events import Fact, broker_url, declare_like, facts_like, last_event, told_to_consumer
from tests.bench.house import House, process
from tests.bench.measured import MILLI, Effort, Figure, Report, Spread, Table, percentile
from tests.support import eventually

RATE = 20
AIM = 15
QUEUE = "bench.latency"
_WHEN = "SELECT {key} AS id, pg_xact_commit_timestamp(xmin) AS at FROM {table} WHERE {key} = ANY($1)"
ACTED = _WHEN.format(key="fact_id", table="inbox")
PROJECTED = _WHEN.format(key="customer_id", table="customer_view")


async def measure(house: House, effort: Effort) -> Report:
    """Ours with one replica and with two, and a straight publish after the commit, in turns."""
    await house.open_customer()
    sample = await last_event(house)
    await declare_like(house, QUEUE, "assessment.input")
    told = await told_to_consumer(house, sample, QUEUE) | {"prefetch": 2}
    turns: dict[str, list[list[float]]] = {}
    count = max(10, round(RATE * effort.seconds * 3))
    warm_up = max(5, count // 4)  # a new process knows no statement yet, on none of its connections
    for _ in range(effort.rounds):
        acted, projected = await _ours(house, count, warm_up)
        turns.setdefault("acted on", []).append(acted)
        turns.setdefault("kept in the read model", []).append(projected)
        second = [await house.replica(name) for name in ("customer", "assessment")]
        acted, projected = await _ours(house, count, warm_up)
        for name in second:
            await house.end(name)
        turns.setdefault("acted on, two replicas of each service", []).append(acted)
        turns.setdefault("kept in the read model, two replicas", []).append(projected)
        with process("tests.bench.consumer", "one", told=told):
            turns.setdefault("by hand: published after the commit, no outbox", []).append(
                await _by_hand(house, facts_like(sample, warm_up + count), warm_up)
            )
    report = Report(f"From commit to commit: {RATE} events/s")
    for name in ("acted on", "acted on, two replicas of each service"):
        p95 = _spread(turns[name], 95)
        report.figures.append(
            Figure(f"p95 from commit to {name}", f"under {AIM} ms", f"{p95:.1f} ms", p95.median < AIM)
        )
    rows = [[name, *(f"{_spread(own, percent):.1f}" for percent in (50, 95, 99))] for name, own in turns.items()]
    title = "Milliseconds from the commit of the act to the commit of its effect in the other database"
    report.tables.append(Table(title, ["what", "p50", "p95", "p99"], rows))
    report.notes += [
        "Acts come in even time, one after the other, by HTTP; each opens a customer, and makes an assessment.",
        "Both moments are PostgreSQL's own (pg_xact_commit_timestamp): nothing measured is in the way of the event.",
    ]
    return report


def _spread(turns: list[list[float]], percent: int) -> Spread:
    return Spread(tuple(percentile(each, percent) * MILLI for each in turns))


async def _ours(house: House, count: int, warm_up: int) -> tuple[list[float], list[float]]:
    await _open_customers(house, warm_up)
    opened = await _open_customers(house, count)
    committed = """SELECT o.fact_id, r.customer_id, pg_xact_commit_timestamp(r.xmin) AS at
        FROM client_relationship r JOIN outbox o ON o.subject = r.customer_id WHERE r.customer_id = ANY($1)"""
    acts = await house.rows("customer", committed, opened)
    acted = await _all(house, ACTED, [act["fact_id"] for act in acts])
    projected = await _all(house, PROJECTED, opened)
    return (
        [(acted[act["fact_id"]] - act["at"]).total_seconds() for act in acts],
        [(projected[act["customer_id"]] - act["at"]).total_seconds() for act in acts],
    )


async def _open_customers(house: House, count: int) -> list[UUID]:
    async with aiohttp.ClientSession(house.stack.gateway_url, headers=await house.headers()) as session:
        return [UUID(each) for each in await _evenly(count, lambda: house.open_by(session))]


async def _by_hand(house: House, facts: list[Fact], warm_up: int) -> list[float]:
    broker = await aio_pika.connect(broker_url(house))
    exchange = (await broker.channel()).default_exchange
    database = await asyncpg.connect(house.database_url("customer"))
    await database.execute("CREATE TABLE IF NOT EXISTS bench_act (id uuid PRIMARY KEY)")
    left = iter(facts)

    async def act() -> None:
        fact = next(left)
        await database.execute("INSERT INTO bench_act VALUES ($1)", fact.fact_id)
        await exchange.publish(fact.message, QUEUE)

    await _evenly(len(facts), act)
    query = "SELECT id, pg_xact_commit_timestamp(xmin) AS at FROM bench_act WHERE id = ANY($1)"
    acts = {row["id"]: row["at"] for row in await database.fetch(query, [fact.fact_id for fact in facts])}
    await database.close()
    await broker.close()
    acted = await _all(house, ACTED, list(acts))
    return [(acted[fact.fact_id] - acts[fact.fact_id]).total_seconds() for fact in facts[warm_up:]]


async def _evenly(count: int, act: Any) -> list[Any]:
    """Does so many acts, one each twentieth of a second."""
    begun = asyncio.get_running_loop().time()
    done = []
    for number in range(count):
        await asyncio.sleep(begun + number / RATE - asyncio.get_running_loop().time())
        done.append(await act())
    return done


async def _all(house: House, query: str, ids: list[UUID]) -> dict[UUID, Any]:
    """When each of these was committed in the assessment service's database, once all are."""

    async def complete() -> dict[UUID, Any] | None:
        rows = await house.rows("assessment", query, ids)
        return {row["id"]: row["at"] for row in rows} if len(rows) == len(ids) else None

    found: dict[UUID, Any] = await eventually(complete, what="all acted on")
    return found
