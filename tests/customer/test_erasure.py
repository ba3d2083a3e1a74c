"""Erasing a person."""

from uuid import uuid4

import pytest

from contracts.customer.people import CustomerVersion, EraseCustomer
from services.kit.errors import Conflict, NotFound
from tests.customer.conftest import CODE, CustomerService, changing, closed, opening
from tests.support import EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database


async def test_an_erased_person_is_gone_from_every_table_and_a_tombstone_stays(customers: CustomerService) -> None:
    opened = await customers.ask(opening(personal_identity_code=CODE, mother_tongue="so"))
    changed = await customers.ask(changing(opened, service_language="fi"))
    await customers.ask(EraseCustomer(customer_id=opened.customer_id), RECORDS_TAMPERE)
    left = {
        table
        for table in await customers.tables()
        if str(opened.customer_id) in str(await customers.rows(f'SELECT t::text FROM "{table}" t'))
    }
    assert changed.version == 2
    assert left == {"tombstone", "subject_sequence", "outbox", "request_outcome"}
    assert await customers.events() == ["customer.erased.v1"]
    for table in ("customer", "client_relationship", "customer_history"):
        assert await customers.rows(f"SELECT FROM {table}") == []
    assert "Esimerkki" not in await customers.everything()


async def test_the_erasure_is_numbered_after_all_that_was_told_of_the_person(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    await closed(customers, opened)
    await customers.ask(EraseCustomer(customer_id=opened.customer_id), RECORDS_TAMPERE)
    [event] = await customers.told()
    assert (event["sequence"], event["legal_basis"]) == (3, "681/2023 77 §")


async def test_others_stay(customers: CustomerService) -> None:
    opened, other = await customers.ask(opening(personal_identity_code=CODE)), await customers.ask(opening())
    await customers.ask(EraseCustomer(customer_id=opened.customer_id), RECORDS_TAMPERE)
    assert [row["customer_id"] for row in await customers.rows("SELECT customer_id FROM customer")] == [
        other.customer_id
    ]


async def test_a_repeated_erasure_has_the_same_outcome(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    message = EraseCustomer(customer_id=opened.customer_id)
    first = await customers.ask(message, RECORDS_TAMPERE, key="k")
    assert await customers.ask(message, RECORDS_TAMPERE, key="k") == first
    assert await customers.events() == ["customer.erased.v1"]


async def test_a_person_whom_another_municipality_has_open_is_not_erased(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    await customers.rows(
        "INSERT INTO client_relationship (id, customer_id, municipality, arrival, started_on)"
        " VALUES ($1, $2, '091', 'moved', '2026-03-01')",
        uuid4(),
        opened.customer_id,
    )
    with pytest.raises(Conflict):
        await customers.ask(EraseCustomer(customer_id=opened.customer_id), RECORDS_TAMPERE)


async def test_an_erasure_waits_for_a_change_under_way_and_takes_it_along(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    erasing = EraseCustomer(customer_id=opened.customer_id)
    [_, erased] = await customers.ask_while(
        (changing(opened, service_language="fi"), EXPERT_TAMPERE), (erasing, RECORDS_TAMPERE)
    )
    assert erased == CustomerVersion(customer_id=opened.customer_id, version=2)
    assert await customers.rows("SELECT FROM customer_history") == []
    assert await customers.events() == ["customer.erased.v1"]


async def test_a_change_that_waited_for_the_erasure_finds_no_customer(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    erasing = EraseCustomer(customer_id=opened.customer_id)
    [_, change] = await customers.ask_while(
        (erasing, RECORDS_TAMPERE), (changing(opened, service_language="fi"), EXPERT_TAMPERE)
    )
    assert isinstance(change, NotFound)


async def test_an_erased_person_who_comes_again_is_a_new_customer(customers: CustomerService) -> None:
    opened = await customers.ask(opening(personal_identity_code=CODE))
    await customers.ask(EraseCustomer(customer_id=opened.customer_id), RECORDS_TAMPERE)
    again = await customers.ask(opening(personal_identity_code=CODE))
    assert again.customer_id != opened.customer_id
