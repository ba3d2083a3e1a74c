"""What the database holds, and the migrations that made it."""

import asyncio
from uuid import uuid4

import pytest
from alembic import command
from cryptography.exceptions import InvalidTag
from sqlalchemy.ext.asyncio import create_async_engine

from contracts.customer.people import EraseCustomer, GetCustomer
from services.customer.tables import METADATA
from services.kit.migrate import configuration, drift, upgrade
from tests.customer.conftest import CODE, OTHER_CODE, CustomerService, changing, opening
from tests.support import RECORDS_TAMPERE, TestDatabases, owner_url, rows

pytestmark = pytest.mark.database


async def test_no_identity_code_is_in_any_column_of_any_table(customers: CustomerService) -> None:
    opened = await customers.ask(opening(personal_identity_code=CODE))
    await customers.ask(changing(opened, personal_identity_code=OTHER_CODE))
    await customers.ask(opening(personal_identity_code=CODE).model_copy(update={"code_was_of_another": True}))
    everything = await customers.everything()
    assert "Esimerkki" in everything
    for code in (CODE, OTHER_CODE):
        assert code not in everything
        assert code.encode().hex() not in everything


async def test_an_identity_code_copied_to_another_row_does_not_open_there(customers: CustomerService) -> None:
    opened = await customers.ask(opening(personal_identity_code=CODE))
    other = await customers.ask(opening())
    await customers.rows(
        "UPDATE customer SET personal_identity_code = one.personal_identity_code"
        " FROM customer one WHERE one.customer_id = $1",
        opened.customer_id,
    )
    with pytest.raises(InvalidTag):
        await customers.ask(GetCustomer(customer_id=other.customer_id))


async def test_no_name_or_contact_is_in_an_event(customers: CustomerService) -> None:
    opened = await customers.ask(opening(personal_identity_code=CODE, contact={"email": "aamu@example.org"}))
    await customers.ask(changing(opened, service_language="fi", contact={"email": "uusi@example.org"}))
    await customers.ask(EraseCustomer(customer_id=opened.customer_id), RECORDS_TAMPERE)
    told = str(await customers.rows("SELECT t::text FROM outbox t"))
    assert not any(value in told for value in ("Esimerkki", "Aamu", "1994", "example.org", CODE))


async def test_stored_json_carries_its_schema_version(customers: CustomerService) -> None:
    await customers.ask(opening(interpreter={"needed": True, "language": "so"}))
    [row] = await customers.rows("SELECT interpreter->>'schema' AS schema, contact FROM customer")
    assert (row["schema"], row["contact"]) == ("1", None)
    versions = await customers.rows("SELECT DISTINCT new->>'schema' AS schema FROM customer_history")
    assert [row["schema"] for row in versions] == ["1"]


async def test_customers_from_before_searches_are_found_after_the_migration(databases: TestDatabases) -> None:
    url, customer_id, relationship_id = await databases.empty("customer"), uuid4(), uuid4()
    await asyncio.to_thread(command.upgrade, configuration("customer", owner_url(url)), "0001")
    for statement, *values in [
        (
            "INSERT INTO customer (customer_id, version, family_name, given_name, date_of_birth, citizenships, contact,"
            " created_at, changed_at) VALUES ($1, 2, 'Mäkinen', 'Aamu', '1994-05-01', '{}',"
            """ '{"schema": 1, "value": {"phone": "040 123 4567"}}', now(), now())""",
            customer_id,
        ),
        (
            "INSERT INTO client_relationship VALUES ($2, $1, '837', 'moved', '2026-03-02', NULL, NULL)",
            customer_id,
            relationship_id,
        ),
        (
            "INSERT INTO customer_history VALUES ($2, $1, 2, 'name',"
            """ '{"schema": 1, "value": {"family": "Esimerkki", "given": "Aamu"}}', NULL, now(), '', '', '', '')""",
            customer_id,
            relationship_id,
        ),
    ]:
        await rows(url, statement, *values)
    await asyncio.to_thread(upgrade, "customer", owner_url(url))
    found = await rows(url, "SELECT word, municipality, customer_id, former FROM customer_name")
    assert {row["word"]: row["former"] for row in found} == {"makinen": False, "aamu": False, "esimerkki": True}
    assert {(row["municipality"], row["customer_id"]) for row in found} == {("837", customer_id)}
    assert len(await rows(url, "SELECT word FROM name_word")) == 3
    [customer] = await rows(url, "SELECT phone_number FROM customer")
    assert customer["phone_number"] == "+358401234567"


async def test_the_migrated_database_is_what_the_tables_say(customers: CustomerService) -> None:
    engine = create_async_engine(owner_url(customers.database_url))
    async with engine.connect() as connection:
        assert await connection.run_sync(drift, METADATA) == []
    await engine.dispose()
