"""A whole house of processes, a load on it, and the counting afterwards."""

import asyncio
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from contracts.topology import SERVICES
from deploy.local import environment, issuer
from deploy.local.program import Program
from deploy.local.stack import Stack
from services.kit import topology_apply
from tests.support import eventually, now, rows

CLIENTS = 6


TOLD = "WHERE type NOT LIKE '%.data_used.v1'"
"""Events but those for the usage log."""


@dataclass
class Load:
    """Experts who open customers and change them, and repeat what they got no answer to, with the same key."""

    url: str
    token: str
    opened: list[str] = field(default_factory=list)
    changed: Counter[str] = field(default_factory=Counter)
    answered_at: list[float] = field(default_factory=list)
    repeated: int = 0
    unexpected: list[str] = field(default_factory=list)
    _over: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Begins."""
        self._session = aiohttp.ClientSession(
            self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=aiohttp.ClientTimeout(total=15)
        )
        self._tasks = [asyncio.create_task(self._work()) for _ in range(CLIENTS)]

    async def stop(self) -> None:
        """Lets every act that was begun come to its acknowledgement."""
        self._over = True
        await asyncio.gather(*self._tasks)
        await self._session.close()

    @property
    def acts(self) -> int:
        """How many acts were acknowledged."""
        return len(self.opened) + sum(self.changed.values())

    async def _work(self) -> None:
        while not self._over:
            body = {
                "person": {
                    "name": {"family": f"Load {uuid4()}", "given": "Test"},
                    "date_of_birth": "1990-01-01",
                    "first_residence_permit": {
                        "kind": "continuous",
                        "ground": "international_protection_asylum",
                        "granted_on": f"{now().year - 1}-03-01",
                    },
                },
                "arrival": "moved",
            }
            customer = (await self._act("POST", "/api/v1/customers", body))["customer_id"]
            self.opened.append(customer)
            await self._act(
                "PATCH",
                f"/api/v1/customers/{customer}",
                {"changes": {"service_language": "so"}, "source": "customer"},
                {"If-Match": '"1"'},
            )
            self.changed[customer] += 1

    async def _act(self, method: str, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        """One act, repeated with its key until it is acknowledged."""
        headers = {"Idempotency-Key": str(uuid4()), **(headers or {})}
        while True:
            try:
                async with self._session.request(method, path, json=body, headers=headers) as response:
                    if response.status < 300:
                        self.answered_at.append(time.monotonic())
                        return await response.json()
                    if response.status not in (429, 503):
                        self.unexpected.append(f"{method} {response.status} {await response.text()}")
            except (aiohttp.ClientError, TimeoutError):
                pass
            self.repeated += 1
            await asyncio.sleep(0.1)


@dataclass
class Faulty:
    """The house, one process a part, whose parts can be killed."""

    home: Path
    time_scale: float
    stack: Stack = field(init=False)
    kills: Counter[str] = field(default_factory=Counter)
    recoveries: list[tuple[str, float]] = field(default_factory=list)

    def start(self) -> None:
        """Starts all. Blocking."""
        self.stack = Stack(self.home)
        self.stack.start(lambda _: nullcontext(), one_process_each=True)
        self.programs = {program.name: program for program in self.stack.services()}
        customer = self.programs["customer"]
        self.die = self.home / "die"
        dying = replace(
            customer,
            module=["tests.faults.dying_customer"],
            environment={**customer.environment, "KOTO_TEST_DIE": str(self.die)},
        )
        gateway = self.programs["gateway"]
        unlimited = replace(gateway, environment={**gateway.environment, "KOTO_RATE_LIMIT": "1000000/minute"})
        gateway.stop()
        unlimited.start()
        self.programs["gateway"] = unlimited
        customer.stop()
        dying.start()
        self.programs["customer"] = dying

    async def prepare(self) -> Load:
        """Shortens the retry ladder, and signs an expert in."""
        passwords = {each.name: self.stack.secrets.broker_password(each.name) for each in SERVICES}
        await topology_apply.apply(self.stack.broker.management_url, environment.VHOST, passwords, self.time_scale)
        await eventually(self._all_ready, within=30, what="all services ready")
        return Load(self.stack.gateway_url, await issuer.token(self.stack.issuer_url, "expert@tampere"))

    async def kill(self, what: str, load: Load, *, away: float = 0.0) -> None:
        """Kills a part at once, leaves it away so many seconds, starts it, and waits until acts are answered again."""
        part: Any = {"RabbitMQ": self.stack.broker, "PostgreSQL": self.stack.database}.get(what) or self.programs[what]
        self.kills[what] += 1
        await asyncio.to_thread(part.kill)
        await asyncio.sleep(away)  # the length of the outage is what is tested
        back = time.monotonic()
        await asyncio.to_thread(part.start)
        await self._answered_again(f"{what} away {away:.0f} s" if away else what, load, back)

    async def kill_relay_between_confirm_and_mark(self, load: Load) -> None:
        """The customer process dies at that line, under load."""
        customer: Program = self.programs["customer"]
        self.kills["relay between confirm and mark"] += 1
        await asyncio.to_thread(self.die.write_text, "0")
        await eventually(lambda: _is(customer.pid is None), within=20, what="the relay's death")
        back = time.monotonic()
        await asyncio.to_thread(customer.start)
        await self._answered_again("relay", load, back)

    async def die_in(self, place: str, *, after: int = 0) -> None:
        """The customer process will die at that place of `dying_customer.PLACES`, when it has passed there so often
        before; this starts it again then, in the background.
        """
        customer: Program = self.programs["customer"]
        await asyncio.to_thread(self.die.with_name(place).write_text, str(after))

        async def back() -> None:
            await eventually(lambda: _is(customer.pid is None), within=30, what=f"the death in {place}")
            await asyncio.to_thread(customer.start)

        self._coming_back = asyncio.create_task(back())

    async def came_back(self) -> None:
        """Returns when it has."""
        await self._coming_back
        await eventually(self._all_ready, within=60, what="ready after the death")

    async def _answered_again(self, what: str, load: Load, back: float) -> None:
        await eventually(self._all_ready, within=60, what=f"ready after {what}")
        known = len(load.answered_at)
        await eventually(lambda: _is(len(load.answered_at) > known + CLIENTS), within=60, what=f"answers after {what}")
        first = next(moment for moment in load.answered_at if moment > back)
        self.recoveries.append((what, first - back))

    async def _all_ready(self) -> bool:
        ready = [await asyncio.to_thread(program.is_ready) for program in self.programs.values()]
        return all(ready)

    async def rows(self, service: str, query: str, *values: Any) -> list[Any]:
        """Rows of a service's database."""
        return await rows(self.stack.environments()[service]["KOTO_DATABASE_OWNER_URL"], query, *values)

    async def settles(self, within: float) -> bool:
        """Whether all that was committed comes to be published, acted on and projected, or something is parked."""
        try:
            await eventually(self._settled, within=within)
        except AssertionError:
            return False
        return True

    async def _settled(self) -> bool:
        pending = await self.rows("customer", "SELECT 1 FROM outbox WHERE published_at IS NULL LIMIT 1")
        pending += await self.rows("assessment", "SELECT 1 FROM outbox WHERE published_at IS NULL LIMIT 1")
        if pending or await self.parked():
            return not pending
        told = await self.rows("customer", f"SELECT fact_id FROM outbox {TOLD}")
        acted_on = await self.rows("assessment", "SELECT fact_id FROM inbox")
        newest = await self.rows(
            "customer", f"SELECT subject, max(sequence) AS last FROM outbox {TOLD} GROUP BY 1 ORDER BY 1"
        )
        seen = await self.rows("assessment", "SELECT customer_id, sequence FROM customer_view ORDER BY 1")
        return {row[0] for row in told} == {row[0] for row in acted_on} and list(map(tuple, newest)) == list(
            map(tuple, seen)
        )

    async def parked(self) -> list[Any]:
        """What is parked anywhere."""
        return [
            row
            for each in ("customer", "assessment")
            for row in await self.rows(each, "SELECT type, reason FROM parked")
        ]

    def stop(self) -> None:
        """Ends every process at once. Blocking."""
        self.stack.kill()


async def _is(value: bool) -> bool:
    return value


def report(faulty: Faulty, load: Load, lost: int, doubled: int, parked: int) -> str:
    """The table that a fault run prints."""
    what, longest = max(faulty.recoveries, key=lambda each: each[1])
    kills = ", ".join(f"{name} x{count}" for name, count in sorted(faulty.kills.items()))
    return (
        f"\n  acts acknowledged {load.acts} (repeated after no answer: {load.repeated})\n  kills             {kills}\n"
        f"  lost {lost}   doubled {doubled}   parked {parked}\n"
        f"  longest recovery  {longest:.1f} s (after {what})\n"
    )
