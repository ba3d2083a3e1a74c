"""The tables of the code are those that the migrations make, and what was told stays told."""

import asyncio
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy.ext.asyncio import create_async_engine

from services.integration.tables import METADATA
from services.kit.migrate import configuration, drift, upgrade
from tests.support import TestDatabases, owner_url, rows

pytestmark = pytest.mark.database


async def test_the_migrations_make_the_tables_of_the_code(databases: TestDatabases) -> None:
    engine = create_async_engine(owner_url(await databases.new("integration")))
    async with engine.connect() as connection:
        assert await connection.run_sync(drift, METADATA) == []
    await engine.dispose()


async def test_what_partners_were_told_of_transfers_before_there_were_other_matters_stays_told(
    databases: TestDatabases,
) -> None:
    url = await databases.empty("integration")
    await asyncio.to_thread(command.upgrade, configuration("integration", owner_url(url)), "0002")
    transfer_id = uuid4()
    await rows(
        url,
        "INSERT INTO partner_transfer (partner, transfer_id, customer_id, told_version)"
        " VALUES ('employment', $1, $2, 3)",
        transfer_id,
        uuid4(),
    )
    await asyncio.to_thread(upgrade, "integration", owner_url(url))
    [row] = await rows(url, "SELECT * FROM partner_matter")
    assert (row["kind"], row["matter_id"], row["told_version"], row["next_attempt_at"]) == (
        "transfer",
        transfer_id,
        3,
        None,
    )
