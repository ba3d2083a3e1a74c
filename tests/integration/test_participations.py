"""A county and a provider of language tests, played by foreign programs with the partners' own passwords."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from contracts.assessment.cases import GetAssessmentsOfCustomer
from contracts.assessment.measures import MeasureOrder, MeasureVersion, OrderMeasure
from contracts.assessment.participations import (
    GetParticipation,
    Participation,
    ParticipationPreview,
    ParticipationVersion,
    ReplyToParticipation,
    RequestParticipation,
    WithdrawParticipation,
)
from contracts.customer.people import CustomerVersion, EraseCustomer
from services.assessment.handlers.participations import tick
from services.kit.actor import Actor
from services.kit.errors import ProblemReply
from tests.customer.conftest import opening
from tests.customer.transfers import SAFE
from tests.gateway.issuer import FakeIssuer
from tests.gateway.support import Door
from tests.integration.authority import Authority
from tests.integration.partner import CODE
from tests.support import EXPERT_TAMPERE, RECORDS_TAMPERE, House, TestDatabases, eventually, helsinki_today, now
from tests.system.test_transfers import Town, expert

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(120)]

ANSWER, CONTRIBUTION = "authority.participation_answer.v1", "authority.county_contribution.v1"
REPORT, TOLD = "authority.measure_report.v1", "authority.participation.v1"
SOMEBODY = {"name": "Sanna Sosiaalityöntekijä", "phone": "+358 00 000 0003"}
PHONE = "+358 50 123"
PERMIT = {"kind": "continuous", "ground": "international_protection_asylum", "granted_on": str(helsinki_today())}
PREVIEW = {"service_language": "so", "interpreter_needed": True, "topics": ["health_and_social_needs"]}


@pytest_asyncio.fixture
async def tampere(house: House, databases: TestDatabases) -> AsyncIterator[Town]:
    """An expert of Tampere at the gateway of the house."""
    told = {"database_url": await databases.new("gateway"), "rabbitmq_url": house.vhost.url("gateway")}
    async with FakeIssuer() as issuer, Door(issuer, house.new_requests(), **told) as door:
        await eventually(door.gateway.ready)
        yield await expert(house, door, "837")


async def to_start(house: House, actor: Actor = EXPERT_TAMPERE, **person: Any) -> tuple[CustomerVersion, UUID]:
    """A customer just opened in Tampere, and the assessment that is to be started."""
    told = {"personal_identity_code": CODE, "first_residence_permit": PERMIT, "contact": {"phone": PHONE}}
    known = await house.ask(opening(**told | person), actor)

    async def first() -> Any:
        try:
            found = await house.ask(GetAssessmentsOfCustomer(customer_id=known.customer_id))
        except ProblemReply:
            return None  # not heard of yet
        return found.assessments

    [card] = await eventually(first, what="the assessment")
    return known, card.assessment_id


async def asked(house: House, **person: Any) -> ParticipationVersion:
    """A participation for which the county was just asked."""
    _, assessment_id = await to_start(house, **person)
    preview = ParticipationPreview.model_validate(PREVIEW)
    return await house.ask(RequestParticipation(assessment_id=assessment_id, way="in_writing", preview=preview))


def answering(known: ParticipationVersion, act: str, **more: Any) -> dict[str, Any]:
    told = {"participation_id": str(known.participation_id), "act": act}
    return told | ({"responsible": SOMEBODY} if act == "accept" else {}) | more


def contributing(known: ParticipationVersion, **more: Any) -> dict[str, Any]:
    sections = [{"topic": "health_and_social_needs", "text": "Sleeps badly.", "needs": ["health_services"]}]
    told = {"participation_id": str(known.participation_id), "sections": sections}
    return told | {"written_by": SOMEBODY["name"], "written_on": str(helsinki_today())} | more


async def heard(county: Authority, state: str) -> dict[str, Any]:
    return await county.matter("participation_id", state)


async def seen(house: House, known: ParticipationVersion) -> Participation:
    return await house.ask(GetParticipation(participation_id=known.participation_id))


async def test_the_county_is_asked_accepts_and_contributes_and_the_expert_reads_it(
    house: House, tampere: Town, county: Authority
) -> None:
    _, assessment_id = await to_start(house, name={"family": "Esimerkki", "given": "Aamu"})
    case = f"/assessments/{assessment_id}"
    body = {"way": "joint_interview", "proposed_at": (now() + timedelta(days=7)).isoformat(), "preview": PREVIEW}
    requested = await tampere.send("POST", f"{case}/participations", body)
    assert (requested.status, requested.headers["ETag"]) == (201, '"1"')
    path = requested.headers["Location"].removeprefix("/api/v1")

    told = await heard(county, "requested")
    assert (told["preview"], told["person"], told["municipality"]) == (PREVIEW, None, "837")
    assert not any(each in json.dumps(county.heard) for each in ("Esimerkki", CODE, "1994", PHONE, str(assessment_id)))

    known = ParticipationVersion(participation_id=UUID(told["participation_id"]), version=1)
    assert await county.outcome(ANSWER, answering(known, "accept")) == ("received", [])
    person = (await heard(county, "accepted"))["person"]
    assert (person["name"]["family"], person["personal_identity_code"]) == ("Esimerkki", CODE)
    assert person["contact"]["phone"] == PHONE
    found = (await tampere.send("GET", path)).json
    assert (found["state"], found["responsible"]) == ("accepted", SOMEBODY)
    assert (await tampere.send("GET", case)).json["county_takes_part"] is True

    assert await county.outcome(CONTRIBUTION, contributing(known)) == ("received", [])
    section = (await tampere.send("GET", f"{case}/county-section")).json
    [writing] = section["writings"]
    assert (writing["text"], writing["organisation"], writing["written_by"]) == (
        "Sleeps badly.",
        "08",
        SOMEBODY["name"],
    )
    [listed] = (await tampere.send("GET", "/participations?state=accepted")).json["participations"]
    assert listed["contributed_at"]


async def test_a_county_that_is_silent_hears_that_the_request_expired_and_answers_too_late(
    house: House, county: Authority
) -> None:
    known = await asked(house)
    await heard(county, "requested")
    await house.rows("assessment", "UPDATE county_participation SET due_on = due_on - 30")
    assert await county.outcome(ANSWER, answering(known, "accept")) == (
        "refused",
        [("/data/participation_id", "already-expired")],
    )
    await tick(house.services["assessment"].parts.unit_of_work)
    assert (await heard(county, "expired"))["preview"] is None
    assert await county.outcome(ANSWER, answering(known, "reject", reason="later")) == (
        "refused",
        [("/data/participation_id", "already-expired")],
    )


async def test_a_county_that_refuses_says_why_and_is_not_told_whom_it_was_about(
    house: House, county: Authority
) -> None:
    known = await asked(house)
    assert await county.outcome(ANSWER, answering(known, "reject")) == ("refused", [("/data/reason", "missing")])
    await county.outcome(ANSWER, answering(known, "reject", reason="no_coordination_needed", text="Known well."))
    told = await heard(county, "rejected")
    assert (told["person"], told["preview"]) == (None, None)
    assert (await seen(house, known)).turns[-1].reason == "no_coordination_needed"
    assert PHONE not in json.dumps(county.heard)


async def test_what_the_county_asks_more_is_replied_to(house: House, county: Authority) -> None:
    known = await asked(house)
    await county.outcome(ANSWER, answering(known, "ask_more", text="Which language?"))
    more = await heard(county, "more_asked")
    reply = ReplyToParticipation(participation_id=known.participation_id, expected_version=2, text="Somali.")
    await house.ask(reply)

    async def replied() -> Any:
        told = [each["data"] for each in await county.listen() if each["type"] == TOLD]
        return [each for each in told if each["version"] == 3]

    [after] = await eventually(replied, what="the reply")
    assert [each["text"] for each in after["turns"]] == [None, "Which language?", "Somali."]
    assert more["version"] == 2
    assert await county.outcome(ANSWER, answering(known, "accept")) == ("received", [])


async def test_an_answer_that_comes_again_is_done_once_and_another_one_is_refused(
    house: House, county: Authority
) -> None:
    known = await asked(house)
    for times in (1, 2):
        county.say(ANSWER, answering(known, "accept"), "m-1")
        receipts = await county.receipts("m-1", times)
    assert [each["outcome"] for each in receipts] == ["received", "received"]
    assert await county.outcome(ANSWER, answering(known, "accept")) == ("received", [])
    assert (await seen(house, known)).version == 2
    assert await county.outcome(ANSWER, answering(known, "reject", reason="later")) == (
        "refused",
        [("/data/participation_id", "already-accepted")],
    )
    withdrawing = WithdrawParticipation(participation_id=known.participation_id, expected_version=2)
    with pytest.raises(ProblemReply) as refused:
        await house.ask(withdrawing)
    assert refused.value.code == "already-accepted"


async def test_a_contribution_before_acceptance_is_refused_and_a_repeated_one_is_kept_once(
    house: House, county: Authority
) -> None:
    known = await asked(house)
    refused = ("refused", [("/data/participation_id", "not_accepted")])
    assert await county.outcome(CONTRIBUTION, contributing(known)) == refused
    await county.outcome(ANSWER, answering(known, "accept"))
    await heard(county, "accepted")
    for times in (1, 2):
        county.say(CONTRIBUTION, contributing(known), "m-1")
        receipts = await county.receipts("m-1", times)
    assert [each["outcome"] for each in receipts] == ["received", "received"]
    assert len(await house.rows("assessment", "SELECT FROM county_section")) == 1
    await house.settle()  # that it has contributed is no news to the county, which was told this version
    told = "SELECT FROM partner_matter WHERE told_version = 2 AND next_attempt_at IS NULL"
    await eventually(lambda: house.rows("integration", told))
    assert len([each for each in await county.listen() if each["data"].get("state") == "accepted"]) == 1


async def test_what_is_wrong_with_a_contribution_is_named_by_field_and_rule(house: House, county: Authority) -> None:
    known = await asked(house)
    await county.outcome(ANSWER, answering(known, "accept"))
    wrong = contributing(known, sections=[{"topic": "literacy", "text": "Reads.", "needs": ["x"]}])
    assert await county.outcome(CONTRIBUTION, wrong) == (
        "refused",
        [("/data/sections/0/topic", "rule_book"), ("/data/sections/0/needs/0", "code_list")],
    )
    empty = contributing(known, sections=[])
    assert await county.outcome(CONTRIBUTION, empty) == ("refused", [("/data/sections", "too_short")])


async def test_another_county_s_participation_does_not_exist_for_a_partner(
    house: House, county: Authority, authority: Authority
) -> None:
    await asked(house)
    stranger = ParticipationVersion(participation_id=uuid4(), version=1)
    assert await county.outcome(ANSWER, answering(stranger, "accept")) == (
        "refused",
        [("/data/participation_id", "not-found")],
    )
    await heard(county, "requested")
    assert await authority.outcome(ANSWER, answering(stranger, "accept")) == (
        "refused",
        [("/type", "type_not_allowed")],
    )
    assert not [each for each in await authority.listen() if each["type"] == TOLD]


async def test_contact_details_under_non_disclosure_are_never_told(house: House, county: Authority) -> None:
    _, assessment_id = await to_start(house, SAFE, safety_non_disclosure=True)
    preview = ParticipationPreview.model_validate(PREVIEW)
    request = RequestParticipation(assessment_id=assessment_id, way="in_writing", preview=preview)
    known = await house.ask(request)
    await county.outcome(ANSWER, answering(known, "accept"))
    person = (await heard(county, "accepted"))["person"]
    assert (person["safety_non_disclosure"], person["contact"]) == (True, None)
    assert PHONE not in json.dumps(county.heard)


async def test_what_the_county_sees_is_in_the_usage_log_under_its_own_code(house: House, county: Authority) -> None:
    known = await asked(house)
    await county.outcome(ANSWER, answering(known, "accept"))
    await heard(county, "accepted")
    lines = await house.rows(
        "customer",
        "SELECT data->'data' AS data, data->>'legal_basis' AS basis FROM outbox"
        " WHERE type = 'customer.data_used.v1' AND data->>'organisation' = '08'",
    )
    assert [(json.loads(each["data"]), each["basis"]) for each in lines] == [
        (["contact", "identity", "language"], "86 §; 94 §")
    ]


async def test_what_is_told_waits_while_the_owner_is_away_and_is_told_once(house: House, county: Authority) -> None:
    known = await asked(house)
    await heard(county, "requested")
    url = house.services["customer"].parts.settings.database_url.get_secret_value()
    await house.services.pop("customer").stop()
    assert await county.outcome(ANSWER, answering(known, "accept")) == ("received", [])
    await eventually(lambda: house.rows("integration", "SELECT FROM partner_matter WHERE attempts > 0"))
    assert not [each for each in county.heard if each["data"].get("state") == "accepted"]
    await house.start("customer", url)
    assert (await heard(county, "accepted"))["person"]["personal_identity_code"] == CODE
    await house.settle()
    assert len([each for each in await county.listen() if each["data"].get("state") == "accepted"]) == 1


async def test_nothing_of_the_person_or_of_what_was_contributed_is_kept_at_the_door_and_all_is_erased(
    house: House, county: Authority
) -> None:
    known, assessment_id = await to_start(house, name={"family": "Siirtyvä", "given": "Aamu"})
    preview = ParticipationPreview.model_validate(PREVIEW)
    request = RequestParticipation(assessment_id=assessment_id, way="in_writing", preview=preview)
    participation = await house.ask(request)
    await county.outcome(ANSWER, answering(participation, "accept"))
    await county.outcome(CONTRIBUTION, contributing(participation))
    await heard(county, "accepted")
    kept = await everything(house, "integration")
    assert str(participation.participation_id) in kept
    assert not any(each in kept for each in ("Siirtyv", CODE, "1994-05", PHONE, "Sleeps"))
    kept = await everything(house, "assessment")
    assert not any(each in kept for each in ("Siirtyv", CODE, PHONE, "Sleeps"))
    await house.ask(EraseCustomer(customer_id=known.customer_id), RECORDS_TAMPERE)
    await house.settle()
    assert await house.rows("integration", "SELECT FROM partner_matter") == []
    assert await house.rows("assessment", "SELECT FROM county_participation") == []


async def everything(house: House, service: str) -> str:
    """All that a service's database holds."""
    named = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    tables = [row["name"] for row in await house.rows(service, named)]
    return "".join([str(await house.rows(service, f'SELECT t::text FROM "{table}" t')) for table in tables])


class TestMeasures:
    @staticmethod
    async def ordered(house: House, actor: Actor = EXPERT_TAMPERE, **person: Any) -> MeasureVersion:
        """A measure just ordered from the provider of language tests."""
        _, assessment_id = await to_start(house, actor, **person)
        order = {"measure": "language_level", "provider": "third_party", "organisation": "0245437-2"}
        due_on = str(helsinki_today() + timedelta(days=30))
        told = MeasureOrder.model_validate(order | {"due_on": due_on, "instructions": "Speaking too."})
        return await house.ask(OrderMeasure(assessment_id=assessment_id, order=told))

    @staticmethod
    def reporting(known: MeasureVersion, **more: Any) -> dict[str, Any]:
        told = {"measure_id": str(known.measure_id), "result": "A1.", "done_on": str(helsinki_today())}
        return told | {"done_by": "Kieli Kettunen"} | more

    async def test_an_order_is_told_to_its_provider_whose_report_is_kept_once(
        self, house: House, language_test: Authority
    ) -> None:
        known = await self.ordered(house)
        order = await language_test.matter("measure_id", "ordered")
        assert (order["measure"], order["instructions"]) == ("language_level", "Speaking too.")
        assert (order["person"]["personal_identity_code"], order["person"]["contact"]["phone"]) == (CODE, PHONE)
        for times in (1, 2):
            language_test.say(REPORT, self.reporting(known), "m-1")
            receipts = await language_test.receipts("m-1", times)
        assert [each["outcome"] for each in receipts] == ["received", "received"]
        [row] = await house.rows("assessment", "SELECT state, organisation, report FROM measure")
        assert (row["state"], row["organisation"], json.loads(row["report"])["result"]) == (
            "reported",
            "0245437-2",
            "A1.",
        )
        assert (await language_test.matter("measure_id", "reported"))["person"] is None

    async def test_what_is_wrong_with_a_report_is_named(self, house: House, language_test: Authority) -> None:
        known = await self.ordered(house)
        late = self.reporting(known, done_on=str(helsinki_today() + timedelta(days=2)))
        assert await language_test.outcome(REPORT, late) == ("refused", [("/data/done_on", "in_future")])
        stranger = MeasureVersion(measure_id=uuid4())
        assert await language_test.outcome(REPORT, self.reporting(stranger)) == (
            "refused",
            [("/data/measure_id", "not-found")],
        )

    async def test_of_a_customer_under_non_disclosure_who_it_is_is_told_by_hand(
        self, house: House, language_test: Authority
    ) -> None:
        await self.ordered(house, SAFE, safety_non_disclosure=True)
        assert (await language_test.matter("measure_id", "ordered"))["person"] is None
        assert CODE not in json.dumps(language_test.heard)
