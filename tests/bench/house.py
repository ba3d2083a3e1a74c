"""The house that is measured: every part a process of its own, and a database that waits for its disk."""

import asyncio
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import asyncpg
import psutil

from deploy.local import issuer
from deploy.local.postgres import Postgres
from deploy.local.program import Program
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import Stack
from services.kit.actor import Actor
from services.kit.run import build
from services.kit.service import Service
from tests.support import eventually, now, rows

EXPERT = Actor(user="expert@tampere", organisation="837", role="integration_expert", task="integration_services")
CODE = "010594Y9032"
UNLIMITED = {"KOTO_RATE_LIMIT": "1000000000/minute"}
"""The gateway's limit of requests of one user would be all that is measured."""
PERSON = {
    "name": {"family": "Esimerkki", "given": "Aamu"},
    "date_of_birth": "1994-05-01",
    "citizenships": ["SOM"],
    "mother_tongue": "so",
    "service_language": "fi",
    "interpreter": {"needed": True, "language": "so"},
    "contact": {"email": "aamu@example.org"},
    "first_residence_permit": {
        "kind": "continuous",
        "ground": "international_protection_asylum",
        "granted_on": f"{now().year - 1}-03-02",
    },
}


@dataclass
class House:
    """All services and servers in a folder of their own, which is made anew."""

    home: Path
    stack: Stack = field(init=False)
    programs: dict[str, Program] = field(init=False)

    def start(self) -> None:
        """Starts all. Blocking."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True, mode=0o700)
        self.stack = Stack(self.home)
        if not (isinstance(self.stack.broker, RabbitMQ) and isinstance(self.stack.database, Postgres)):
            raise RuntimeError("benches bring their own servers: unset KOTO_POSTGRES_URL and KOTO_RABBITMQ_URL")
        self.stack.database.start()
        asyncio.run(self._note_commits())
        self.stack.database.stop()
        self.stack.start(lambda _: nullcontext(), one_process_each=True)
        self.programs = {program.name: program for program in self.stack.services()}
        # where no transaction says whose border it stands within, as where a bench takes the border away: beyond it
        asyncio.run(rows(self.stack.database.url, "ALTER ROLE koto_customer SET koto.municipality = '*'"))
        asyncio.run(self.restart("gateway", told=UNLIMITED))

    async def _note_commits(self) -> None:
        """The server notes when each transaction committed: latencies are read there, and nothing is in the way."""
        connection = await asyncpg.connect(self.stack.database.url)
        await connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
        await connection.close()

    def stop(self) -> None:
        """Ends every process at once. Blocking."""
        if self.home.exists():
            Stack(self.home).kill()

    async def restart(
        self, name: str, module: Sequence[str] = ("services.kit.run",), told: Mapping[str, str] | None = None
    ) -> None:
        """Starts a process afresh, from that module and told more, and waits until it is ready."""
        await self.end(name)
        program = self.programs[name]
        program = replace(program, module=list(module), environment={**program.environment, **(told or {})})
        self.programs[name] = program
        await asyncio.to_thread(program.start)
        await eventually(lambda: asyncio.to_thread(program.is_ready), within=30, what=f"{name} ready")

    async def end(self, name: str) -> None:
        """Ends a service's process in order."""
        await asyncio.to_thread(self.programs[name].stop)

    async def replica(self, name: str) -> str:
        """Starts one more process of a service, and returns the name that it can be ended by."""
        port = free_port()
        first = self.programs[name]
        told = first.environment | {"KOTO_OPERATIONS_PORT": str(port)}
        second = replace(first, name=f"{name}-2", environment=told, ready_urls=[f"http://127.0.0.1:{port}/readyz"])
        self.programs[second.name] = second
        await self.restart(second.name)
        return second.name

    def service(self, name: str) -> Service:
        """The service with the settings of its process, built here and not started."""
        built = build(self.stack.environments()[name])
        assert isinstance(built, Service)
        return built

    async def rows(self, service: str, query: str, *values: Any) -> list[Any]:
        """Rows of a service's database."""
        return await rows(self.database_url(service), query, *values)

    def database_url(self, service: str) -> str:
        """A service's own database, as its owner."""
        return self.stack.environments()[service]["KOTO_DATABASE_OWNER_URL"].replace("+asyncpg", "")

    async def headers(self, user: str = EXPERT.user) -> dict[str, str]:
        """What a signed-in user sends."""
        return {"Authorization": f"Bearer {await issuer.token(self.stack.issuer_url, user)}"}

    async def open_customer(self, **person: Any) -> str:
        """Opens a customer by HTTP and returns the id."""
        async with aiohttp.ClientSession(self.stack.gateway_url, headers=await self.headers()) as session:
            return await self.open_by(session, **person)

    async def open_by(self, session: aiohttp.ClientSession, **person: Any) -> str:
        """The same, by a session that is open and signed in."""
        body, key = {"person": PERSON | person, "arrival": "moved"}, {"Idempotency-Key": str(uuid4())}
        async with session.post("/api/v1/customers", json=body, headers=key) as answer:
            if answer.status != 201:
                raise RuntimeError(f"no customer was opened: {answer.status} {await answer.text()}")
            return str((await answer.json())["customer_id"])

    def cpu_seconds(self) -> dict[str, float]:
        """The processor time that each part has taken until now; PostgreSQL's with its processes'."""
        parts = {name: program.pid for name, program in self.programs.items()}
        parts |= {"RabbitMQ": self.stack.broker.pid, "PostgreSQL": self.stack.database.pid}  # type: ignore[union-attr]
        return {name: cpu_seconds(pid) for name, pid in parts.items() if pid}


def cpu_seconds(pid: int) -> float:
    """The processor time of a process and its children, gone ones too."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    total = own.user + own.system + own.children_user + own.children_system
    for child in process.children():
        with contextlib.suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            total += times.user + times.system
    return total


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(module: str, *arguments: str, told: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """One of the bench's own programs, told in a JSON line, once it has said that it is ready, until the block ends."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdin
        assert started.stdout
        started.stdin.write(json.dumps(told, default=str) + "\n")
        started.stdin.flush()
        line = started.stdout.readline()
        if line != "ready\n":
            raise RuntimeError(f"{' '.join(command)} does not start: {line}")
        try:
            yield started
        finally:
            started.terminate()


def stopwatch() -> float:
    """Seconds on the clock that rounds are measured by."""
    return time.perf_counter()
