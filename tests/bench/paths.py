"""How many customers come from their opening to an approved plan in a second: every act, event and document of it."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from uuid import uuid4

import aiohttp

from tests import paths
from tests.bench.house import UNLIMITED, House, free_port, process
from tests.bench.measured import Effort, Figure, Report, Spread, Table

PATHS, WARM_UP, EXPERTS = 1000, 4, 16
AIM, AIM_OF_EXPORT = 1.0, 0.8
PAUSE = 0.25
"""Seconds after which somebody who waits for something looks again."""
OFF, ON = "no spans exported", "spans exported to a collector"
_API = "/api/v1"


@dataclass
class Walker:
    """An expert, counting what is sent."""

    session: aiohttp.ClientSession
    sent: Counter[str] = field(default_factory=Counter)
    _read: str = ""

    async def act(self, method: str, path: str, body: Any = None, version: int | None = None) -> Any:
        headers = {"Idempotency-Key": str(uuid4())} | ({"If-Match": f'"{version}"'} if version is not None else {})
        self._read = ""
        return await self._sent("acts", method, path, json=body, headers=headers)

    async def read(self, path: str) -> Any:
        if path == self._read:
            await asyncio.sleep(PAUSE)
        self._read = path
        return await self._sent("reads", "GET", path)

    async def _sent(self, kind: str, method: str, path: str, **more: Any) -> Any:
        self.sent[kind] += 1
        async with self.session.request(method, f"{_API}{path}", **more) as answer:
            if kind == "reads" and answer.status == 404:
                return None
            if answer.status >= 300:
                raise RuntimeError(f"{method} {path} was answered {answer.status}: {await answer.text()}")
            return await answer.json()


@dataclass(frozen=True)
class Turn:
    """So many paths gone: the seconds of each, of all, what was sent, and the processor time of each part."""

    each: list[float]
    seconds: float
    sent: Counter[str]
    cpu: dict[str, float]

    @property
    def rate(self) -> float:
        """Paths a second."""
        return len(self.each) / self.seconds

    @property
    def cost(self) -> float:
        """Seconds of processor time a path."""
        return sum(self.cpu.values()) / len(self.each)


async def measure(house: House, effort: Effort) -> Report:
    """Half of them with spans exported, half without, in turns; everybody's processes are the same but for that."""
    count = effort.of(PATHS) // (2 * effort.rounds)
    told = {OFF: "", ON: f"http://127.0.0.1:{(port := free_port())}/v1/traces"}
    turns: dict[str, list[Turn]] = {OFF: [], ON: []}
    with process("tests.bench.collector", told={"port": port}):
        order, now = [OFF, ON], OFF
        for _ in range(effort.rounds):
            for name in order:
                if name != now:
                    await _restart_all(house, told[name])
                now = name
                await _walk(house, WARM_UP)  # a new process knows no statement yet
                turns[name].append(await _walk(house, count))
            order.reverse()  # who was last is first: one restart each
        if now != OFF:
            await _restart_all(house, told[OFF])
    return _report(turns, 2 * count * effort.rounds)


async def _restart_all(house: House, endpoint: str) -> None:
    """Starts every service afresh, exporting there."""

    async def restart(name: str) -> None:
        await house.restart(name, told={"KOTO_OTLP_ENDPOINT": endpoint} | (UNLIMITED if name == "gateway" else {}))

    await asyncio.gather(*map(restart, tuple(house.programs)))


async def _walk(house: House, count: int) -> Turn:
    """So many paths, by so many experts at once as there are."""
    left, each, sent = iter(range(count)), [], Counter[str]()
    async with aiohttp.ClientSession(house.stack.gateway_url, headers=await house.headers()) as session:

        async def go() -> None:
            for _ in left:
                walker, began = Walker(session), perf_counter()
                await paths.walk(walker)
                each.append(perf_counter() - began)
                sent.update(walker.sent)

        before, began = house.cpu_seconds(), perf_counter()
        await asyncio.gather(*(go() for _ in range(EXPERTS)))
        took, after = perf_counter() - began, house.cpu_seconds()
    return Turn(each, took, sent, {part: after[part] - before[part] for part in after})


def _report(turns: dict[str, list[Turn]], count: int) -> Report:
    report = Report(f"Paths: {count} customers from their opening to an approved plan, {EXPERTS} at once")
    rates = {name: Spread(tuple(turn.rate for turn in own)) for name, own in turns.items()}
    costs = {name: Spread(tuple(turn.cost for turn in own)) for name, own in turns.items()}
    exported = rates[ON].over(rates[OFF])
    report.figures += [
        Figure("paths/s", f"at least {AIM}", f"{rates[OFF]:.2f}", rates[OFF].median >= AIM),
        Figure(
            "paths/s with spans exported, against without",
            f"at least {AIM_OF_EXPORT} times",
            f"{exported:.2f} times",
            exported.median >= AIM_OF_EXPORT,
        ),
    ]
    rows = [
        [
            name,
            f"{rates[name]:.2f}",
            f"{Spread(tuple(1 / cost for cost in costs[name].rounds)):.2f}",
            f"{Spread(tuple(sorted(turn.each)[len(turn.each) // 2] for turn in own)):.1f}",
            f"{Spread(tuple(turn.sent['acts'] / len(turn.each) for turn in own)).median:.0f}",
            f"{Spread(tuple(turn.sent['reads'] / len(turn.each) for turn in own)).median:.0f}",
        ]
        for name, own in turns.items()
    ]
    columns = ["", "paths/s", "paths a second of processor time", "p50 s a path", "acts a path", "reads a path"]
    report.tables.append(Table("In turns", columns, rows))
    parts = sorted(turns[OFF][0].cpu, key=lambda part: -turns[OFF][0].cpu[part])
    cells = [
        [part, *(f"{Spread(tuple(t.cpu[part] / len(t.each) * 1000 for t in own)):.0f}" for own in turns.values())]
        for part in parts
    ]
    report.tables.append(Table("Processor time by part, ms a path", ["part", *turns], cells))
    report.notes += [
        "A path is 18 acts: opened, interviewed, nine topics, duties, concluded, drafted, written, offered, approved by"
        " two; four documents are made of it.",
        f"Who waits for an event or a document looks again after {PAUSE} s, which is in the seconds of a path.",
        "The client's and the collector's own processor time is on the same cores and in no part.",
    ]
    return report
