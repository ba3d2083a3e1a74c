"""The database of a service: how many connections the services may take together."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from contracts import topology
from services.kit.database import TooManyConnections, check_pools
from tests.support import TestDatabases

pytestmark = pytest.mark.database


async def test_the_pools_of_all_services_fit_into_four_fifths_of_the_server(databases: TestDatabases) -> None:
    engine = create_async_engine(await databases.empty("customer"))
    async with engine.connect() as connection:
        most = int((await connection.execute(text("SHOW max_connections"))).scalar_one())
    fits = int(0.8 * most) // len(topology.SERVICES)
    await check_pools(engine, fits)
    with pytest.raises(TooManyConnections):
        await check_pools(engine, fits + 1)
    await engine.dispose()
