"""The tables of the code are those that the migrations make."""

from services.access.tables import METADATA
from services.kit.migrate import drift
from tests.access.conftest import AccessService


async def test_the_migrations_make_the_tables_of_the_code(access: AccessService) -> None:
    async with access.unit_of_work.engine.connect() as connection:
        assert await connection.run_sync(drift, METADATA) == []
