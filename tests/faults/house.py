"""A whole house of processes, a load on it, and the counting afterwards."""

import asyncio
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import aiohttp

from contracts.topology import SERVICES
from deploy.local import environment, issuer
from deploy.local.program import Program
from services.kit import topology_apply
from tests.faults import dying
from tests.support import AlteredStack, eventually, is_settled, now, rows

CLIENTS = 6
ANSWER = [each.name for each in SERVICES if each.answers]
"""The services with a database of their own behind the broker."""


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

    def start(self, clients: int = CLIENTS) -> None:
        """Begins."""
        self._session = aiohttp.ClientSession(
            self.url, headers={"Authorization": f"Bearer {self.token}"}, timeout=aiohttp.ClientTimeout(total=15)
        )
        self._tasks = [asyncio.create_task(self._work()) for _ in range(clients)]

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
        acknowledged = await self._sent(method, path, body, {"Idempotency-Key": str(uuid4()), **(headers or {})})
        self.answered_at.append(time.monotonic())
        return acknowledged

    async def _sent(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        """What a request is answered, repeated until it succeeds; None where nothing is found to read."""
        while True:
            try:
                async with self._session.request(method, path, json=body, headers=headers) as response:
                    if response.status < 300:
                        return await response.json()
                    if method == "GET" and response.status == 404:
                        return None
                    if response.status not in (429, 503):
                        self.unexpected.append(f"{method} {path} {response.status} {await response.text()}")
            except (aiohttp.ClientError, TimeoutError):
                pass
            self.repeated += 1
            await asyncio.sleep(0.1)


LoadT = TypeVar("LoadT", bound=Load)


@dataclass
class Faulty:
    """The house, one process a part, whose parts can be killed."""

    home: Path
    time_scale: float
    stack: AlteredStack = field(init=False)
    kills: Counter[str] = field(default_factory=Counter)
    recoveries: list[tuple[str, float]] = field(default_factory=list)

    def start(self) -> None:
        """Starts all. Blocking."""
        self.orders = self.home.with_name("die")
        self.orders.mkdir()
        self.stack = AlteredStack(self.home, self._altered)
        self.stack.start(lambda _: nullcontext(), one_process_each=True)
        self.programs = {program.name: program for program in self.stack.services()}

    def _altered(self, program: Program) -> Program:
        told = program.environment
        if program.name in dying.SERVICES:
            told = told | {"KOTO_TEST_DIE": str(self.orders)}
            return replace(program, module=["tests.faults.dying"], environment=told)
        return replace(program, environment=told | {"KOTO_RATE_LIMIT": "1000000/minute"})

    async def prepare(self, load: type[LoadT]) -> LoadT:
        """Shortens the retry ladder, and signs an expert in, who will be that load."""
        passwords = {each.name: self.stack.secrets.broker_password(each.name) for each in SERVICES}
        await topology_apply.apply(self.stack.broker.management_url, environment.VHOST, passwords, self.time_scale)
        await eventually(self._all_ready, within=30, what="all services ready")
        return load(self.stack.gateway_url, await issuer.token(self.stack.issuer_url, "expert@tampere"))

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
        await asyncio.to_thread((self.orders / "customer_relay").write_text, "0")
        await eventually(lambda: _is(customer.pid is None), within=20, what="the relay's death")
        back = time.monotonic()
        await asyncio.to_thread(customer.start)
        await self._answered_again("relay", load, back)

    async def die_in(self, place: str, *, after: int = 0) -> None:
        """The process will die at that place of `dying.PLACES`, when it has passed there so often before; this starts
        it again then, in the background.
        """
        program = self.programs[dying.service_of(dying.PLACES[place][0])]
        await asyncio.to_thread((self.orders / place).write_text, str(after))

        async def back() -> None:
            await eventually(lambda: _is(program.pid is None), within=30, what=f"the death in {place}")
            await asyncio.to_thread(program.start)

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
        waiting = [await self.rows(each, "SELECT 1 FROM outbox WHERE published_at IS NULL LIMIT 1") for each in ANSWER]
        if any(waiting) or await self.parked():
            return not any(waiting)
        return await is_settled(self.rows)

    async def parked(self) -> list[Any]:
        """What is parked anywhere."""
        return [row for each in ANSWER for row in await self.rows(each, "SELECT type, reason FROM parked")]

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
