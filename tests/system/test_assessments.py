"""The whole life of an assessment through the gateway and the whole house."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from contracts.law import laws
from tests.gateway.issuer import FakeIssuer
from tests.gateway.support import Door
from tests.support import House, TestDatabases, eventually, helsinki_today, now
from tests.system.test_transfers import Town, expert

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(120)]

LAW = laws().on(helsinki_today()).assessment
PERMIT = {"kind": "continuous", "ground": "international_protection_asylum", "granted_on": str(helsinki_today())}
HELD = {"held_on": str(helsinki_today()), "place": "office", "language": "fi", "language_understood": True}


@pytest_asyncio.fixture
async def tampere(house: House, databases: TestDatabases) -> AsyncIterator[Town]:
    """An expert of Tampere at the gateway of the house."""
    told = {"database_url": await databases.new("gateway"), "rabbitmq_url": house.vhost.url("gateway")}
    async with FakeIssuer() as issuer, Door(issuer, house.new_requests(), **told) as door:
        await eventually(door.gateway.ready)
        yield await expert(house, door, "837")


async def to_start(town: Town, **person: Any) -> tuple[str, str]:
    """A customer just opened, and the assessment that is to be started."""
    customer = await town.open(first_residence_permit=PERMIT, **person)

    async def first() -> Any:
        found = await town.send("GET", f"/customers/{customer}/assessments")
        return found.json["assessments"] if found.status == 200 else None

    [card] = await eventually(first, what="the assessment")
    assert card["status"] == "to_start"
    return customer, card["assessment_id"]


async def under_way(town: Town, assessment: str) -> None:
    begun = await town.send("POST", f"/assessments/{assessment}/interview/held", {"interview": HELD}, 1)
    assert begun.status == 200, begun


async def test_an_assessment_goes_from_the_opened_customer_to_the_needs_that_others_hear_of(
    house: House, tampere: Town
) -> None:
    assert LAW
    customer, assessment = await to_start(tampere)
    case = f"/assessments/{assessment}"
    appointment = {
        "starts_at": (now() + timedelta(days=3)).isoformat(),
        "place": "office",
        "language": "fi",
        "interpreter": {"needed": True, "language": "so"},
    }
    planned = await tampere.send("POST", f"{case}/interview", {"appointment": appointment}, 1)
    assert (planned.status, planned.headers["ETag"]) == (200, '"2"')
    held = await tampere.send("POST", f"{case}/interview/held", {"interview": HELD}, 2)
    assert held.status == 200, held

    missing = await tampere.send("POST", f"{case}/conclude", {"conclusion": {"result": "no_plan_needed"}}, 3)
    rules = [each["rule"] for each in missing.problem(422, "invalid-input")["errors"]]
    assert rules == ["missing", *["topic_not_answered"] * 9, *["duty_not_acknowledged"] * 4]

    needs = [{"kind": "language_learning", "text": "From the beginning."}]
    for topic in LAW.topics:
        content = {"text": f"Of {topic.code}.", "needs": needs if topic.code == "finnish_and_swedish" else []}
        written = await tampere.send("PUT", f"{case}/topics/{topic.code}", {"content": content}, 0)
        assert written.status == 200, written
        assert written.headers["ETag"] == '"1"'
    told = [{"duty": each.code, "told_on": HELD["held_on"], "made_sure": "told_back"} for each in LAW.duties_to_inform]
    assert (await tampere.send("POST", f"{case}/duties", {"duties": told}, 3)).status == 200
    order = {"measure": "language_level", "provider": "own", "due_on": str(helsinki_today())}
    ordered = await tampere.send("POST", f"{case}/clarifying-measures", {"order": order})
    conclusion = {"conclusion": {"result": "plan_needed"}}
    [still] = (await tampere.send("POST", f"{case}/conclude", conclusion, 4)).problem(422, "invalid-input")["errors"]
    assert still["rule"] == "measure_open"
    report = {"result": "A1.", "done_on": HELD["held_on"], "done_by": "Kieli Kettunen"}
    measure = f"/clarifying-measures/{ordered.json['measure_id']}"
    assert (await tampere.send("POST", f"{measure}/report", {"report": report})).status == 200
    concluded = await tampere.send("POST", f"{case}/conclude", conclusion, 4)
    assert concluded.status == 200, concluded

    whole = (await tampere.send("GET", case)).json
    assert (whole["status"], whole["result"], whole["duties_left"]) == ("concluded", "plan_needed", [])
    assert [each["written"]["content"]["text"] for each in whole["topics"]] == [
        f"Of {each.code}." for each in LAW.topics
    ]
    read_only = await tampere.send("PUT", f"{case}/topics/literacy", {"content": {"text": "More."}}, 1)
    assert read_only.status == 409
    [row] = await house.rows(
        "assessment",
        "SELECT data FROM outbox WHERE type = 'assessment.changed.v2' ORDER BY position DESC LIMIT 1",
    )
    assert '"kind": "language_learning"' in row["data"]
    assert "From the beginning" not in row["data"]

    async def nothing_open() -> bool:
        return (await tampere.send("GET", f"/customers/{customer}/open-matters")).json["matters"] == []

    await eventually(nothing_open, what="nothing left open")


async def test_facts_told_with_an_answer_go_to_their_owner_and_are_pinned_and_a_repeat_does_what_is_left(
    house: House, tampere: Town
) -> None:
    customer, assessment = await to_start(tampere)
    await under_way(tampere, assessment)
    studies = {"group": "education", "studies": [{"level": "6", "name": "Nursing", "completed": True}]}
    body = {"content": {"text": "A nurse."}, "facts": {"content": studies, "expected_version": 0}}
    path = f"/assessments/{assessment}/topics/education_and_work_experience"

    # as when the gateway died between the two: the facts are told, and the topic is not written
    lost = await tampere.send("PUT", path, {"content": {"text": ""}, "facts": body["facts"]}, 0, key="another-act")
    assert lost.status == 422
    told = {"content": studies, "expected_version": 0}
    first = await tampere.send("PUT", path, {**body, "facts": told}, 5, key="an-act")
    assert first.status == 412
    written = await tampere.send("PUT", path, {**body, "facts": told}, 0, key="an-act")
    assert written.status == 200, written
    again = await tampere.send("PUT", path, {**body, "facts": told}, 0, key="an-act")
    assert (again.status, again.json) == (200, written.json)

    background = (await tampere.send("GET", f"/customers/{customer}/background/education")).json
    whole = (await tampere.send("GET", f"/assessments/{assessment}")).json
    [topic] = [each for each in whole["topics"] if each["version"]]
    assert topic["written"]["facts"] == {"group": "education", "version": background["version"]}
    assert (background["version"], background["content"]["studies"][0]["name"]) == (1, "Nursing")


async def test_two_write_different_topics_at_once_and_of_two_who_write_one_the_second_learns_who_was_first(
    tampere: Town,
) -> None:
    _, assessment = await to_start(tampere)
    await under_way(tampere, assessment)

    def write(topic: str, text: str) -> Any:
        return tampere.send("PUT", f"/assessments/{assessment}/topics/{topic}", {"content": {"text": text}}, 0)

    both = await asyncio.gather(write("literacy", "Reads."), write("special_skills", "Sews."))
    assert [each.status for each in both] == [200, 200]
    same = await asyncio.gather(write("life_situation", "One."), write("life_situation", "Other."))
    late = max(same, key=lambda each: each.status)
    assert sorted(each.status for each in same) == [200, 412]
    [change] = late.problem(412, "changed-meanwhile")["changes"]
    assert (change["field"], change["version"]) == ("life_situation", 1)
    history = (await tampere.send("GET", f"/assessments/{assessment}/topics/life_situation/history")).json
    assert [each["version"] for each in history["writings"]] == [1]


async def test_work_and_benefits_told_of_a_customer_bring_an_assessment_and_tell_who_is_responsible(
    tampere: Town,
) -> None:
    permit = PERMIT | {"ground": "study"}
    customer = await tampere.open(first_residence_permit=permit)
    facts = {"content": {"group": "life_situation", "facts": [{"fact": "unemployed_jobseeker"}]}}
    assert (await tampere.send("PUT", f"/customers/{customer}/background/life_situation", facts, 0)).status == 200

    async def found() -> Any:
        answer = await tampere.send("GET", f"/customers/{customer}/assessments")
        return answer.status == 200 and answer.json["assessments"]

    [card] = await eventually(found, what="the assessment")
    assert card["reasons"] == ["unemployed_jobseeker"]
    whole = (await tampere.send("GET", f"/assessments/{card['assessment_id']}")).json
    assert whole["responsible"] == {
        "authority": "employment_authority",
        "legal_basis": "681/2023 3 § 1 mom.",
        "transfer_proposed": True,
    }
