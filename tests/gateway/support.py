"""The gateway on a port of its own, before it an HTTP client, behind it services and an issuer that tests command."""

import asyncio
import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from multidict import CIMultiDictProxy
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel, SecretStr

from contracts.assessment import Assessments, GetCustomerAssessments
from contracts.customer import (
    ChangeCustomer,
    CloseCustomer,
    Customer,
    CustomerHistory,
    CustomerVersion,
    GetCustomer,
    GetCustomerHistory,
    OpenCustomer,
    Person,
)
from contracts.envelope import Request
from contracts.types import PersonName
from services.gateway.main import Gateway, Settings
from services.gateway.openapi import document
from services.gateway.sign_in import Issuer
from services.kit.actor import Actor
from services.kit.errors import Unavailable
from services.kit.telemetry import Telemetry, current_traceparent

API = "/api/v1"
AUDIENCE = "koto"
CUSTOMER_ID = UUID("50772023-f4b8-5862-9411-e6fe917f87f7")
SIGNING_KEY = json.dumps(OKPKey.generate_key("Ed25519", {"kid": "test"}).as_dict(private=True))

REPLIES: dict[type[Request[Any]], BaseModel] = {
    OpenCustomer: CustomerVersion(customer_id=CUSTOMER_ID, version=1),
    GetCustomer: Customer(
        customer_id=CUSTOMER_ID,
        version=3,
        person=Person(name=PersonName(family="Esimerkki", given="Aamu"), date_of_birth=date(1994, 5, 1)),
        relationships=(),
    ),
    ChangeCustomer: CustomerVersion(customer_id=CUSTOMER_ID, version=4),
    CloseCustomer: CustomerVersion(customer_id=CUSTOMER_ID, version=5),
    GetCustomerHistory: CustomerHistory(customer_id=CUSTOMER_ID, entries=()),
    GetCustomerAssessments: Assessments(assessments=()),
}


def new_key(kind: str = "RSA") -> Key:
    """A private key with a kid of its own."""
    parameters = {"kid": str(uuid4()), "use": "sig"}
    if kind == "EC":
        return ECKey.generate_key("P-256", parameters)
    if kind == "OKP":
        return OKPKey.generate_key("Ed25519", parameters)
    return RSAKey.generate_key(2048, parameters)


FIRST_KEY = new_key()


def compact(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    """A token put together by hand, signed by nobody."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


class FakeIssuer:
    """An OIDC issuer on a port of its own, whose keys and honesty tests command."""

    def __init__(self) -> None:
        self.keys: list[Key] = [FIRST_KEY]
        self.published_beside: list[dict[str, Any]] = []
        self.calls_itself: str | None = None
        self.fetches = 0
        self.url = ""
        self._port = 0
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listens, at the same port as before if there was one."""
        application = web.Application()
        application.router.add_get("/.well-known/openid-configuration", self._discovery)
        application.router.add_get("/keys", self._keys)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Goes away."""
        if self._runner:
            await self._runner.cleanup()

    def claims(self, **other: Any) -> dict[str, Any]:
        """Claims that hold, of a user of its own; None leaves a claim out."""
        now = int(datetime.now(UTC).timestamp())
        usual = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": str(uuid4()),
            "iat": now,
            "exp": now + 3600,
            "koto_organisation": "837",
            "koto_role": "integration_expert",
        }
        return {name: value for name, value in {**usual, **other}.items() if value is not None}

    def token(self, *, key: Key | None = None, alg: str = "RS256", kid: str | None = None, **claims: Any) -> str:
        """A token of these claims, signed by the first key or the one given."""
        key = key or self.keys[0]
        body = json.dumps(self.claims(**claims))
        header = {"alg": alg, "kid": kid or key.kid, "x-odd": 1}
        return jws.serialize_compact(
            header, body, key, registry=jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
        )

    async def _discovery(self, _: web.Request) -> web.Response:
        return web.json_response({"issuer": self.calls_itself or self.url, "jwks_uri": f"{self.url}/keys"})

    async def _keys(self, _: web.Request) -> web.Response:
        self.fetches += 1
        keys = [key.as_dict(private=False) for key in self.keys]
        return web.json_response({"keys": [*self.published_beside, *keys]})


@dataclass
class Asked:
    """One request as a service would have got it."""

    request: Request[Any]
    actor: Actor
    key: str | None
    traceparent: str | None


@dataclass
class FakeRequests:
    """Services that answer what they are told to."""

    connected: bool = True
    asked: list[Asked] = field(default_factory=list)
    fails_by: Exception | None = None
    delay: float = 0

    async def start(self) -> None: ...

    async def stop(self) -> None:
        self.connected = False

    async def ask(self, request: Request[Any], actor: Actor, *, idempotency_key: str | None = None) -> BaseModel:
        self.asked.append(Asked(request, actor, idempotency_key, current_traceparent()))
        await asyncio.sleep(self.delay)
        if not self.connected:
            raise Unavailable
        if self.fails_by:
            raise self.fails_by
        return REPLIES[type(request)]


@dataclass
class SettableClock:
    """The machine's clock, moved on by tests."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Answer:
    """An answer, read to its end."""

    status: int
    headers: CIMultiDictProxy[str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def problem(self, status: int, code: str) -> Any:
        """The problem that it is; fails when it is another or none."""
        assert (self.status, self.headers["Content-Type"]) == (status, "application/problem+json"), self
        assert self.json["type"] == f"urn:koto:problem:{code}", self
        assert self.json["status"] == status
        assert self.json["title"]
        return self.json


class Door:
    """A running gateway with a client before it. Every answer of the API must be one that OpenAPI documents."""

    def __init__(self, issuer: FakeIssuer, **settings: Any) -> None:
        self.issuer = issuer
        self.requests = FakeRequests()
        self.clock = SettableClock()
        self.spans = InMemorySpanExporter()
        self.telemetry = Telemetry("gateway", exporter=self.spans)
        self.settings = Settings(
            _env_file=None,
            rabbitmq_url=SecretStr("amqp://127.0.0.1:1/"),
            port=0,
            oidc_issuer=issuer.url,
            oidc_audience=AUDIENCE,
            actor_signing_key=SecretStr(SIGNING_KEY),
            **settings,
        )
        self.gateway = Gateway(
            self.settings,
            self.requests,  # type: ignore[arg-type]
            Issuer(self.settings, self.clock),
            self.telemetry,
        )
        self.document = document(self.gateway.app)

    async def __aenter__(self) -> "Door":
        await self.gateway.start()
        self.client = aiohttp.ClientSession(f"http://127.0.0.1:{self.gateway.port}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.gateway.stop()

    async def send(
        self, method: str, path: str, *, token: str | None = "", headers: dict[str, str] | None = None, **more: Any
    ) -> Answer:
        """Sends as a new user with a good token, unless told otherwise; fails when the status is not documented."""
        given = {} if token is None else {"Authorization": f"Bearer {token or self.issuer.token()}"}
        async with self.client.request(method, path, headers=given | (headers or {}), **more) as response:
            answer = Answer(response.status, response.headers, await response.text())
        if operation := self._operation(method, path):
            assert str(answer.status) in operation["responses"], f"{answer.status} of {method} {path} is undocumented"
        return answer

    async def open(self, body: Any = None, **more: Any) -> Answer:
        """Opens a customer: with everything right unless told otherwise."""
        headers = {"Idempotency-Key": "k1"} | more.pop("headers", {})
        return await self.send("POST", f"{API}/customers", json=body or opening(), headers=headers, **more)

    async def change(self, body: Any = None, *, headers: dict[str, str | None] | None = None, **more: Any) -> Answer:
        """Changes the customer: with everything right unless told otherwise; a header of None is left out."""
        usual: dict[str, str | None] = {"Idempotency-Key": "k1", "If-Match": '"3"'}
        sent = {name: value for name, value in (usual | (headers or {})).items() if value is not None}
        body = {"changes": {"service_language": "en"}} if body is None else body
        return await self.send("PATCH", f"{API}/customers/{CUSTOMER_ID}", json=body, headers=sent, **more)

    def _operation(self, method: str, path: str) -> Any:
        path = path.partition("?")[0].replace(str(CUSTOMER_ID), "{customer_id}")
        return self.document["paths"].get(path, {}).get(method.lower())


def opening(**person: Any) -> dict[str, Any]:
    """A body that opens a customer."""
    name = {"family": "Esimerkki", "given": "Aamu"}
    return {"person": {"name": name, "date_of_birth": "1994-05-01", **person}, "arrival": "moved"}
