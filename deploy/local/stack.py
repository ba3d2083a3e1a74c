"""Everything of one home together: what it consists of, how it starts, is kept alive, and stops."""

import asyncio
import json
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NoReturn, Protocol

import psutil

from deploy.local import databases, environment, issuer, postgres, processes, rabbitmq, state
from deploy.local.program import Program

PORTS = {"gateway": 8000, "issuer": 9400}
OPERATIONS = 9464
STATE = [
    "checkpoints",
    "log",
    "ports.json",
    "postgres",
    "rabbitmq",
    "ready.json",
    "run",
    "secrets",
    "secrets.json",
    "secrets.lock",
    "test",
]

Step = Callable[[str], AbstractContextManager[None]]
"""Shows the person who waits what is being done."""


class Stack:
    """PostgreSQL, RabbitMQ, the test issuer and all services of one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.broker = rabbitmq.choose(home / "rabbitmq")
        self.database = postgres.choose(home / "postgres")
        self.secrets = environment.Secrets(home)

    @property
    def ports(self) -> dict[str, int]:
        """The ports chosen at the last `up`; before the first, the ones it would like."""
        return state.read(self.home / "ports.json") or {**PORTS, "operations": OPERATIONS}

    @property
    def gateway_url(self) -> str:
        """Where people and programs reach the system."""
        return f"http://127.0.0.1:{self.ports['gateway']}"

    @property
    def issuer_url(self) -> str:
        """Where the test users sign in."""
        return f"http://127.0.0.1:{self.ports['issuer']}"

    @property
    def supervisor(self) -> psutil.Process | None:
        """The process of `up` while it runs."""
        return processes.find(self._supervisor)

    @property
    def is_ready(self) -> bool:
        """Whether `up` runs and has come to its end."""
        supervisor = self.supervisor
        return supervisor is not None and state.read(self._ready) == {"pid": supervisor.pid}

    @property
    def _supervisor(self) -> Path:
        return self.home / "run" / "up.json"

    @property
    def _ready(self) -> Path:
        return self.home / "ready.json"

    def environments(self) -> dict[str, dict[str, str]]:
        """The variables of each service for operators' commands, who may also be the database's owner."""
        return {
            service: told | {"KOTO_DATABASE_OWNER_URL": self._owner_url(service)}
            for service, told in self._told().items()
        }

    def _told(self) -> dict[str, dict[str, str]]:
        """The variables that each service runs with."""
        urls = {"amqp_url": self.broker.amqp_url, "postgres_url": self.database.url}
        return {
            service: environment.of(service, **urls, secrets=self.secrets, ports=self.ports)
            for service in environment.services()
        }

    def issuer(self) -> Program:
        """The test issuer."""
        module = ["deploy.local.issuer", str(self.ports["issuer"])]
        quiet = {"PYTHONWARNINGS": "ignore"}  # its library's deprecations are nobody's news here
        return Program(self.home, "issuer", module, [f"{self.issuer_url}/.well-known/openid-configuration"], quiet)

    def services(self) -> list[Program]:
        """The processes of the services: one for all, or one each, as the last `up` was told."""
        environments = self._told()
        if environments and "operations" in self.ports:
            told = {"KOTO_ENVIRONMENTS": json.dumps(environments)}
            return [Program(self.home, "services", ["deploy.local.serve"], self._ready_urls(*environments), told)]
        return [
            Program(self.home, service, ["services.kit.run"], self._ready_urls(service), variables)
            for service, variables in environments.items()
        ]

    def _ready_urls(self, *services: str) -> list[str]:
        operations = self.ports.get("operations") or self.ports.get(f"operations_{services[0]}", 0)
        doors = [f"{self.gateway_url}/readyz"] if "gateway" in services else []
        return [f"http://127.0.0.1:{operations}/readyz", *doors]

    def start(self, step: Step, *, one_process_each: bool = False) -> None:
        """Starts all and returns when all is ready. Raises LocalError with the log of what does not start."""
        self._end_programs()  # what an `up` that was killed left behind
        processes.remember(self._supervisor, os.getpid())
        services = environment.services()
        operations = [f"operations_{service}" for service in services] if one_process_each else ["operations"]
        state.keep_ports(self.home / "ports.json", PORTS | dict.fromkeys(operations, OPERATIONS))
        with ThreadPoolExecutor() as pool:
            broker = pool.submit(_start, self.broker)
            with step("PostgreSQL"):
                _start(self.database)
            with step("Databases and migrations"):
                self.migrate()
            with step("Rights of the test users"):
                self.appoint_test_users()
            with step("RabbitMQ"):
                broker.result()
        with step("Exchanges, queues and users of the broker"):
            self.apply_topology()
        with step("Services"):
            programs = [self.issuer(), *self.services()]
            for program in programs:
                program.start()
            _wait(programs)

    def mark_ready(self) -> None:
        """Tells all other commands that `up` has come to its end."""
        state.write(self._ready, {"pid": os.getpid()})

    def migrate(self) -> None:
        """Makes the databases of the services and brings them to the newest revision."""
        with_database = [service for service in environment.services() if environment.has_database(service)]
        asyncio.run(databases.prepare(self.database.url, with_database, self.secrets.database_password))
        for service in with_database:
            from services.kit.migrate import upgrade

            upgrade(service, self._owner_url(service))

    def _owner_url(self, service: str) -> str:
        return environment.database_url(service, f"{service}_owner", self.database.url, self.secrets)

    def appoint_test_users(self) -> None:
        """Gives the test issuer's officials their rights; those they have stay as they are."""
        from services.access.operate import Appointment, appoint_users

        appoint_users(
            self._told()["access"],
            [
                Appointment(f"{person}@{place}", organisation, role, task)
                for place, organisation in issuer.MUNICIPALITIES.items()
                for person, (role, task) in issuer.ROLES.items()
            ],
            known=[issuer.COUNTY_WORKER],
        )

    def apply_topology(self) -> None:
        """Declares everything on the broker that the contracts name; may be repeated at any time."""
        from contracts.partners import read_partners
        from contracts.topology import SERVICES, partner_name
        from services.kit.topology_apply import apply

        partners = read_partners(environment.partners_file())
        users = [*(service.name for service in SERVICES), *(partner_name(partner.code) for partner in partners)]
        passwords = {user: self.secrets.broker_password(user) for user in users}
        asyncio.run(apply(self.broker.management_url, environment.VHOST, passwords, partners=partners))

    def keep_running(self, say: Callable[[str], None]) -> NoReturn:
        """Starts again whatever ends, pausing longer each time that it ends within a minute."""
        parts: dict[str, Part] = {program.name: program for program in (self.issuer(), *self.services())}
        if isinstance(self.broker, rabbitmq.RabbitMQ):
            parts["RabbitMQ"] = self.broker
        if isinstance(self.database, postgres.Postgres):
            parts["PostgreSQL"] = self.database
        started = dict.fromkeys(parts, time.monotonic())
        pause = dict.fromkeys(parts, 0.0)
        while True:
            for name, part in parts.items():
                lived = time.monotonic() - started[name]
                if part.pid is not None or lived < pause[name]:
                    continue
                pause[name] = min(30.0, max(0.5, 2 * pause[name])) if lived < 60 else 0.5
                say(f"{name} has ended: starting it again")
                try:
                    part.start()
                except state.LocalError as problem:
                    say(str(problem))
                started[name] = time.monotonic()
            time.sleep(0.3)

    def stop(self, step: Step) -> None:
        """Ends all in order: services, issuer, broker, database."""
        self._ready.unlink(missing_ok=True)
        with step("Stopping the services"):
            self._end_programs()
        if isinstance(self.broker, rabbitmq.RabbitMQ):
            with step("Stopping RabbitMQ"):
                self.broker.stop()
        if isinstance(self.database, postgres.Postgres):
            with step("Stopping PostgreSQL"):
                self.database.stop()

    def kill(self) -> None:
        """Ends all at once; what was acknowledged is safe on the disk."""
        self._ready.unlink(missing_ok=True)
        self._end_programs(seconds=0)
        for server in (self.broker, self.database):
            if isinstance(server, rabbitmq.RabbitMQ | postgres.Postgres):
                server.kill()

    def reset(self) -> None:
        """Removes all data, passwords, keys and logs of this home; what was downloaded stays."""
        for name in STATE:
            path = self.home / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def _end_programs(self, seconds: float = 20.0) -> None:
        for record in (self.home / "run").glob("*.json"):
            if record != self._supervisor:
                processes.end(processes.find(record), seconds=seconds)


class Part(Protocol):
    """What can be kept running."""

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""

    def start(self) -> None:
        """Starts it unless it runs."""


def _start(server: object) -> None:
    if isinstance(server, rabbitmq.RabbitMQ | postgres.Postgres):
        server.start()


def _wait(programs: list[Program], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    for program in programs:
        while not program.is_ready():
            if program.pid is None or time.monotonic() > deadline:
                what = "does not get ready" if program.pid else "does not start"
                log = processes.tail(program.log)
                raise state.LocalError(f"{program.name} {what}; the end of {program.log}:\n{log}")
            time.sleep(0.05)
