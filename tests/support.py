"""Real parts for tests: databases cloned from templates, vhosts with the whole topology, and a running house."""

import asyncio
import base64
import importlib
import json
import os
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid4

import aiohttp
import asyncpg
from joserfc.jwk import OKPKey
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel, SecretStr

from contracts import topology
from contracts.envelope import Request
from contracts.partners import read_partners
from deploy.local.databases import make_role
from deploy.local.environment import partners_file
from deploy.local.program import Program
from deploy.local.stack import Stack
from services.kit import migrate, topology_apply
from services.kit.actor import Actor, ActorTokens
from services.kit.clock import SystemClock, helsinki_date
from services.kit.projection import Projection
from services.kit.requests import Requests
from services.kit.service import Service
from services.kit.settings import AskingSettings, ServiceSettings
from services.kit.telemetry import Telemetry

TIME_SCALE = 0.003
"""The retry ladder of tests: 15 ms, 0.2 s and 2.7 s."""
ReplyT = TypeVar("ReplyT", bound=BaseModel)
SIGNING_KEY = OKPKey.generate_key("Ed25519", parameters={"kid": "test", "use": "sig"})
FIELD_KEYS = json.dumps({"test": base64.b64encode(secrets.token_bytes(32)).decode()})
SEARCH_KEY = base64.b64encode(secrets.token_bytes(32)).decode()
USAGE_KEY = OKPKey.generate_key("X25519", parameters={"kid": "test", "use": "enc"})
USAGE_KEYS = json.dumps({"keys": [USAGE_KEY.as_dict(private=False)]})
USAGE_PRIVATE_KEYS = json.dumps({"keys": [USAGE_KEY.as_dict(private=True)]})
ASKING_KEYS = {
    each.name: OKPKey.generate_key("Ed25519", parameters={"kid": f"{each.name}.test", "use": "sig"})
    for each in topology.SERVICES
    if each.asks and each.answers
}
ACTOR_KEYS = json.dumps({"keys": [key.as_dict(private=False) for key in (SIGNING_KEY, *ASKING_KEYS.values())]})
PARTNERS = read_partners(partners_file())

EXPERT_TAMPERE = Actor(user="expert@tampere", organisation="837", role="integration_expert")
EXPERT_HELSINKI = Actor(user="expert@helsinki", organisation="091", role="integration_expert")
RECORDS_TAMPERE = Actor(user="records@tampere", organisation="837", role="records_manager")


async def eventually(holds: Callable[[], Awaitable[Any]], *, within: float = 20, what: str = "it") -> Any:
    """What `holds` returns once that is true; fails when it never is within so many seconds."""
    deadline = asyncio.get_running_loop().time() + within
    while not (found := await holds()):
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{what} did not come true within {within} s")
        await asyncio.sleep(0.02)
    return found


class TestDatabases:
    """Clones of one migrated template per service, owned and used by the roles that a real one has."""

    __test__ = False

    def __init__(self, administrator_url: str) -> None:
        self.administrator_url = administrator_url
        self._run = uuid4().hex[:8]
        self._templates: dict[str, str] = {}
        self._migrating = asyncio.Lock()
        self._made: list[str] = []
        self._roles: set[str] = set()

    async def new(self, service: str) -> str:
        """The SQLAlchemy URL of a fresh database of that service."""
        async with self._migrating:  # Alembic migrates one database at a time in a process
            if service not in self._templates:
                template = await self._create(service, f"koto_template_{service}_{self._run}")
                await asyncio.to_thread(migrate.upgrade, service, owner_url(self._url(service, template)))
                self._templates[service] = template
        name = f"koto_{service}_{uuid4().hex[:12]}"
        return self._url(service, await self._create(service, name, self._templates[service]))

    async def empty(self, service: str) -> str:
        """The SQLAlchemy URL of a fresh database without tables, for that service."""
        return self._url(service, await self._create(service, f"koto_empty_{uuid4().hex[:12]}"))

    def _url(self, service: str, name: str) -> str:
        server = urlsplit(self.administrator_url)
        return f"postgresql+asyncpg://koto_{service}:test@{server.hostname}:{server.port}/{name}"

    async def _create(self, service: str, name: str, template: str = "template1") -> str:
        connection = await asyncpg.connect(self.administrator_url)
        if service not in self._roles:
            self._roles.add(service)
            await connection.execute("SELECT pg_advisory_lock(1)")  # other processes of tests make the same roles
            for role in (f"koto_{service}", f"koto_{service}_owner"):
                await make_role(connection, role, "test")
        await connection.execute(f'CREATE DATABASE "{name}" OWNER "koto_{service}_owner" TEMPLATE "{template}"')
        await connection.close()
        self._made.append(name)
        return name

    async def drop_all(self) -> None:
        """Drops what was made, on a server that stays: each drop takes as long as making it did."""
        if not os.environ.get("KOTO_TEST_POSTGRES_STAYS"):
            return
        connection = await asyncpg.connect(self.administrator_url)
        for name in self._made:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.close()


@dataclass
class Vhost:
    """A vhost with the whole topology, and a password for the users of all services."""

    name: str
    management_url: str
    amqp_url: str
    passwords: dict[str, str]

    @classmethod
    async def create(cls, management_url: str, amqp_url: str, time_scale: float) -> "Vhost":
        # one password for the whole run: users are the broker's, not the vhost's
        users = [*(each.name for each in topology.SERVICES), *(topology.partner_name(each.code) for each in PARTNERS)]
        made = cls(f"test-{uuid4().hex[:8]}", management_url, amqp_url, dict.fromkeys(users, "test"))
        await topology_apply.apply(management_url, made.name, made.passwords, time_scale, PARTNERS)
        return made

    def url(self, user: str | None = None) -> str:
        """The AMQP URL of a service's user, or of the administrator."""
        parts = urlsplit(self.amqp_url)
        who = f"{user}:{self.passwords[user]}" if user else f"{parts.username}:{parts.password}"
        return f"amqp://{who}@{parts.hostname}:{parts.port}/{self.name}"

    async def api(self, method: str, path: str, body: Any = None) -> Any:
        """Calls the management API."""
        parts = urlsplit(self.management_url)
        headers = {"Authorization": aiohttp.encode_basic_auth(parts.username or "", parts.password or "")}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, f"http://{parts.hostname}:{parts.port}/api/{path}", json=body) as response,
        ):
            return await response.json() if response.content_type == "application/json" else None

    async def get(self, queue: str, *, requeue: bool = True) -> list[dict[str, Any]]:
        """The messages that wait in a queue."""
        mode = "ack_requeue_true" if requeue else "ack_requeue_false"
        found: list[dict[str, Any]] = await self.api(
            "POST",
            f"queues/{quote(self.name)}/{quote(queue)}/get",
            {"count": 1000, "ackmode": mode, "encoding": "auto"},
        )
        return found

    async def remove(self) -> None:
        """Removes the vhost with all that is in it."""
        await self.api("DELETE", f"vhosts/{self.name}")


def settings_for(service: str, vhost: Vhost, database_url: str = "", **more: Any) -> ServiceSettings:
    """The settings of one service in a test."""
    settings_type = ServiceSettings
    if service in ASKING_KEYS:
        settings_type = AskingSettings
        more = {"actor_signing_key": SecretStr(json.dumps(ASKING_KEYS[service].as_dict(private=True))), **more}
    if service == "access":
        settings_type = importlib.import_module("services.access.main").Settings
        more = {
            "usage_private_keys": SecretStr(USAGE_PRIVATE_KEYS),
            "checkpoint_keys": SecretStr(json.dumps({"keys": [SIGNING_KEY.as_dict(private=True)]})),
            "checkpoint_folder": Path(mkdtemp(prefix="koto-checkpoints-")),
            **more,
        }
    if service == "integration":
        settings_type = importlib.import_module("services.integration.main").Settings
        more = {"partners_file": partners_file(), **more}
    return settings_type(
        _env_file=None,
        service=service,
        rabbitmq_url=SecretStr(vhost.url(service)),
        database_url=SecretStr(database_url),
        database_owner_url=SecretStr(owner_url(database_url)),
        actor_keys=SecretStr(ACTOR_KEYS),
        field_keys=SecretStr(FIELD_KEYS),
        search_key=SecretStr(SEARCH_KEY),
        usage_keys=SecretStr(USAGE_KEYS),
        usage_hash_key=SecretStr(SEARCH_KEY),
        allow_test_identity_codes=True,
        poll_seconds=1.0,
        **more,
    )


@dataclass
class House:
    """Every service that answers, running in this process, and a gateway's way of asking them."""

    vhost: Vhost
    databases: TestDatabases
    services: dict[str, Service] = field(default_factory=dict)
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    requests: Requests = field(init=False)
    _pools: dict[str, asyncpg.Pool] = field(default_factory=dict)

    async def __aenter__(self) -> "House":
        await asyncio.gather(*(self._start_anew(each.name) for each in topology.SERVICES if each.answers))
        self.telemetry = Telemetry("gateway", exporter=self.spans)
        self.requests = self.new_requests()
        await self.requests.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.requests.stop()
        await asyncio.gather(*(service.stop() for service in self.services.values()))
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))

    async def _start_anew(self, name: str) -> None:
        await self.start(name, await self.databases.new(name))

    def new_requests(self) -> Requests:
        """A gateway's way of asking, not yet started."""
        return Requests(
            "gateway",
            settings_for("gateway", self.vhost),
            ActorTokens(lambda: SIGNING_KEY),
            SystemClock(),
            self.telemetry,
        )

    async def start(self, name: str, database_url: str) -> Service:
        """Starts one service on a database."""
        if name not in self._pools:  # settling asks often, and to connect costs more than to ask
            self._pools[name] = await asyncpg.create_pool(_plain(database_url), min_size=0, max_size=2)
        module = importlib.import_module(f"services.{name}.main")
        service: Service = module.build(
            settings_for(name, self.vhost, database_url), telemetry=Telemetry(name, exporter=self.spans)
        )
        await service.start()
        self.services[name] = service
        return service

    async def ask(
        self,
        request: Request[ReplyT],
        actor: Actor = EXPERT_TAMPERE,
        *,
        key: str | None = None,
        within: timedelta = timedelta(seconds=10),
    ) -> ReplyT:
        """Asks like the gateway; a changing request gets a key of its own."""
        return await self.requests.ask(
            request, actor, idempotency_key=key or (str(uuid4()) if request.CHANGES else None), within=within
        )

    async def appoint(self, user: str, organisation: str, role: str, task: str = "integration_services") -> UUID:
        """Gives a user a right, as the operator does; one that is held already stays as it is."""
        operate = importlib.import_module("services.access.operate")
        unit_of_work = self.services["access"].parts.unit_of_work
        [grant] = await operate.appoint_all(
            unit_of_work, [operate.Appointment(user, organisation, role, task)], "operator"
        )
        return UUID(str(grant))

    async def settle(self, *, within: float = 20) -> None:
        """Returns when every event has been acted on, projected or parked: judged by the databases, not by queues."""
        await eventually(self._settled, within=within, what="settling")

    async def _settled(self) -> bool:
        return await is_settled(self.rows)

    async def rows(self, service: str, query: str, *values: Any) -> list[Any]:
        """Rows of a service's database, as its owner sees them, behind no border."""
        return list(await self._pools[service].fetch(query, *values))


class AlteredStack(Stack):
    """A house of processes some of which are started otherwise than `./koto up` starts them."""

    def __init__(self, home: Path, alter: Callable[[Program], Program]) -> None:
        super().__init__(home)
        self._alter = alter

    def services(self) -> list[Program]:
        """The processes of the services, altered."""
        return [self._alter(program) for program in super().services()]


Rows = Callable[..., Awaitable[list[Any]]]
"""Gives rows of a service's database: called with the service, a query and its values."""


async def is_settled(rows: Rows) -> bool:
    """Whether every event of a house has been acted on, projected or parked: judged by the databases, not by queues."""
    for reader in topology.SERVICES:
        if not reader.answers:
            continue
        known = await rows(reader.name, "SELECT fact_id::text AS id FROM inbox")
        parked = await rows(
            reader.name,
            "SELECT convert_from(body, 'UTF8')::json->>'factid' AS id FROM parked WHERE type IS NOT NULL",
        )
        acted_on = {row["id"] for row in (*known, *parked)}
        for owner in {event.owner() for event in reader.input}:
            types = [event.TYPE for event in reader.input if event.owner() == owner]
            told = await rows(owner, "SELECT fact_id::text AS id FROM outbox WHERE type = ANY($1)", types)
            if {row["id"] for row in told} - acted_on:
                return False
        for projection in projections(reader.name):
            if not await _is_projected(rows, reader.name, projection):
                return False
    return True


def projections(service: str) -> Sequence[Projection]:
    """The read models that a service keeps."""
    module = importlib.import_module(f"services.{service}.main")
    found: Sequence[Projection] = getattr(module, "PROJECTIONS", ())
    return found


async def _is_projected(rows: Rows, reader: str, projection: Projection) -> bool:
    newest: dict[str, int] = {}
    for owner in {event.owner() for event in projection.of}:
        types = [event.TYPE for event in projection.of if event.owner() == owner]
        for row in await rows(
            owner, "SELECT subject, max(sequence) AS last FROM outbox WHERE type = ANY($1) GROUP BY 1", types
        ):
            newest[row["subject"]] = row["last"]
    kept = {
        row["subject"]: row["sequence"]
        for row in await rows(reader, f"SELECT {projection.key} AS subject, sequence FROM {projection.table.name}")
    }
    erased = {row["customer_id"] for row in await rows(reader, "SELECT customer_id FROM tombstone")}
    return all(subject in erased or kept.get(subject, 0) >= last for subject, last in newest.items())


def owner_url(database_url: str) -> str:
    """The URL of the same database for its owner."""
    return re.sub(r"//(koto_[a-z]+):", r"//\1_owner:", database_url)


def _plain(database_url: str) -> str:
    return owner_url(database_url).replace("+asyncpg", "")


async def rows(database_url: str, query: str, *values: Any) -> list[Any]:
    """Rows of a database as its owner sees them, behind no border, through a connection of its own."""
    connection = await asyncpg.connect(_plain(database_url))
    try:
        return list(await connection.fetch(query, *values))
    finally:
        await connection.close()


def now() -> datetime:
    """The time, aware."""
    return datetime.now(UTC)


def helsinki_today() -> date:
    """The day by which the law's days are counted: for two or three hours of the night it is tomorrow in UTC."""
    return helsinki_date(now())


def environment(name: str) -> str:
    """A variable that `./koto test` sets; fails clearly when it is missing."""
    value = os.environ.get(name)
    assert value, f"{name} is not set: run the tests by ./koto test"
    return value
