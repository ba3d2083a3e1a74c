"""What the database holds, and the migrations that made it."""

import pytest
from cryptography.exceptions import InvalidTag

from contracts.customer import EraseCustomer, GetCustomer
from services.customer.tables import METADATA
from services.kit.migrate import drift
from tests.customer.conftest import CODE, OTHER_CODE, CustomerService, changing, opening
from tests.support import RECORDS_TAMPERE

pytestmark = pytest.mark.database


async def test_no_identity_code_is_in_any_column_of_any_table(customers: CustomerService) -> None:
    opened = await customers.ask(opening(personal_identity_code=CODE))
    await customers.ask(changing(opened, personal_identity_code=OTHER_CODE))
    await customers.ask(opening(personal_identity_code=CODE))
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


async def test_the_migrated_database_is_what_the_tables_say(customers: CustomerService) -> None:
    async with customers.unit_of_work.engine.connect() as connection:
        assert await connection.run_sync(drift, METADATA) == []
