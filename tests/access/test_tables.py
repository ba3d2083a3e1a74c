"""The tables of the code are those that the migrations make."""

import pytest

from services.access.tables import METADATA
from services.kit.migrate import drift
from tests.access.conftest import AccessService


async def test_the_migrations_make_the_tables_of_the_code(access: AccessService) -> None:
    async with access.unit_of_work.engine.connect() as connection:
        assert await connection.run_sync(drift, METADATA) == []


@pytest.mark.parametrize("function", ["make_usage_month(timestamptz)", "remove_usage_lines(bigint, timestamptz)"])
async def test_what_the_usage_log_s_owner_does_the_service_alone_may_have_done(
    access: AccessService, function: str
) -> None:
    [service] = await access.rows(f"SELECT has_function_privilege('koto_access', '{function}', 'EXECUTE') AS may")
    assert service["may"]
    listed = f"SELECT a.grantee FROM pg_proc p, aclexplode(p.proacl) a WHERE p.oid = '{function}'::regprocedure"
    grantees = {each["grantee"] for each in await access.rows(listed)}
    assert grantees, "where nothing is listed, everybody may"
    assert 0 not in grantees, "0 is PUBLIC"
