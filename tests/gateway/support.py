"""The gateway on a port of its own, before it an HTTP client, behind it services and an issuer that tests command."""

import asyncio
import json
import re
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import aiohttp
from joserfc.jwk import OKPKey
from multidict import CIMultiDictProxy
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel

from contracts.access.rights import (
    GetUserRights,
    HeldGrant,
    NoteSignIn,
    RightsChanged,
    RightsHeartbeat,
    SignInNoted,
    UserRights,
)
from contracts.customer.search import FindOwnRecord, OwnRecord
from contracts.envelope import Envelope, Message, Request, schema_urn
from services.gateway.main import Settings, build
from services.gateway.openapi import document
from services.kit.actor import Actor
from services.kit.errors import Unavailable
from services.kit.telemetry import Telemetry, current_traceparent
from tests.gateway.issuer import AUDIENCE, CLIENT_ID, CLIENT_SECRET, FakeIssuer
from tests.gateway.replies import REPLIES
from tests.gateway.replies.ids import CUSTOMER_ID, GRANT_ID
from tests.support import FIELD_KEYS, SEARCH_KEY

API = "/api/v1"
PUBLIC_URL = "https://koto.example"
NOWHERE = "postgresql+asyncpg://koto@127.0.0.1:1/koto"
SIGNING_KEY = json.dumps(OKPKey.generate_key("Ed25519", {"kid": "test"}).as_dict(private=True))


def grant(grant_id: UUID = GRANT_ID, **other: Any) -> HeldGrant:
    """A right in force: of an integration expert of Tampere, unless told otherwise."""
    usual = {
        "organisation": "837",
        "role": "integration_expert",
        "task": "integration_services",
        "starts_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return HeldGrant(grant_id=grant_id, **(usual | other))


@dataclass
class Asked:
    """One request as a service would have got it."""

    request: Request[Any]
    actor: Actor
    key: str | None
    traceparent: str | None


@dataclass
class FakeRequests:
    """Services that answer what they are told to. A user has the usual right, unless told otherwise."""

    connected: bool = True
    access_answers: bool = True
    asked: list[Asked] = field(default_factory=list)
    """By users."""
    asked_by_itself: list[Asked] = field(default_factory=list)
    """By the gateway, in its own name."""
    rights: dict[str, UserRights] = field(default_factory=dict)
    customers: dict[str, UUID] = field(default_factory=dict)
    """By identity code."""
    fails_by: Exception | None = None
    delay: float = 0

    async def start(self) -> None: ...

    async def stop(self) -> None:
        self.connected = False

    async def ask(self, request: Request[Any], actor: Actor, *, idempotency_key: str | None = None) -> BaseModel:
        asked = Asked(request, actor, idempotency_key, current_traceparent())
        if actor.is_service:
            self.asked_by_itself.append(asked)
            return await self._answer_the_gateway(request)
        self.asked.append(asked)
        await asyncio.sleep(self.delay)
        if not self.connected:
            raise Unavailable
        if self.fails_by:
            raise self.fails_by
        return REPLIES[type(request)]

    def grants(self, user: str, *grants: HeldGrant, **more: Any) -> None:
        """From now on these are all the rights of the user, as soon as the gateway asks."""
        self.rights[user] = UserRights(user=user, grants=grants, **more)

    async def _answer_the_gateway(self, request: Request[Any]) -> BaseModel:
        if not (self.connected and self.access_answers):
            raise Unavailable
        if isinstance(request, FindOwnRecord):
            return OwnRecord(customer_id=self.customers.get(request.personal_identity_code))
        assert isinstance(request, GetUserRights | NoteSignIn)
        usual = UserRights(user=request.user, grants=(grant(),))
        known = self.rights.get(request.user, usual)
        if isinstance(request, GetUserRights):
            return known
        if request.own_record:
            self.rights[request.user] = known.model_copy(update={"own_record": request.own_record})
        return SignInNoted(user=request.user)


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
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

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

    def __init__(self, issuer: FakeIssuer, requests: Any = None, **settings: Any) -> None:
        told = {
            "rabbitmq_url": "amqp://127.0.0.1:1/",
            "database_url": NOWHERE,
            "field_keys": FIELD_KEYS,
            "search_key": SEARCH_KEY,
            "port": 0,
            "public_url": PUBLIC_URL,
            "oidc_issuer": issuer.url,
            "oidc_audience": AUDIENCE,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "actor_signing_key": SIGNING_KEY,
        }
        self.issuer = issuer
        self.requests = requests or FakeRequests()
        self.clock = SettableClock()
        self.spans = InMemorySpanExporter()
        self.telemetry = Telemetry("gateway", exporter=self.spans)
        self.settings = Settings(_env_file=None, **(told | settings))
        self.gateway = build(self.settings, self.clock, self.telemetry, self.requests)
        self.document = document(self.gateway.app)

    async def __aenter__(self) -> "Door":
        await self.gateway.start()
        if isinstance(self.requests, FakeRequests):
            self.hear(RightsHeartbeat(as_of=self.clock.now()))
        self.client = aiohttp.ClientSession(f"http://127.0.0.1:{self.gateway.port}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.gateway.stop()

    def hear(self, news: Message) -> None:
        """Tells the gateway news of rights, as its queue would."""
        body = news.model_dump_json()
        if isinstance(news, RightsChanged):
            body = Envelope(
                id=(id := uuid4()),
                source="/koto/access",
                type=news.TYPE,
                subject=news.user_number,
                time=self.clock.now(),
                dataschema=schema_urn(news.TYPE),
                subjectsequence=1,
                factid=id,
                correlationid="c",
                causationid="c",
                actor="koto/access",
                data=json.loads(body),
            ).model_dump_json()
        self.gateway.app.state.rights.hear(SimpleNamespace(routing_key=news.TYPE, body=body.encode()))

    def rights_changed(self, user: str) -> None:
        """Tells the gateway that the user's rights are not what they were."""
        self.hear(RightsChanged(user_number=uuid4(), user=user))

    def forget(self) -> None:
        """Makes it as if nothing had been asked yet."""
        self.requests.asked.clear()
        self.requests.asked_by_itself.clear()
        self.requests.access_answers = True
        self.requests.fails_by = None
        self.clock.ahead = timedelta()
        self.issuer.tokens_answer = None
        self.issuer.redeemed = 0
        self.telemetry.flush()
        self.spans.clear()

    async def send(
        self, method: str, path: str, *, token: str | None = "", headers: dict[str, str] | None = None, **more: Any
    ) -> Answer:
        """Sends as a new user with a good token, unless told otherwise; fails when the status is not documented."""
        given = {} if token is None else {"Authorization": f"Bearer {token or self.issuer.token()}"}
        async with self.client.request(method, path, headers=given | (headers or {}), **more) as response:
            answer = Answer(response.status, response.headers, await response.read())
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
        path = path.partition("?")[0]
        for template, operations in self.document["paths"].items():
            pattern = re.sub(r"{(group|edition)}", r"\\w+", re.sub(r"{\w+_id}", "[0-9a-f-]{36}", template))
            if re.fullmatch(pattern, path) and method.lower() in operations:
                return operations[method.lower()]
        return None


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def opening(**person: Any) -> dict[str, Any]:
    """A body that opens a customer."""
    name = {"family": "Esimerkki", "given": "Aamu"}
    return {"person": {"name": name, "date_of_birth": "1994-05-01", **person}, "arrival": "moved"}
