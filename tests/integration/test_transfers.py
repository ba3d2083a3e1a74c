"""Transfers to and from the employment authority, played by a foreign program with the partner's own password."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from contracts.customer.people import CustomerVersion, GetCustomer
from contracts.customer.transfers import (
    AcceptTransfer,
    GetTransfer,
    RejectTransfer,
    ReplyToTransfer,
    TransferVersion,
)
from contracts.handshake import Responsible
from contracts.partners.transfers import TransferTold
from services.kit.actor import Actor, service_actor
from services.kit.errors import ProblemReply
from services.kit.work import Cause
from tests.customer.conftest import opening
from tests.customer.transfers import AUTHORITY, SAFE, offering, withdrawing
from tests.gateway.issuer import FakeIssuer
from tests.gateway.support import Door
from tests.integration.authority import ANSWER, REQUEST, SOMEBODY, Authority, answering, handing_over
from tests.integration.partner import CODE
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, House, TestDatabases, eventually
from tests.system.test_transfers import Town, expert

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(120)]
TIMES = 10
SAMPLES = Path(__file__).parents[2] / "contracts" / "samples" / TransferTold.TYPE


@pytest_asyncio.fixture
async def tampere(house: House, databases: TestDatabases) -> AsyncIterator[Town]:
    """An expert of Tampere at the gateway of the house."""
    told = {"database_url": await databases.new("gateway"), "rabbitmq_url": house.vhost.url("gateway")}
    async with FakeIssuer() as issuer, Door(issuer, house.new_requests(), **told) as door:
        await eventually(door.gateway.ready)
        yield await expert(house, door, "837")


async def opened(house: House, actor: Actor = EXPERT_TAMPERE, **person: Any) -> CustomerVersion:
    return await house.ask(opening(**{"personal_identity_code": CODE} | person), actor)


async def offered(house: House, **person: Any) -> TransferVersion:
    """A customer of Tampere's, just offered to the employment authority."""
    return await house.ask(offering(await opened(house, **person), AUTHORITY, reason="registered_as_jobseeker"))


async def state_of(house: House, transfer: TransferVersion) -> str:
    return (await house.ask(GetTransfer(transfer_id=transfer.transfer_id))).state


async def test_a_person_whom_the_authority_hands_over_becomes_the_customer_of_the_municipality_that_accepts(
    house: House, tampere: Town, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    ground = "international_protection_asylum"
    permit = {"kind": "continuous", "ground": ground, "granted_on": "2026-03-01"}
    [receipt] = await authority.receipts(authority.say(REQUEST, handing_over(first_residence_permit=permit)))
    transfer = receipt["transfer_id"]
    asked = await authority.transfer("requested", transfer)
    assert (asked["direction"], asked["giver"], asked["receiver"]) == ("out", AUTHORITY, "837")
    before = await tampere.send("GET", f"/transfers/{transfer}")
    assert before.json["preview"]["service_language"] == "so"
    assert not any(each in json.dumps(before.json) for each in ("Esimerkki", CODE, "1994"))
    accepted = await tampere.send("POST", f"/transfers/{transfer}/accept", {"responsible": SOMEBODY}, 1)
    committed = perf_counter()
    assert accepted.status == 200, accepted
    customer = (await tampere.send("GET", f"/transfers/{transfer}")).json["customer_id"]

    async def assessments() -> Any:
        found = await tampere.send("GET", f"/customers/{customer}/assessments")
        return found.status == 200 and found.json["assessments"]

    await eventually(assessments, what="the assessment")
    known = perf_counter()
    heard = await authority.transfer("accepted", transfer)
    told = perf_counter()
    assert (heard["responsible"], heard["person"]) == (SOMEBODY, None)
    assert (await tampere.send("GET", f"/customers/{customer}")).json["person"]["personal_identity_code"] == CODE
    with capsys.disabled():
        print(  # noqa: T201
            f"\n  after acceptance: in assessment {(known - committed) * 1000:.0f} ms,"
            f" told to the authority by {(told - committed) * 1000:.0f} ms"
        )


async def test_the_authority_is_told_of_an_offer_without_the_person_and_of_the_person_once_it_has_accepted(
    house: House, tampere: Town, authority: Authority
) -> None:
    name, contact = {"family": "Esimerkki", "given": "Aamu"}, {"phone": "+358 50 123"}
    day = {"date_of_birth": "1994-05-01", "personal_identity_code": CODE}
    customer = await tampere.open(name=name, contact=contact, service_language="so", **day)
    transfer = await tampere.offer(customer, AUTHORITY, "registered_as_jobseeker")
    asked = await authority.transfer("requested", transfer)
    assert (asked["direction"], asked["preview"]["service_language"], asked["person"]) == ("in", "so", None)
    assert not any(each in json.dumps(authority.heard) for each in ("Esimerkki", CODE, "1994", "+358", customer))
    assert await authority.outcome(ANSWER, answering(transfer, "accept")) == ("received", [])
    person = (await authority.transfer("accepted", transfer))["person"]
    assert (person["name"], person["personal_identity_code"], person["contact"]["phone"]) == (name, CODE, "+358 50 123")
    assert customer not in json.dumps(authority.heard)
    assert (await tampere.send("GET", f"/transfers/{transfer}")).json["state"] == "accepted"
    assert (await tampere.send("GET", f"/customers/{customer}")).status == 404


async def test_contact_details_under_non_disclosure_are_never_told(house: House, authority: Authority) -> None:
    known = await opened(house, SAFE, safety_non_disclosure=True, contact={"phone": "+358 50 123"})
    transfer = await house.ask(offering(known, AUTHORITY), SAFE)
    await authority.outcome(ANSWER, answering(transfer.transfer_id, "accept"))
    person = (await authority.transfer("accepted"))["person"]
    assert (person["safety_non_disclosure"], person["contact"]) == (True, None)
    assert "+358 50" not in json.dumps(authority.heard)


async def test_what_the_authority_does_and_sees_is_in_the_usage_log_under_its_own_code(
    house: House, authority: Authority
) -> None:
    known = await opened(house)
    transfer = await house.ask(offering(known, AUTHORITY))
    await authority.outcome(ANSWER, answering(transfer.transfer_id, "accept"))
    await authority.transfer("accepted")
    lines = await house.rows(
        "customer",
        "SELECT data->>'act' AS act, data->'data' AS data FROM outbox WHERE type = 'customer.data_used.v1'"
        " AND data->>'organisation' = $1 AND (data->'customers')::jsonb ? $2 ORDER BY position",
        AUTHORITY,
        str(known.customer_id),
    )
    used = [(line["act"], json.loads(line["data"])) for line in lines]
    assert ("transfer", ["transfer"]) in used
    assert used[-1] == ("view", ["contact", "identity", "language", "residence_permit", "transfer"])


async def test_a_rejection_has_a_reason_and_each_side_hears_the_other_s(house: House, authority: Authority) -> None:
    transfer = await offered(house)
    rejecting = answering(transfer.transfer_id, "reject", reason="not_in_target_group")
    assert await authority.outcome(ANSWER, rejecting) == ("received", [])
    assert await state_of(house, transfer) == "rejected"
    [receipt] = await authority.receipts(authority.say(REQUEST, handing_over(personal_identity_code=None)))
    own = UUID(receipt["transfer_id"])
    await house.ask(RejectTransfer(transfer_id=own, expected_version=1, reason="not_resident", text="Lives elsewhere"))
    heard = await authority.transfer("rejected", str(own))
    assert [(each["act"], each["reason"]) for each in heard["turns"]] == [("request", None), ("reject", "not_resident")]
    assert heard["person"] is None


async def test_questions_and_replies_go_both_ways(house: House, authority: Authority) -> None:
    transfer = await offered(house)
    id = transfer.transfer_id
    assert await authority.outcome(ANSWER, answering(id, "ask_more", text="Since when?")) == ("received", [])
    await house.ask(ReplyToTransfer(transfer_id=id, expected_version=2, text="Since March"))

    async def replied() -> Any:
        await authority.listen()
        return [each["data"] for each in authority.heard if each["data"].get("version") == 3]

    [heard] = await eventually(replied)
    assert [each["text"] for each in heard["turns"]] == [None, "Since when?", "Since March"]
    not_its_side = ("refused", [("/data/transfer_id", "conflict")])
    assert await authority.outcome(ANSWER, answering(id, "withdraw")) == not_its_side


async def test_of_an_acceptance_that_crosses_a_withdrawal_one_happens_and_both_sides_know(
    house: House, authority: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    accepted = 0
    for number in range(TIMES):
        transfer = await offered(house, personal_identity_code=None, name={"family": str(uuid4()), "given": "A"})

        accepting = authority.outcome(ANSWER, answering(transfer.transfer_id, "accept"))
        outcome, withdrawn = await asyncio.gather(accepting, withdrawn_in_time(house, transfer, 0.005 * number))
        state = "withdrawn" if withdrawn else "accepted"
        refused = ("refused", [("/data/transfer_id", "already-withdrawn")])
        assert outcome == (refused if withdrawn else ("received", []))
        heard = await authority.transfer(state, str(transfer.transfer_id))
        assert (heard["person"] is None) == withdrawn
        assert await state_of(house, transfer) == state
        accepted += not withdrawn
    with capsys.disabled():
        print(f"\n  of {TIMES} crossings {accepted} were accepted, {TIMES - accepted} withdrawn")  # noqa: T201


async def withdrawn_in_time(house: House, transfer: TransferVersion, after: float) -> bool:
    """Withdraws after so many seconds; whether that came before the acceptance."""
    await asyncio.sleep(after)
    try:
        await house.ask(withdrawing(transfer))
    except ProblemReply as refused:
        if refused.code != "already-accepted":
            raise
        return False
    return True


async def test_an_answer_that_comes_twice_happens_once(house: House, authority: Authority) -> None:
    transfer = await offered(house)
    accepting = answering(transfer.transfer_id, "accept")
    authority.say(ANSWER, accepting, "m-1")
    await authority.receipts("m-1")
    authority.say(ANSWER, accepting, "m-1")
    first, second = await authority.receipts("m-1", 2)
    assert first == second
    assert await authority.outcome(ANSWER, accepting, "m-2") == ("received", [])
    assert (await house.ask(GetTransfer(transfer_id=transfer.transfer_id))).version == 2


async def test_a_request_that_comes_twice_is_one_transfer(house: House, authority: Authority) -> None:
    authority.say(REQUEST, handing_over(), "m-1")
    authority.say(REQUEST, handing_over(), "m-1")
    first, *more = await authority.receipts("m-1")  # the second is told of with the first, unless that was told already
    authority.say(REQUEST, handing_over(), "m-1")
    receipts = await authority.receipts("m-1", 2 + len(more))
    assert {each["transfer_id"] for each in receipts} == {first["transfer_id"]}
    assert len(await house.rows("customer", "SELECT FROM transfer")) == 1


async def test_an_answer_that_comes_too_late_is_refused_for_good_and_not_tried_again(
    house: House, authority: Authority
) -> None:
    transfer = await offered(house)
    await house.ask(withdrawing(transfer))
    outcome = await authority.outcome(ANSWER, answering(transfer.transfer_id, "accept"), "m-1")
    assert outcome == ("refused", [("/data/transfer_id", "already-withdrawn")])
    assert await house.rows("integration", "SELECT FROM partner_message") == []
    [receipt] = await authority.receipts("m-1")
    assert receipt["errors"][0]["detail"] == "It was decided before this came."


async def test_a_partner_that_touches_another_s_transfer_learns_nothing_of_it(
    house: House, authority: Authority, other_authority: Authority
) -> None:
    transfer = await offered(house)
    await authority.transfer("requested")
    theirs, nobodys = [
        await other_authority.receipts(other_authority.say(ANSWER, answering(id, act)))
        for id, act in ((transfer.transfer_id, "accept"), (uuid4(), "accept"))
    ]
    assert theirs[0]["errors"] == nobodys[0]["errors"]
    assert [each["rule"] for each in theirs[0]["errors"]] == ["not-found"]
    await authority.outcome(ANSWER, answering(transfer.transfer_id, "accept"))
    await authority.transfer("accepted")
    assert {each["type"] for each in await other_authority.listen()} == {"authority.receipt.v1"}
    assert await state_of(house, transfer) == "accepted"


async def test_a_partner_can_not_say_that_it_is_another(
    house: House, authority: Authority, other_authority: Authority
) -> None:
    transfer = await offered(house)
    for told in ({"partner": AUTHORITY}, {"organisation": AUTHORITY}):
        outcome = await other_authority.outcome(ANSWER, answering(transfer.transfer_id, "accept", **told))
        assert outcome == ("refused", [("/data/transfer_id", "not-found")])
    assert await state_of(house, transfer) == "requested"


@pytest.mark.parametrize(
    ("type", "data", "errors"),
    [
        (REQUEST, handing_over() | {"municipality": "999"}, [("/data/municipality", "code_list")]),
        (REQUEST, handing_over() | {"reason": "why-not"}, [("/data/reason", "code_list")]),
        (REQUEST, handing_over(mother_tongue="xx"), [("/data/person/mother_tongue", "code_list")]),
        (REQUEST, handing_over(name={"family": "E"}), [("/data/person/name/given", "missing")]),
        (ANSWER, answering(uuid4(), "reject"), [("/data/transfer_id", "not-found")]),
        (ANSWER, answering("t-1", "reject"), [("/data/transfer_id", "uuid_parsing")]),
        (ANSWER, answering(uuid4(), "expire"), [("/data/act", "literal_error")]),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_by_field_and_rule(
    house: House, authority: Authority, type: str, data: dict[str, Any], errors: list[Any]
) -> None:
    assert await authority.outcome(type, data) == ("refused", errors)


async def test_an_answer_that_lacks_what_it_needs_is_refused_and_may_be_put_right(
    house: House, authority: Authority
) -> None:
    transfer = await offered(house)
    lacking = answering(transfer.transfer_id, "accept", responsible=None)
    assert await authority.outcome(ANSWER, lacking, "m-1") == ("refused", [("/data/responsible", "missing")])
    authority.say(ANSWER, answering(transfer.transfer_id, "accept"), "m-1")
    assert [each["outcome"] for each in await authority.receipts("m-1", 2)] == ["refused", "received"]


async def test_somebody_handed_over_is_not_handed_over_again_meanwhile(house: House, authority: Authority) -> None:
    await opened(house, EXPERT_HELSINKI)
    await authority.outcome(REQUEST, handing_over())
    assert await authority.outcome(REQUEST, handing_over()) == ("refused", [("/data/person", "conflict")])


async def test_an_offer_and_an_answer_wait_while_the_customer_service_is_away(
    house: House, authority: Authority
) -> None:
    url = house.services["customer"].parts.settings.database_url.get_secret_value()
    transfer = await offered(house)
    await authority.transfer("requested")
    await house.services.pop("customer").stop()
    id = authority.say(ANSWER, answering(transfer.transfer_id, "accept"))
    await eventually(lambda: house.rows("integration", "SELECT FROM partner_message WHERE attempts > 0"))
    await house.start("customer", url)
    assert (await authority.receipts(id))[0]["outcome"] == "received"
    assert (await authority.transfer("accepted"))["person"]["personal_identity_code"] == CODE


async def test_what_could_not_be_told_is_told_later_and_once(house: House, authority: Authority) -> None:
    # the partner's queue is gone: the broker returns what is sent there
    integration = house.services["integration"]
    url = integration.parts.settings.database_url.get_secret_value()
    await integration.stop()
    del house.services["integration"]
    transfer = await offered(house)
    await house.ask(
        offering(await opened(house, personal_identity_code=None, name={"family": "B", "given": "B"}), AUTHORITY)
    )
    await house.start("integration", url)
    heard = await authority.transfer("requested", str(transfer.transfer_id))
    assert heard["version"] == 1
    await house.settle()
    told = "SELECT FROM partner_matter WHERE told_version = 1 AND next_attempt_at IS NULL"

    async def both() -> bool:
        return len(await house.rows("integration", told)) == 2

    await eventually(both)
    assert len([each for each in await authority.listen() if each["type"] == "authority.transfer.v1"]) == 2


async def test_nothing_of_the_person_is_kept_at_the_door(house: House, authority: Authority) -> None:
    name = {"family": "Siirtyvä", "given": "Aamu"}
    await authority.outcome(REQUEST, handing_over(name=name))
    own = UUID((await authority.transfer("requested"))["transfer_id"])
    await house.ask(AcceptTransfer(transfer_id=own, expected_version=1, responsible=Responsible(name="Aino")))
    customer_id = (await house.ask(GetTransfer(transfer_id=own))).customer_id
    assert customer_id is not None
    version = (await house.ask(GetCustomer(customer_id=customer_id))).version
    back = await house.ask(offering(CustomerVersion(customer_id=customer_id, version=version), AUTHORITY))
    await authority.outcome(ANSWER, answering(back.transfer_id, "accept"))
    assert (await authority.transfer("accepted", str(back.transfer_id)))["person"]["name"] == name
    named = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    tables = [row["name"] for row in await house.rows("integration", named)]
    kept = "".join([str(await house.rows("integration", f'SELECT t::text FROM "{table}" t')) for table in tables])
    assert str(back.transfer_id) in kept
    assert not any(each in kept for each in ("Siirtyv", CODE, "1994-05"))


async def test_what_tells_of_a_person_is_refused_by_the_outbox(house: House) -> None:
    [sample] = SAMPLES.glob("0001.json")
    told = TransferTold.model_validate_json(sample.read_bytes())
    unit_of_work = house.services["integration"].parts.unit_of_work
    async with unit_of_work.begin(service_actor("integration"), Cause("1", "1")) as work:
        with pytest.raises(ValueError, match="tells of a person"):
            await work.publish(told)
