"""A plan's whole life at the gateway, through the house; its documents are told of in the records service's name."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from contracts.envelope import Event
from contracts.records.state import DocumentKept
from services.kit.actor import service_actor
from services.kit.clock import helsinki_date
from services.kit.work import Cause
from tests.gateway.support import Answer
from tests.plan.support import concluded, content
from tests.support import House, TestDatabases, eventually, now
from tests.system.test_transfers import Town, expert, gateway

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(120)]
HASH = "a" * 64


@pytest_asyncio.fixture
async def tampere(house: House, databases: TestDatabases) -> Any:
    """An expert of Tampere at a gateway before the house."""
    async with gateway(house, databases) as door:
        yield await expert(house, door, "837")


async def publish(house: House, service: str, event: Event) -> None:
    """Tells an event in a service's name."""
    begun = house.services[service].parts.unit_of_work.begin(service_actor(service), Cause("test", "test"))
    async with begun as work:
        await work.publish(event)


async def put(town: Town, path: str, body: Any, version: int) -> Answer:
    """Replaces something."""
    headers = {"Idempotency-Key": str(uuid4()), "If-Match": f'"{version}"'}
    return await town.door.send("PUT", f"/api/v1{path}", token=town.token, headers=headers, json=body)


async def begun(house: House, town: Town) -> tuple[str, str]:
    """A customer and a plan drafted from an assessment."""
    customer = await town.open()
    assessment = concluded(UUID(customer))
    await publish(house, "assessment", assessment)
    await eventually(lambda: house.rows("plan", "SELECT FROM known_assessment WHERE status = 'concluded'"))
    await house.settle()
    answer = await town.send("POST", f"/customers/{customer}/plans", {"assessment_id": str(assessment.assessment_id)})
    assert (answer.status, answer.headers["ETag"]) == (201, '"1"'), answer
    return customer, answer.json["plan_id"]


def agreed(today: date) -> dict[str, Any]:
    """What is agreed from today on."""
    days = {"starts_on": today, "ends_on": today + timedelta(days=300), "next_review_on": today + timedelta(days=150)}
    told = content(**days, duties_told_on=today).model_dump(mode="json")
    return {name: value for name, value in told.items() if value is not None}


async def test_from_an_assessment_to_the_end_of_the_plan(house: House, tampere: Town) -> None:
    today = helsinki_date(now())
    customer, plan = await begun(house, tampere)
    path = f"/plans/{plan}"

    drafted = (await tampere.send("GET", path)).json
    assert [each["need_id"] for each in drafted["in_making"]["content"]["services"]] == [str(UUID(int=1))]
    refused = await tampere.send("POST", f"{path}/offer", None, 1)
    pointers = {each["pointer"] for each in refused.problem(422, "invalid-input")["errors"]}
    assert {"/content/follow_up", "/content/ends_on", "/content/services/0/justification"} <= pointers
    assert (await put(tampere, f"{path}/content", agreed(today), 1)).headers["ETag"] == '"2"'
    outdated = await put(tampere, f"{path}/content", agreed(today), 1)
    assert [each["field"] for each in outdated.problem(412, "changed-meanwhile")["changes"]] == ["write_plan"]
    offered = await tampere.send("POST", f"{path}/offer", None, 2)
    assert (offered.status, offered.json["edition"]) == (200, 1), offered

    approvals = f"{path}/editions/1/approvals"
    approval = {"party": "customer", "language": "fi", "sha256": HASH, "how": "in_person", "approved_on": str(today)}
    assert (await tampere.send("POST", approvals, approval)).status == 422
    document = DocumentKept(
        document_id=uuid4(),
        customer_id=UUID(customer),
        municipality="837",
        kind="plan",
        matter_id=UUID(plan),
        edition=1,
        language="fi",
        is_copy=False,
        sha256=HASH,
        size=1,
        kept_at=now(),
    )
    await publish(house, "records", document)
    await eventually(lambda: house.rows("plan", "SELECT FROM plan_document"), what="the document, in plan")
    for party in ("customer", "expert"):
        answer = await tampere.send("POST", approvals, approval | {"party": party})
        assert answer.status == 200, answer
    found = (await tampere.send("GET", path)).json
    assert (found["status"], found["drawn_up_on"], found["in_force"]["edition"]) == ("in_force", str(today), 1)

    async def is_open() -> Any:
        matters = (await tampere.send("GET", f"/customers/{customer}/open-matters")).json["matters"]
        return plan in {each["matter_id"] for each in matters}

    await eventually(is_open, what="the plan, among the customer's open matters")
    followed = {"goal_id": str(UUID(int=2)), "followed_on": str(today), "progress": "under_way"}
    assert (await tampere.send("POST", f"{path}/follow-ups", followed)).status == 201
    neglect = {"happened_on": str(today), "fact": "Was absent", "explanation": "The child was ill"}
    assert (await tampere.send("POST", f"{path}/neglects", neglect)).status == 201
    hindrance = await tampere.send("POST", f"{path}/hindrances", {"ground": "illness", "first": str(today)})
    assert hindrance.status == 201, hindrance
    assert (await tampere.send("GET", path)).json["status"] == "interrupted"
    over = f"{path}/hindrances/{hindrance.json['record_id']}/end"
    ended = await tampere.send("POST", over, {"last": str(today)})
    assert ended.status == 200, ended
    review = {
        "reason": "request",
        "reviewed_on": str(today),
        "participation": "Takes part",
        "progress": "Level A2",
        "next_review_on": str(today + timedelta(days=90)),
        "changes_plan": True,
    }
    version = (await tampere.send("GET", path)).json["version"]
    reviewed = await tampere.send("POST", f"{path}/reviews", review, version)
    assert reviewed.status == 201, reviewed
    extension = {"ground": "little_education_or_many_services", "months": 12, "reason": "Learns to read first"}
    extended = await tampere.send("POST", f"{path}/extensions", extension, reviewed.json["version"])
    assert extended.status == 201, extended
    told = (await tampere.send("GET", f"{path}/differences?before=1&after=2")).json
    assert told["differences"] == []
    acts = [each["act"] for each in (await tampere.send("GET", f"{path}/history")).json["acts"]]
    assert acts[:3] == ["extend_plan", "review_plan", "end_hindrance"]

    ending = {"reason": "employed", "ended_on": str(today), "follow_on": {"plan": "none"}}
    ended = await tampere.send("POST", f"{path}/end", ending, extended.json["version"])
    assert ended.status == 200, ended
    [card] = (await tampere.send("GET", f"/customers/{customer}/plans")).json["plans"]
    assert (card["plan_id"], card["status"]) == (plan, "ended")
    assert (await tampere.send("GET", f"{path}/editions/2")).json["stage"] == "voided"


async def test_a_plan_that_was_never_in_force_is_dropped_and_others_know_of_none(
    house: House, tampere: Town, databases: TestDatabases
) -> None:
    _, plan = await begun(house, tampere)
    helsinki = await expert(house, tampere.door, "091")
    assert (await helsinki.send("GET", f"/plans/{plan}")).status == 404
    dropped = await tampere.send("POST", f"/plans/{plan}/drop", {"why": "Moved before it was agreed"}, 1)
    assert dropped.status == 200, dropped
    assert (await tampere.send("GET", f"/plans/{plan}")).json["status"] == "dropped"


async def test_who_draws_up_no_plans_is_told_so(house: House, tampere: Town) -> None:
    customer, plan = await begun(house, tampere)
    await house.appoint(user := str(uuid4()), "837", "advisor")
    advisor = Town(tampere.door, tampere.door.issuer.token(sub=user))
    assert (await advisor.send("GET", f"/plans/{plan}")).status in (403, 404)
    assert (await advisor.send("POST", f"/customers/{customer}/plans", {})).status in (403, 404)
