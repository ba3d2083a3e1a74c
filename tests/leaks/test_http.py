"""The same through the HTTP API: what it adds to an answer, headers and errors of its own, tells nothing more."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import BaseModel

from contracts.envelope import Problem, Request
from services.gateway.routes.documents import PDF
from services.kit.actor import Actor
from services.kit.errors import ProblemReply
from tests.gateway.issuer import FakeIssuer
from tests.gateway.support import Answer, FakeRequests
from tests.gateway.support import Door as Gateway
from tests.leaks.asking import Heard, World, world
from tests.leaks.conftest import Leaky
from tests.leaks.doors import DOORS, WITHOUT_CUSTOMERS, Door
from tests.leaks.expected import Case, knows
from tests.leaks.standings import ROLES

pytestmark = [pytest.mark.database, pytest.mark.broker]
_ETAGS = {"sha256"}
"""What an answer's ETag is, for those who may see it."""


class InTheHouse(FakeRequests):
    """Asks the service's own answering side, as whom the test says."""

    world: World
    actor: Actor
    heard: Heard

    async def ask(self, request: Request[Any], actor: Actor, *, idempotency_key: str | None = None) -> BaseModel:
        if actor.is_service:  # the gateway's own questions: who the user is, and what he or she holds
            return await super().ask(request, actor, idempotency_key=idempotency_key)
        if request.owner() != self.world.unit_of_work.settings.service:  # what it adds is tried at its own doors
            return await super().ask(request, actor, idempotency_key=idempotency_key)
        self.heard = await self.world.ask(request, self.actor)
        if self.heard.is_problem:
            raise ProblemReply(Problem.model_validate_json(self.heard.body))
        reply: BaseModel = request.REPLY.model_validate_json(self.heard.body)
        return reply


@dataclass
class Api:
    """The gateway before the house, and how each of its operations is sent."""

    gateway: Gateway
    requests: InTheHouse

    def __post_init__(self) -> None:
        self.operations = {
            operation["operationId"]: (method, path, operation)
            for path, methods in self.gateway.document["paths"].items()
            for method, operation in methods.items()
        }

    async def send(self, case: Case, within: World) -> Answer:
        """The answer to the request of a case, put as the OpenAPI document says."""
        method, path, operation = self.operations[case.door.operation]
        request = case.door.ask(case.person)
        told = json.loads(request.model_dump_json(exclude_unset=True))
        parameters = operation.get("parameters", ())
        named = {each["name"]: each["in"] for each in parameters}
        if "group" in named and "content" in told:  # the path names what the content is of
            told["group"] = told["content"]["group"]
        in_path = {name: told.pop(name) for name in list(told) if named.get(name) == "path"}
        in_query = {name: str(told.pop(name)) for name in list(told) if named.get(name) == "query"}
        headers = {"Idempotency-Key": str(uuid4())} if "Idempotency-Key" in named else {}
        if "If-Match" in named:
            headers["If-Match"] = f'"{told.pop("expected_version")}"'
        self.requests.world, self.requests.actor = within, case.actor
        fields = _fields_of_body(self.gateway, operation)
        if fields is not None and len(told) == 1 and not told.keys() <= fields:
            [told] = told.values()  # the body is what the request's only other field holds
        body: dict[str, Any] = {"json": told} if "requestBody" in operation else {}
        if "text/csv" in operation.get("requestBody", {}).get("content", {}):
            example: str = operation["requestBody"]["content"]["text/csv"]["example"]
            body = {"data": example.partition("\n")[0].encode()}
            headers["Content-Type"] = "text/csv"
        return await self.gateway.send(method.upper(), path.format(**in_path), params=in_query, headers=headers, **body)


def _fields_of_body(gateway: Gateway, operation: dict[str, Any]) -> set[str] | None:
    """The names of the fields that a JSON body has; None where there is none."""
    described = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if described is None:
        return None
    schema = gateway.document["components"]["schemas"][described["$ref"].rpartition("/")[2]]
    return set(schema.get("properties", ()))


@pytest_asyncio.fixture(scope="session")
async def api() -> AsyncIterator[Api]:
    requests = InTheHouse()
    async with FakeIssuer() as issuer, Gateway(issuer, requests) as gateway:
        yield Api(gateway, requests)


_PATHS = Gateway(FakeIssuer()).document["paths"]
_OPERATIONS = {operation["operationId"] for methods in _PATHS.values() for operation in methods.values()}
_SENT = [door for door in DOORS if door.operation in _OPERATIONS]


@pytest.mark.parametrize("door", _SENT, ids=lambda each: each.name.replace(" ", "-"))
async def test_no_operation_tells_more_than_the_policy_allows(planted: Leaky, api: Api, door: Door) -> None:
    found: list[str] = []
    async with world(planted.house, door.service) as here:
        for role in [each for each in ROLES if knows(each, door)]:
            for case in planted.cases(door, role, "protected", main_only=True):
                answer = await api.send(case, here)
                heard = api.requests.heard
                whole = replace(heard, is_problem=answer.status >= 400)
                if answer.headers["Content-Type"] != PDF:  # whose bytes are those that the service told
                    whole = replace(whole, body=answer.body)
                found += case.complaints(whole)
                beside = json.dumps(dict(answer.headers)).encode()
                found += [
                    f"{case}: {plant.field} came out in a header"
                    for plant in case.person.plants
                    if len(plant.text) >= 6 and plant.field not in _ETAGS and plant.is_in(beside)
                ]
    assert not found, "\n".join(found)


def test_every_operation_that_asks_is_sent() -> None:
    assert {door.operation for door in _SENT} == _OPERATIONS - WITHOUT_CUSTOMERS
