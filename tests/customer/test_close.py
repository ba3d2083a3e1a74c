"""Ending a customer relationship."""

import json

import pytest

from contracts.customer.people import CloseCustomer, GetCustomer, GetCustomerHistory
from services.kit.errors import ChangedMeanwhile, InvalidInput, NotFound
from tests.customer.conftest import CODE, CustomerService, changing, closed, opening

pytestmark = pytest.mark.database


async def test_a_closed_customer_does_not_exist_for_the_municipality(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    ended = await closed(customers, opened)
    assert ended.version == 2
    with pytest.raises(NotFound):
        await customers.ask(GetCustomer(customer_id=opened.customer_id))
    with pytest.raises(NotFound):
        await customers.ask(changing(ended, mother_tongue="so"))


async def test_closing_is_published_with_the_whole_public_state(customers: CustomerService) -> None:
    opened = await customers.ask(opening(service_language="fi"))
    await closed(customers, opened)
    [_, event] = await customers.told()
    state = json.loads(event["data"])
    assert event["type"] == "customer.closed.v1"
    assert (state["municipality"], state["reason"], state["by_hand"]) == ("837", "moved_away", True)
    assert state["service_language"] == "fi"
    ended = {"municipality": "837", "state": "ended", "arrival": "moved", "ended_on": "2026-03-02", "responsible": None}
    assert state["relationships"] == [ended]


async def test_the_end_and_its_reason_are_in_the_history(customers: CustomerService) -> None:
    await closed(customers, await customers.ask(opening(personal_identity_code=CODE)))
    again = await customers.ask(opening(personal_identity_code=CODE))
    history = await customers.ask(GetCustomerHistory(customer_id=again.customer_id))
    [ended] = [entry for entry in history.entries if entry.field == "relationship" and entry.version == 2]
    assert isinstance(ended.previous, dict)
    assert isinstance(ended.new, dict)
    assert (ended.previous["ended_on"], ended.new["ended_on"]) == (None, "2026-03-02")
    assert ended.new["end_reason"] == "moved_away"


async def test_a_customer_changed_meanwhile_is_not_closed(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    await customers.ask(changing(opened, mother_tongue="so"))
    with pytest.raises(ChangedMeanwhile):
        await closed(customers, opened)


async def test_a_repeated_closing_has_the_same_outcome_and_writes_nothing(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    message = CloseCustomer(customer_id=opened.customer_id, expected_version=1, reason="moved_away")
    ended = await customers.ask(message, key="k")
    before = await customers.everything()
    assert await customers.ask(message, key="k") == ended
    assert await customers.everything() == before


async def test_a_reason_that_is_no_code_of_the_list_is_refused(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(
            CloseCustomer(customer_id=opened.customer_id, expected_version=opened.version, reason="Meikalainen")
        )
    assert [(error.pointer, error.rule) for error in refused.value.errors] == [("/reason", "code_list")]
    assert await customers.events() == ["customer.opened.v1"]
