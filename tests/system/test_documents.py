"""From an assessment to an approved plan through the gateway and the whole house, by the documents made on the way."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from pypdf import PdfReader

from contracts.customer.people import EraseCustomer
from contracts.law import laws
from tests.gateway.issuer import FakeIssuer
from tests.gateway.support import Answer, Door
from tests.support import RECORDS_TAMPERE, House, TestDatabases, eventually, helsinki_today
from tests.system.test_transfers import Town, expert

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(120)]

LAW = laws().on(helsinki_today()).assessment
TODAY = helsinki_today()
PERMIT = {"kind": "continuous", "ground": "international_protection_asylum", "granted_on": str(TODAY)}
HELD = {
    "held_on": str(TODAY),
    "place": "office",
    "language": "fi",
    "language_understood": True,
    "interpreter_used": True,
    "interpreter_language": "ar",
}
GOAL, LINE = UUID(int=2), UUID(int=3)


@pytest_asyncio.fixture
async def tampere(house: House, databases: TestDatabases) -> AsyncIterator[Town]:
    """An expert of Tampere at the gateway of the house."""
    told = {"database_url": await databases.new("gateway"), "rabbitmq_url": house.vhost.url("gateway")}
    async with FakeIssuer() as issuer, Door(issuer, house.new_requests(), **told) as door:
        await eventually(door.gateway.ready)
        yield await expert(house, door, "837")


async def concluded(town: Town) -> tuple[str, str]:
    """A customer just opened, and the assessment that says that a plan is needed."""
    assert LAW
    customer = await town.open(first_residence_permit=PERMIT)
    [card] = await listed(town, f"/customers/{customer}/assessments", "assessments")
    case = f"/assessments/{card['assessment_id']}"
    await well(town, "POST", f"{case}/interview/held", {"interview": HELD}, 1)
    for topic in LAW.topics:
        content = {"text": f"Kirjattu: {topic.fi}.", "needs": [{"kind": "language_learning"}]}
        await well(town, "PUT", f"{case}/topics/{topic.code}", {"content": content}, 0)
    told = [{"duty": each.code, "told_on": HELD["held_on"], "made_sure": "told_back"} for each in LAW.duties_to_inform]
    await well(town, "POST", f"{case}/duties", {"duties": told}, 2)
    await well(town, "POST", f"{case}/conclude", {"conclusion": {"result": "plan_needed"}}, 3)
    return customer, card["assessment_id"]


async def offered(town: Town, customer: str) -> dict[str, Any]:
    """A plan made of the assessment, just offered."""

    async def draft() -> Any:
        answer = await town.send("POST", f"/customers/{customer}/plans", {"kind": "individual"})
        return answer.json if answer.status == 201 else None  # until it has heard of the assessment

    plan = await eventually(draft, what="the draft")
    line = {"line_id": str(LINE), "name": "Suomen kielen kurssi", "responsible_party": "Esimerkkiopisto"}
    content = {
        "goals": [{"goal_id": str(GOAL), "kind": "employment", "text": "Työ keittiössä"}],
        "services": [line | {"justification": "Keittiössä puhutaan suomea", "goal_ids": [str(GOAL)]}],
        "follow_up": "Soitto kerran kuukaudessa",
        "duties_told_on": str(TODAY),
        "starts_on": str(TODAY),
        "ends_on": str(TODAY + timedelta(days=300)),
        "next_review_on": str(TODAY + timedelta(days=150)),
        "language": "fi",
        "copy_language": "ar",
    }
    path = f"/plans/{plan['plan_id']}"
    written = await well(town, "PUT", f"{path}/content", content, plan["version"])
    return dict((await well(town, "POST", f"{path}/offer", None, written.json["version"])).json)


async def well(town: Town, method: str, path: str, body: Any = None, version: int | None = None) -> Answer:
    """An answer, of an act that succeeds."""
    answer = await town.send(method, path, body, version)
    assert answer.status < 300, answer
    return answer


async def listed(town: Town, path: str, name: str, number: int = 1) -> Any:
    """What is listed there, as soon as so many are."""

    async def found() -> Any:
        answer = await town.send("GET", path)
        return answer.status == 200 and len(answer.json[name]) >= number and answer.json[name]

    return await eventually(found, what=f"{number} of {name}")


async def test_a_plan_comes_into_force_by_approvals_of_the_very_document_that_was_made_of_it(
    house: House, tampere: Town
) -> None:
    customer, assessment = await concluded(tampere)
    documents = f"/customers/{customer}/documents"
    of_assessment = await listed(tampere, documents, "documents", 2)
    assert {(each["kind"], each["matter_id"], each["language"], each["is_copy"]) for each in of_assessment} == {
        ("assessment", assessment, "fi", False),
        ("assessment", assessment, "ar", True),
    }
    plan = await offered(tampere, customer)
    of_plan = [each for each in await listed(tampere, documents, "documents", 4) if each["kind"] == "plan"]
    assert {(each["language"], each["is_copy"], each["matter_id"]) for each in of_plan} == {
        ("fi", False, plan["plan_id"]),
        ("ar", True, plan["plan_id"]),
    }
    [original] = [each for each in of_plan if not each["is_copy"]]
    card = await well(tampere, "GET", f"/documents/{original['document_id']}")
    assert card.json == original
    content = await well(tampere, "GET", f"/documents/{original['document_id']}/content")
    sha256 = hashlib.sha256(content.body).hexdigest()
    assert (content.headers["Content-Type"], content.headers["ETag"]) == ("application/pdf", f'"{sha256}"')
    assert content.headers["Cache-Control"] == "no-store"
    assert content.headers["Content-Disposition"] == f'inline; filename="{original["document_id"]}.pdf"'
    assert "Suomen kielen kurssi" in PdfReader(BytesIO(content.body)).pages[0].extract_text()

    async def knows() -> Any:
        found = (await well(tampere, "GET", f"/plans/{plan['plan_id']}")).json
        return len(found["in_making"]["documents"]) == 2 and found["version"]

    await eventually(knows, what="the plan service knows the documents")
    approval = {"language": "fi", "sha256": sha256, "how": "in_person", "approved_on": str(TODAY)}
    path = f"/plans/{plan['plan_id']}/editions/{plan['edition']}/approvals"
    for party in ("customer", "expert"):
        await well(tampere, "POST", path, approval | {"party": party})
    assert (await well(tampere, "GET", f"/plans/{plan['plan_id']}")).json["status"] == "in_force"


async def test_documents_are_erased_with_the_person(house: House, tampere: Town) -> None:
    customer, _ = await concluded(tampere)
    await listed(tampere, f"/customers/{customer}/documents", "documents", 2)
    await house.ask(EraseCustomer(customer_id=UUID(customer)), RECORDS_TAMPERE)
    await house.settle()
    assert await house.rows("records", "SELECT FROM document") == []
    assert await house.rows("records", "SELECT FROM document_wanted") == []
