"""The operator's commands on rights."""

import asyncio
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from services.access.operate import access_app
from services.access.settings import AccessSettings
from tests.access.conftest import AccessService

Run = Callable[..., Result]


@pytest.fixture
def run(access: AccessService) -> Run:
    """Runs a command on the service's database."""
    settings = access.unit_of_work.settings
    assert isinstance(settings, AccessSettings)
    told = {"KOTO_SERVICE": "access"}
    for name in AccessSettings.model_fields:
        value = getattr(settings, name)
        value = value.get_secret_value() if hasattr(value, "get_secret_value") else value
        if value is not None and name != "service":
            told[f"KOTO_{name.upper()}"] = str(value)
    return lambda *arguments: CliRunner().invoke(access_app(lambda: told), arguments)


async def test_an_administrator_is_appointed(access: AccessService, run: Run) -> None:
    done = await asyncio.to_thread(run, "appoint", "--user", "first@oulu", "--organisation", "564", "--by", "Aino")
    assert done.exit_code == 0, done.output
    [held] = (await access.rights("first@oulu")).grants
    assert (held.organisation, held.role, held.task) == ("564", "access_administrator", "access_administration")
    assert str(held.grant_id) in done.output


async def test_what_does_not_exist_is_named(access: AccessService, run: Run) -> None:
    done = await asyncio.to_thread(run, "appoint", "--user", "first@nowhere", "--organisation", "999")
    assert done.exit_code == 1
    assert "organisation: there is no such organisation" in done.stderr
    assert (await access.rights("first@nowhere")).grants == ()


async def test_a_user_who_never_signs_in_is_made_known(access: AccessService, run: Run) -> None:
    await asyncio.to_thread(run, "add-user", "--user", "program@tampere")
    given = await access.give("program@tampere")
    assert await access.holds("program@tampere") == [given.grant_id]
