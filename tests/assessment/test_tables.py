"""The tables, and what is left of a person in them."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from services.assessment.tables import METADATA
from services.kit.erasure import erasable
from services.kit.migrate import drift
from tests.assessment.support import Desk, changed, opened
from tests.support import owner_url


@pytest.mark.database
async def test_the_migrations_make_the_tables_of_the_code(desk: Desk) -> None:
    engine = create_async_engine(owner_url(desk.service.parts.settings.database_url.get_secret_value()))
    async with engine.connect() as connection:
        assert await connection.run_sync(drift, METADATA) == []
    await engine.dispose()


@pytest.mark.database
async def test_erasing_removes_every_row_about_the_person_and_of_nobody_else(desk: Desk, customer_id: UUID) -> None:
    other = uuid4()
    for person in (customer_id, other):
        await desk.learn(opened(person), 1)

    await desk.erase(customer_id)

    for table in erasable(METADATA.sorted_tables):
        assert str(customer_id) not in str(await desk.rows(f"SELECT * FROM {table.name}")), table.name
    assert len((await desk.ask(other)).assessments) == 1


@pytest.mark.database
async def test_a_late_event_does_not_bring_an_erased_person_back(desk: Desk, customer_id: UUID) -> None:
    await desk.hear(opened(customer_id), 1)
    await desk.erase(customer_id)

    await desk.hear(changed(customer_id), 2)

    assert await desk.rows("SELECT customer_id FROM assessment UNION SELECT customer_id FROM considered") == []
