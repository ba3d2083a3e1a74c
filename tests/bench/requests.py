"""What a request costs: GET /customers/{id} against the same hop written by hand, and the price of each promise."""

import asyncio
import contextlib
import json
import os
import pickle
import signal
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import sub
from typing import Any

import aio_pika
import aiohttp

from contracts import topology
from contracts.customer.people import GetCustomer
from services.customer.handlers.people import get_customer
from services.kit.work import Cause
from tests.bench import without
from tests.bench.house import CODE, EXPERT, PERSON, House, cpu_seconds, free_port, process
from tests.bench.load import KEY
from tests.bench.measured import MICRO, MILLI, Answers, Effort, Figure, Report, Spread, Table, load, percentile
from tests.bench.recorded import Statement, record

OURS, RAW, FASTSTREAM = "Koto", "by hand: aio-pika, asyncpg", "by hand: FastStream's broker.request"
CONNECTIONS = (1, 64)
PARTS = ("door", "worker", "RabbitMQ", "PostgreSQL")


@dataclass(frozen=True)
class Side:
    """One implementation of the hop: where its door listens, and the processes of its door and its worker."""

    port: int
    pids: tuple[int, int]


@dataclass(frozen=True)
class Turn:
    """One load on one side: its answers, and the processor time of each part in microseconds a request."""

    answers: Answers
    micros: dict[str, float]


async def measure(house: House, effort: Effort) -> Report:
    """The hop of one request, ours and the baselines' in turns; then ours without one promise after the other."""
    for name in ("gateway", "customer"):
        await house.restart(name, ["tests.bench.without"], {without.FILE: str(house.home / "without")})
    ours = Side(house.stack.ports["gateway"], (house.programs["gateway"].pid or 0, house.programs["customer"].pid or 0))
    customer_id = await house.open_customer(personal_identity_code=CODE)
    headers = await house.headers()
    read = {"label": "read", "method": "GET", "path": f"/api/v1/customers/{customer_id}", "headers": headers}
    report = Report("A request: GET /customers/{id}")
    with contextlib.ExitStack() as programs:
        sides = {OURS: ours} | await _baselines(house, customer_id, programs)
        await _same_answers(sides, read)
        await _compare(house, sides, read, effort, report)
    idempotency = "idempotency"
    reading = [name for name in without.PROMISES if name != idempotency]
    title = f"Reading, {CONNECTIONS[-1]} connections, one promise taken away at a time"
    report.tables.append(await _promises(house, ours, [read], [*reading, without.ALL], title, effort))
    changes = await _changes_of_nothing(house, headers, CONNECTIONS[-1])
    title = f"A change that changes nothing (PATCH), {CONNECTIONS[-1]} connections and as many customers"
    report.tables.append(await _promises(house, ours, changes, [idempotency], title, effort))
    report.notes += [
        "The client's own processor time is in every figure, ours and the baselines', on the same cores.",
        "A request that goes well writes no log line: logging costs it nothing.",
        "Spans are made on both sides and exported on neither.",
    ]
    for name in ("gateway", "customer"):
        await house.restart(name)
    return report


async def _changes_of_nothing(house: House, headers: dict[str, str], count: int) -> list[dict[str, Any]]:
    """Requests that change nothing of so many customers."""
    body = json.dumps({"changes": {"service_language": PERSON["service_language"]}})
    once = headers | {"Idempotency-Key": KEY.decode(), "If-Match": '"1"'}
    async with aiohttp.ClientSession(house.stack.gateway_url, headers=headers) as session:
        customers = await asyncio.gather(*(house.open_by(session) for _ in range(count)))
    return [
        {"label": "change", "method": "PATCH", "path": f"/api/v1/customers/{each}", "headers": once, "body": body}
        for each in customers
    ]


async def statements_of(house: House, customer_id: str) -> list[Statement]:
    """What the customer service asks of its database for the answer: without the border, and without the usage log."""
    service = house.service("customer")

    async def act() -> None:
        cause = Cause("bench", "bench")
        async with service.parts.unit_of_work.begin(EXPERT, cause, request=GetCustomer) as work:
            await get_customer(GetCustomer(customer_id=customer_id), work)

    try:
        return [each for each in await record(service.parts.engine, act) if each.text.startswith("SELECT customer.")]
    finally:
        await service.parts.engine.dispose()


async def _baselines(house: House, customer_id: str, programs: contextlib.ExitStack) -> dict[str, Side]:
    sides = {}
    for name, kind in ((RAW, ""), (FASTSTREAM, "faststream_")):
        told: dict[str, Any] = {
            "amqp": house.stack.broker.amqp_url,
            "queue": f"bench.{kind}requests",
            "port": free_port(),
            "database": house.database_url("customer"),
            "customer_id": customer_id,
            "statements": b64encode(pickle.dumps(await statements_of(house, customer_id))).decode(),
            "prefetch": house.service("customer").parts.settings.pool_size // 2,
        }
        await _declare(told["amqp"], told["queue"])
        worker = programs.enter_context(process("tests.bench.hop", f"{kind}worker", told=told))
        door = programs.enter_context(process("tests.bench.hop", f"{kind}door", told=told))
        sides[name] = Side(told["port"], (door.pid, worker.pid))
    return sides


async def _declare(amqp_url: str, queue: str) -> None:
    """A queue like those that services are asked through."""
    policy = next(each.policy for each in topology.queues() if each.name == topology.queue("customer", "requests"))
    arguments = {f"x-{name}": value for name, value in policy.items()}
    connection = await aio_pika.connect(amqp_url)
    channel = await connection.channel()
    await channel.declare_queue(queue, durable=True, arguments={"x-queue-type": "quorum"} | arguments)
    await connection.close()


async def _same_answers(sides: Mapping[str, Side], request: dict[str, Any]) -> None:
    """Fails when a baseline does not do what we do."""
    answers = {}
    async with aiohttp.ClientSession(headers=request["headers"]) as session:
        for name, side in sides.items():
            async with session.get(f"http://127.0.0.1:{side.port}{request['path']}") as answer:
                answers[name] = await answer.json()
                answers[name]["person"]["personal_identity_code"] = ""  # the baselines do not decrypt
    for name, answer in answers.items():
        assert answer == answers[OURS], f"{name} answers {answer}, we answer {answers[OURS]}"


async def _compare(
    house: House, sides: Mapping[str, Side], request: dict[str, Any], effort: Effort, report: Report
) -> None:
    rows = []
    for connections in CONNECTIONS:
        turns: dict[str, list[Turn]] = {name: [] for name in sides}
        for _ in range(effort.rounds):
            for name, side in sides.items():
                turns[name].append(await _turn(house, side, [request], connections, effort))
        rates = {name: Spread(tuple(each.answers.rate for each in own)) for name, own in turns.items()}
        for name, own in turns.items():
            all_latencies = [each for turn in own for each in turn.answers.all]
            rows.append(
                [
                    str(connections),
                    name,
                    f"{rates[name]:.0f}",
                    f"{percentile(all_latencies, 50) * MILLI:.1f}",
                    f"{percentile(all_latencies, 95) * MILLI:.1f}",
                    *(f"{Spread(tuple(turn.micros[part] for turn in own)).median:.0f}" for part in PARTS),
                    f"{rates[OURS].over(rates[name]):.2f}",
                ]
            )
        ratio = rates[OURS].over(rates[RAW])
        report.figures.append(
            Figure(
                f"requests/s against the hop by hand, {connections} connection{'s' * (connections > 1)}",
                "at least 0.7 times",
                f"{ratio:.2f} times",
                ratio.median >= 0.7,
            )
        )
    ratio = rates[OURS].over(rates[FASTSTREAM])
    report.figures.append(
        Figure(
            f"requests/s against FastStream's broker.request, {connections} connections",
            "at least 2.5 times",
            f"{ratio:.1f} times",
            ratio.median >= 2.5,
        )
    )
    report.notes.append(
        f"The hop by hand itself answers {rates[RAW].over(rates[FASTSTREAM]):.1f} times as many as FastStream's "
        f"broker.request at {connections} connections: on these cores nothing can be faster than that."
    )
    columns = ["connections", "side", "requests/s", "p50 ms", "p95 ms", *(f"{part} µs" for part in PARTS), "ours/this"]
    report.tables.append(Table("The same hop, in turns; µs of processor time a request, by part", columns, rows))


async def _turn(house: House, side: Side, requests: list[dict[str, Any]], connections: int, effort: Effort) -> Turn:
    """One load on one side, and the processor time it took."""

    def spent() -> dict[str, float]:
        servers = house.cpu_seconds()
        door, worker = (cpu_seconds(pid) for pid in side.pids)
        return {"door": door, "worker": worker, **{name: servers[name] for name in PARTS if name in servers}}

    before = spent()
    answers = await load(side.port, requests, connections=connections, seconds=effort.seconds)
    after = spent()
    return Turn(answers, {part: (after[part] - before[part]) / answers.answered * MICRO for part in PARTS})


async def _promises(
    house: House, side: Side, requests: list[dict[str, Any]], promises: Sequence[str], title: str, effort: Effort
) -> Table:
    """What is saved when one promise is not kept."""
    kept = "none: all promises kept"
    taken: dict[str, list[Turn]] = {name: [] for name in (kept, *promises)}
    short = replace(effort, seconds=max(0.3, effort.seconds / 2))  # what is compared is small, and the machine drifts
    for _ in range(2 * effort.rounds):
        for name, turns in taken.items():
            _take_away(house, name)
            turns.append(await _turn(house, side, requests, CONNECTIONS[-1], short))
    _take_away(house, "")
    costs = {
        name: Spread(tuple(each.micros["door"] + each.micros["worker"] for each in own)) for name, own in taken.items()
    }
    rates = {name: Spread(tuple(each.answers.rate for each in own)) for name, own in taken.items()}
    rows = [
        [
            name,
            f"{costs[name]:.0f}",
            "" if name == kept else f"{Spread(tuple(map(sub, costs[kept].rounds, costs[name].rounds))):.0f}",
            f"{rates[name]:.0f}",
            f"{rates[name].over(rates[kept]):.2f}",
        ]
        for name in taken
    ]
    return Table(title, ["taken away", "µs of gateway and service", "saved µs", "requests/s", "times as many"], rows)


def _take_away(house: House, promise: str) -> None:
    (house.home / "without").write_text(promise)
    for name in ("gateway", "customer"):
        os.kill(house.programs[name].pid or 0, signal.SIGUSR1)
