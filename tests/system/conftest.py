"""A whole house as `./koto up --processes` starts it, every part a process, watched from outside."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from contracts.topology import SERVICES, partner_name
from deploy.local import environment, issuer
from deploy.local.postgres import Postgres
from deploy.local.program import ADMINISTRATORS, Program
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import Stack
from services.kit import topology_apply
from tests.gateway.support import API, Answer
from tests.integration.authority import Authority
from tests.integration.partner import Foreigner
from tests.support import TIME_SCALE, AlteredStack, now, rows

EXPERT, ELSEWHERE = "expert@tampere", "expert@helsinki"


class Collector:
    """An OpenTelemetry collector: keeps every span that is exported to it over OTLP/HTTP."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Span]] = []
        application = web.Application(client_max_size=100_000_000)
        application.router.add_post("/v1/traces", self._receive)
        self._runner = web.AppRunner(application, access_log=None)

    async def start(self) -> str:
        """Listens, and returns its endpoint."""
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1/traces"

    async def stop(self) -> None:
        """Listens no more."""
        await self._runner.cleanup()

    def trace(self, trace_id: str) -> list[tuple[str, Span]]:
        """The spans of one trace, each with the name of its service."""
        return [(service, span) for service, span in self.spans if span.trace_id.hex() == trace_id]

    async def _receive(self, request: web.Request) -> web.Response:
        for resource in ExportTraceServiceRequest.FromString(await request.read()).resource_spans:
            named = {each.key: each.value.string_value for each in resource.resource.attributes}
            service = named["service.name"].removeprefix("koto-")
            self.spans += [(service, span) for scope in resource.scope_spans for span in scope.spans]
        return web.Response(content_type="application/x-protobuf")


@dataclass
class WholeHouse:
    """The running house, an HTTP client before it, and a collector of its spans."""

    stack: Stack
    broker: RabbitMQ
    database: Postgres
    collector: Collector
    _tokens: dict[str, str] = field(default_factory=dict)

    async def token(self, user: str = EXPERT) -> str:
        """A bearer token of a test user."""
        if user not in self._tokens:
            self._tokens[user] = await issuer.token(self.stack.issuer_url, user)
        return self._tokens[user]

    async def send(
        self, method: str, path: str, *, user: str | None = EXPERT, headers: dict[str, str] | None = None, **more: Any
    ) -> Answer:
        """Sends one HTTP request to the gateway, signed in as the user; what changes gets a key of its own."""
        given = {"Authorization": f"Bearer {await self.token(user)}"} if user else {}
        if method in ("POST", "PATCH", "PUT"):
            given["Idempotency-Key"] = str(uuid4())
        async with (
            aiohttp.ClientSession(self.stack.gateway_url) as session,
            session.request(method, path, headers=given | (headers or {}), **more) as response,
        ):
            return Answer(response.status, response.headers, await response.read())

    async def open(self, person: dict[str, Any], **more: Any) -> Answer:
        """Opens a customer; fails when that is refused."""
        answer = await self.send("POST", f"{API}/customers", json={"person": person, "arrival": "moved"}, **more)
        assert answer.status == 201, answer
        return answer

    async def assessments(self, customer_id: str) -> list[str]:
        """The states of a customer's assessments; none as long as the assessment service has not heard of it."""
        answer = await self.send("GET", f"{API}/customers/{customer_id}/assessments")
        return [each["status"] for each in answer.json["assessments"]] if answer.status == 200 else []

    def operations_url(self, service: str) -> str:
        """Where a service answers its operators."""
        return f"http://127.0.0.1:{self.stack.ports[f'operations_{service}']}"

    def database_url(self, service: str) -> str:
        """A service's own database, as its owner."""
        return self.stack.environments()[service]["KOTO_DATABASE_OWNER_URL"].replace("+asyncpg", "")

    async def rows(self, service: str, query: str, *values: Any) -> list[Any]:
        """Rows of a service's database."""
        return await rows(self.database_url(service), query, *values)

    @contextmanager
    def partner(self, code: str) -> Iterator[Authority]:
        """A partner's program, connected to the broker with the partner's own password."""
        url, password = f"{self.broker.amqp_url}/{environment.VHOST}", self.stack.secrets.broker_password
        foreigner = Foreigner(url, code, password(partner_name(code)))
        yield Authority(foreigner)
        foreigner.close()

    async def apply_topology(self) -> None:
        """Declares everything on the broker, with the shortened retry ladder."""
        passwords = {each.name: self.stack.secrets.broker_password(each.name) for each in SERVICES}
        await topology_apply.apply(self.broker.management_url, environment.VHOST, passwords, TIME_SCALE)


async def get(url: str) -> Answer:
    """Reads a page without signing in."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return Answer(response.status, response.headers, await response.read())


@asynccontextmanager
async def started(
    home: Path, alter: Callable[[Program], Program] = lambda program: program
) -> AsyncIterator[WholeHouse]:
    """A house with servers of its own, for their logs are read too."""
    collector = Collector()
    with pytest.MonkeyPatch.context() as told:
        for name in ADMINISTRATORS:
            told.delenv(name, raising=False)
        told.setenv("KOTO_OTLP_ENDPOINT", await collector.start())
        stack = AlteredStack(home, alter)
        assert isinstance(stack.broker, RabbitMQ)
        assert isinstance(stack.database, Postgres)
        try:
            await asyncio.to_thread(stack.start, lambda _: nullcontext(), one_process_each=True)
            house = WholeHouse(stack, stack.broker, stack.database, collector)
            await house.apply_topology()
            yield house
        finally:
            await asyncio.to_thread(stack.kill)
            await collector.stop()


@pytest_asyncio.fixture(scope="package")
async def whole_house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeHouse]:
    """The house that most tests here share."""
    async with started(tmp_path_factory.mktemp("whole") / "house") as house:
        yield house


@pytest.fixture
def person() -> dict[str, Any]:
    """A person of a target group, whom nobody knows yet."""
    return {
        "name": {"family": f"Esimerkki {uuid4()}", "given": "Aamu"},
        "date_of_birth": "1990-01-01",
        "first_residence_permit": {
            "kind": "continuous",
            "ground": "international_protection_asylum",
            "granted_on": f"{now().year - 1}-03-01",
        },
    }
