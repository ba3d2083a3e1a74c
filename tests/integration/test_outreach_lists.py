"""Lists of people to be reached, sent by another authority's program."""

from datetime import timedelta
from typing import Any

import pytest

from contracts.customer.operations import GetOperation, Operation
from contracts.customer.outreach import ListOutreachTargets, OutreachTargets
from tests.integration.authority import LIST, Authority, told
from tests.support import EXPERT_TAMPERE, House, eventually, helsinki_today

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(120)]


def row(given: str = "Aamu", **more: Any) -> dict[str, Any]:
    first = (helsinki_today() - timedelta(days=300)).isoformat()
    named = {"family_name": "Tavoitettu", "given_name": given, "date_of_birth": "1990-01-02"}
    return named | {"ground": "integration_act_group", "first_permit_on": first} | more


def page(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A page of a list for Tampere."""
    return {"municipality": "837", "batch": "2026-03", "page": 1, "rows": rows} | more


async def operation(house: House) -> Operation:
    """The newest import, once it is over."""

    async def over() -> Operation | None:
        found = await house.rows("customer", "SELECT operation_id FROM operation ORDER BY started_at DESC")
        if not found:
            return None
        known = await house.ask(GetOperation(operation_id=found[0]["operation_id"]))
        return known if known.state == "done" else None

    ended: Operation = await eventually(over)
    return ended


async def targets(house: House) -> OutreachTargets:
    return await house.ask(ListOutreachTargets(), EXPERT_TAMPERE)


async def test_people_on_a_list_are_to_be_reached_and_rows_with_errors_are_named_in_the_receipt(
    house: House, immigration: Authority
) -> None:
    list = page(row("Aamu"), row("Ilta", date_of_birth="2.1.1990"), row("Yö", ground="home_care_allowance"))
    left_out = [("/data/rows/1/date_of_birth", "date_parsing"), ("/data/rows/2/ground", "not_of_source")]
    assert await immigration.outcome(LIST, list) == ("received", left_out)
    imported = await operation(house)
    assert [(each.row, each.errors[0].rule) for each in imported.rejected_rows] == [
        (2, "date_parsing"),
        (3, "not_of_source"),
    ]
    [target] = (await targets(house)).targets
    assert (target.name.given, target.grounds[0].source) == ("Aamu", "immigration_service")


async def test_a_list_that_is_sent_twice_comes_once_and_its_receipt_again(house: House, immigration: Authority) -> None:
    list = page(row("Aamu"), row("Ilta", date_of_birth="2.1.1990"))
    immigration.say(LIST, list, "m-1")
    await immigration.receipts("m-1")
    immigration.say(LIST, list, "m-1")
    first, again = await immigration.receipts("m-1", 2)
    assert first == again
    assert told(again) == ("received", [("/data/rows/1/date_of_birth", "date_parsing")])
    assert await immigration.outcome(LIST, list, "m-2") == told(again)  # the same page in another message
    await operation(house)
    assert len(await house.rows("customer", "SELECT FROM operation")) == 1
    assert len((await targets(house)).targets) == 1


async def test_other_rows_under_the_number_of_a_page_that_came_are_refused(
    house: House, immigration: Authority
) -> None:
    await immigration.outcome(LIST, page(row("Aamu")))
    refused = ("refused", [("/data/batch", "idempotency-key-reused")])
    assert await immigration.outcome(LIST, page(row("Ilta"))) == refused
    assert await immigration.outcome(LIST, page(row("Ilta"), page=2)) == ("received", [])


async def test_whose_list_it_is_the_broker_says_and_not_the_message(house: House, immigration: Authority) -> None:
    await immigration.outcome(LIST, page(row("Aamu")) | {"source": "benefit_institution", "authority": "benefits"})
    await operation(house)
    [target] = (await targets(house)).targets
    assert {each.source for each in target.grounds} == {"immigration_service"}
    lines = "SELECT data->>'act' AS act FROM outbox WHERE data->>'organisation' = 'immigration'"
    assert [each["act"] for each in await house.rows("customer", lines)] == ["change"]


@pytest.mark.parametrize(
    ("list", "errors"),
    [
        (page(row(), municipality="999"), [("/data/municipality", "code_list")]),
        (page(), [("/data/rows", "too_short")]),
        (page(row(phone="1" * 401)), [("/data/rows/0/phone", "string_too_long"), ("/data/rows", "too_short")]),
        (page(row(), batch="010594Y9032 of Aamu"), [("/data/batch", "string_pattern_mismatch")]),
    ],
)
async def test_a_list_that_is_wrong_as_a_whole_is_refused(
    house: House, immigration: Authority, list: dict[str, Any], errors: Any
) -> None:
    assert await immigration.outcome(LIST, list) == ("refused", errors)
    assert await house.rows("customer", "SELECT FROM operation") == []
