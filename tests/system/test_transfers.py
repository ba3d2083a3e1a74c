"""Transfers through the whole house: two municipalities at the gateway, an employment authority at the broker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import aio_pika
import pytest
import pytest_asyncio

from contracts.customer.transfers import AnswerTransferForPartner, GetTransferForPartner, RequestTransferForPartner
from contracts.handshake import Responsible
from services.kit.actor import Actor
from tests.customer.conftest import person
from tests.gateway.issuer import FakeIssuer
from tests.gateway.support import API, Answer, Door, opening
from tests.support import House, TestDatabases, eventually, helsinki_today, now

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(120)]

AUTHORITY = "area-837"
PARTNERS = Actor("integration", "koto", "service_integration")
SOMEBODY = {"responsible": {"name": "Aino Virkanen"}}
TIMES = 20


@dataclass
class Town:
    """An expert of a municipality, at the gateway."""

    door: Door
    token: str

    async def send(
        self, method: str, path: str, body: Any = None, version: int | None = None, *, key: str | None = None
    ) -> Answer:
        headers = {"Idempotency-Key": key or str(uuid4())} if method in ("POST", "PUT") else {}
        headers |= {"If-Match": f'"{version}"'} if version is not None else {}
        more = {"json": body} if body is not None else {}
        return await self.door.send(method, f"{API}{path}", token=self.token, headers=headers, **more)

    async def open(self, **person: Any) -> str:
        """A customer just opened."""
        name = {"family": str(uuid4()), "given": "Aamu"}
        answer = await self.send("POST", "/customers", opening(**{"name": name, **person}))
        assert answer.status == 201, answer
        return str(answer.json["customer_id"])

    async def offer(self, customer: str, receiver: str = "091", reason: str = "moved") -> str:
        """A transfer just offered."""
        consent = {"given_on": str(helsinki_today()), "given_by": "speech"}
        body = {"receiver": receiver, "reason": reason, "consent": consent}
        answer = await self.send("POST", f"/customers/{customer}/transfers", body)
        assert answer.status == 201, answer
        return str(answer.json["transfer_id"])


@asynccontextmanager
async def gateway(house: House, databases: TestDatabases) -> AsyncIterator[Door]:
    """A gateway before the real services."""
    store, broker = await databases.new("gateway"), house.vhost.url("gateway")
    told = {"database_url": store, "rabbitmq_url": broker, "rate_limit": "100000/minute"}
    async with FakeIssuer() as issuer, Door(issuer, house.new_requests(), **told) as it:
        await eventually(it.gateway.ready)
        yield it


@pytest_asyncio.fixture
async def door(house: House, databases: TestDatabases) -> AsyncIterator[Door]:
    async with gateway(house, databases) as it:
        yield it


async def expert(house: House, door: Door, municipality: str) -> Town:
    await house.appoint(user := str(uuid4()), municipality, "integration_expert")
    return Town(door, door.issuer.token(sub=user))


@pytest_asyncio.fixture
async def tampere(house: House, door: Door) -> Town:
    return await expert(house, door, "837")


@pytest_asyncio.fixture
async def helsinki(house: House, door: Door) -> Town:
    return await expert(house, door, "091")


async def test_a_customer_moves_with_the_responsibility_for_the_assessment(
    house: House, tampere: Town, helsinki: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    ground = "international_protection_asylum"
    permit = {"kind": "continuous", "ground": ground, "granted_on": f"{now().year - 1}-03-01"}
    customer = await tampere.open(first_residence_permit=permit, service_language="so")
    await eventually(lambda: _assessments(tampere, customer), what="Tampere's assessment")

    async def is_heard_of() -> bool:
        return bool(await house.rows("customer", "SELECT FROM assessment_view"))

    await eventually(is_heard_of, what="the assessment, in customer")
    refused = await tampere.send("POST", f"/customers/{customer}/close", {"reason": "moved_away"}, 1)
    assert [each["rule"] for each in refused.problem(409, "open-matters")["errors"]] == ["assessment"]
    transfer = await tampere.offer(customer)
    [listed] = (await helsinki.send("GET", "/transfers?direction=in")).json["transfers"]
    preview = (await helsinki.send("GET", f"/transfers/{transfer}")).json
    assert (listed["transfer_id"], listed["customer_id"]) == (transfer, None)
    assert (preview["preview"]["service_language"], preview["preview"]["has_assessment"]) == ("so", True)
    assert (await helsinki.send("GET", f"/customers/{customer}")).status == 404

    begun = perf_counter()
    accepted = await helsinki.send("POST", f"/transfers/{transfer}/accept", SOMEBODY, 1)
    committed = perf_counter()
    assert accepted.status == 200, accepted
    assert (await helsinki.send("GET", f"/customers/{customer}")).status == 200
    assert (await tampere.send("GET", f"/customers/{customer}")).status == 404
    found = await eventually(lambda: _assessments(helsinki, customer), what="Helsinki's assessment")
    delay = perf_counter() - committed
    assert [each["status"] for each in found] == ["to_start"]
    assert (await tampere.send("GET", f"/transfers/{transfer}")).json["state"] == "accepted"
    matters = (await helsinki.send("GET", f"/customers/{customer}/open-matters")).json["matters"]
    assert "plan_review" in {each["kind"] for each in matters}
    with capsys.disabled():
        print(f"\n  accepted in {(committed - begun) * 1000:.0f} ms, in assessment {delay * 1000:.0f} ms later")  # noqa: T201


async def _assessments(town: Town, customer: str) -> Any:
    answer = await town.send("GET", f"/customers/{customer}/assessments")
    return answer.status == 200 and answer.json["assessments"]


@pytest_asyncio.fixture
async def helsinki_elsewhere(house: House, databases: TestDatabases) -> AsyncIterator[Town]:
    """Helsinki at a gateway of its own."""
    async with gateway(house, databases) as another:
        yield await expert(house, another, "091")


async def test_of_accepting_and_withdrawing_at_the_same_moment_through_two_gateways_one_happens_and_both_know(
    house: House, tampere: Town, helsinki_elsewhere: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    helsinki, accepted = helsinki_elsewhere, 0
    for _ in range(TIMES):
        transfer = await tampere.offer(customer := await tampere.open())
        answers = await asyncio.gather(
            helsinki.send("POST", f"/transfers/{transfer}/accept", SOMEBODY, 1),
            tampere.send("POST", f"/transfers/{transfer}/withdraw", version=1),
        )
        [first] = [index for index, each in enumerate(answers) if each.status == 200]
        state = ("accepted", "withdrawn")[first]
        answers[1 - first].problem(409, f"already-{state}")
        for town in (tampere, helsinki):
            assert (await town.send("GET", f"/transfers/{transfer}")).json["state"] == state
        holders = [(await town.send("GET", f"/customers/{customer}")).status for town in (tampere, helsinki)]
        assert holders == ([404, 200] if state == "accepted" else [200, 404])
        accepted += state == "accepted"
    await house.settle()
    told = await house.rows(
        "customer",
        "SELECT data->>'state' AS state, count(*) FROM outbox WHERE type = 'customer.transfer_changed.v1' GROUP BY 1",
    )
    counts = {row["state"]: row["count"] for row in told}
    assert counts.pop("requested") == TIMES
    assert sum(counts.values()) == TIMES
    with capsys.disabled():
        print(f"\n  of {TIMES} crossings {accepted} were accepted, {TIMES - accepted} withdrawn")  # noqa: T201


@pytest.mark.parametrize("first", ["accept", "withdraw"])
async def test_an_answer_whose_service_dies_is_repeated_and_happens_once(
    house: House, tampere: Town, helsinki: Town, first: str
) -> None:
    customer = await tampere.open()
    transfer = await tampere.offer(customer)
    url = house.services["customer"].parts.settings.database_url.get_secret_value()
    headers = {"Idempotency-Key": "k", "If-Match": '"1"'}
    town, body = {"accept": (helsinki, {"json": SOMEBODY}), "withdraw": (tampere, {})}[first]

    async def act() -> Answer:
        return await town.door.send(
            "POST", f"{API}/transfers/{transfer}/{first}", token=town.token, headers=headers, **body
        )

    asked = asyncio.create_task(act())
    await house.services["customer"].stop()
    await house.start("customer", url)
    await asked

    async def done() -> bool:
        return (await act()).status == 200

    await eventually(done, what="the repeated answer")
    await house.settle()
    state = {"accept": "accepted", "withdraw": "withdrawn"}[first]
    for each in (tampere, helsinki):
        assert (await each.send("GET", f"/transfers/{transfer}")).json["state"] == state
    told = await house.rows("customer", "SELECT data->>'state' AS state FROM outbox WHERE subject = $1", UUID(transfer))
    assert [row["state"] for row in told] == ["requested", state]


async def test_the_employment_authority_hears_at_the_broker_and_takes_the_customer(house: House, tampere: Town) -> None:
    connection = await aio_pika.connect(house.vhost.url())
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(exclusive=True)
        await queue.bind("customer.events", "customer.transfer_changed.v1")
        transfer = await tampere.offer(await tampere.open(), AUTHORITY, "registered_as_jobseeker")
        heard = await _next(queue)
        assert (heard["state"], heard["receiver"], heard["transfer_id"]) == ("requested", AUTHORITY, transfer)
        id = UUID(heard["transfer_id"])
        preview = await house.ask(GetTransferForPartner(partner=AUTHORITY, transfer_id=id), PARTNERS)
        assert (preview.person, preview.transfer.state) == (None, "requested")
        accepting = AnswerTransferForPartner(
            partner=AUTHORITY, transfer_id=id, act="accept", responsible=Responsible(name="Aino Virkanen")
        )
        await house.ask(accepting, PARTNERS)
        assert (await _next(queue))["state"] == "accepted"
        disclosed = await house.ask(GetTransferForPartner(partner=AUTHORITY, transfer_id=id), PARTNERS)
        assert disclosed.person is not None
        assert disclosed.person.name.given == "Aamu"
    assert (await tampere.send("GET", f"/transfers/{transfer}")).json["state"] == "accepted"


async def test_the_employment_authority_hands_over_and_the_municipality_takes(house: House, tampere: Town) -> None:
    handing = RequestTransferForPartner(
        partner=AUTHORITY, municipality="837", reason="jobsearch_ended", person=person(service_language="so")
    )
    handed = await house.ask(handing, PARTNERS)
    [listed] = (await tampere.send("GET", "/transfers?direction=in")).json["transfers"]
    assert (listed["transfer_id"], listed["giver"]) == (str(handed.transfer_id), AUTHORITY)
    accepted = await tampere.send("POST", f"/transfers/{handed.transfer_id}/accept", SOMEBODY, 1)
    assert accepted.status == 200, accepted
    customer = (await tampere.send("GET", f"/transfers/{handed.transfer_id}")).json["customer_id"]
    assert (await tampere.send("GET", f"/customers/{customer}")).json["person"]["service_language"] == "so"
    await eventually(lambda: _assessments(tampere, customer), what="the assessment")


async def _next(queue: Any) -> dict[str, Any]:
    async def got() -> Any:
        return await queue.get(no_ack=True, fail=False)

    told: dict[str, Any] = json.loads((await eventually(got, what="an event")).body)["data"]
    return told
