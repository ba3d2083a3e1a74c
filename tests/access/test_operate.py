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


async def test_appointed_again_a_user_holds_the_one_right_with_the_task_and_powers_told_last(
    access: AccessService, run: Run
) -> None:
    told = ("appoint", "--user", "expert@oulu", "--organisation", "564", "--role", "integration_expert", "--task")
    await asyncio.to_thread(run, *told, "guidance")
    [before] = (await access.rights("expert@oulu")).grants
    await access.forget_news()
    for _ in range(2):
        done = await asyncio.to_thread(run, *told, "integration_services", "--power", "personal_safety")
        assert done.exit_code == 0, done.output
    [held] = (await access.rights("expert@oulu")).grants
    assert (held.grant_id, held.task, held.powers) == (before.grant_id, "integration_services", ("personal_safety",))
    assert await access.changed() == ["expert@oulu"]


async def test_a_right_that_an_administrator_gave_is_not_the_operator_s_to_change(
    access: AccessService, run: Run
) -> None:
    given = await access.give(data=["identity"])
    told = ("--user", "expert@tampere", "--organisation", "837", "--role", "integration_expert")
    done = await asyncio.to_thread(run, "appoint", *told, "--task", "integration_services")
    assert done.exit_code == 0, done.output
    [kept, added] = (await access.rights("expert@tampere")).grants
    assert (kept.grant_id, kept.data, added.data) == (given.grant_id, ("identity",), None)


async def test_what_does_not_exist_is_named(access: AccessService, run: Run) -> None:
    done = await asyncio.to_thread(run, "appoint", "--user", "first@nowhere", "--organisation", "999")
    assert done.exit_code == 1
    assert "organisation: there is no such organisation" in done.stderr
    assert (await access.rights("first@nowhere")).grants == ()


async def test_a_user_who_never_signs_in_is_made_known(access: AccessService, run: Run) -> None:
    await asyncio.to_thread(run, "add-user", "--user", "program@tampere")
    given = await access.give("program@tampere")
    assert await access.holds("program@tampere") == [given.grant_id]
