"""What ./koto seed says."""

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from deploy.seed import command
from services.kit.parts import Parts
from tests.deploy.test_cli import koto
from tests.support import House


def environment(parts: Parts) -> dict[str, str]:
    """What a service was told, as environment variables."""
    settings = parts.settings
    return {
        "KOTO_SERVICE": parts.name,
        "KOTO_RABBITMQ_URL": settings.rabbitmq_url.get_secret_value(),
        "KOTO_DATABASE_URL": settings.database_url.get_secret_value(),
        "KOTO_DATABASE_OWNER_URL": settings.database_owner_url.get_secret_value(),
        "KOTO_ACTOR_KEYS": settings.actor_keys.get_secret_value(),
        "KOTO_FIELD_KEYS": settings.field_keys.get_secret_value(),
        "KOTO_USAGE_KEYS": settings.usage_keys.get_secret_value(),
        "KOTO_USAGE_HASH_KEY": settings.usage_hash_key.get_secret_value(),
        "KOTO_SEARCH_KEY": settings.search_key.get_secret_value(),
        "KOTO_ALLOW_TEST_IDENTITY_CODES": "true",
    }


def test_nothing_is_filled_where_no_house_runs(home: Path) -> None:
    asked = koto("seed", "--customers", "5")

    assert asked.returncode == 1
    assert "./koto up" in asked.stderr


@pytest.mark.broker
@pytest.mark.database
async def test_it_says_how_many_there_are_where_and_whom_to_look_at(house: House) -> None:
    told = io.StringIO()
    environments = {name: environment(service.parts) for name, service in house.services.items()}
    filling = (command.run, environments, Console(file=told, soft_wrap=True))
    await asyncio.to_thread(*filling, customers=60, municipalities=3, seed=1)

    said = told.getvalue()
    assert "People: 60 in" in said
    assert "60 customers are there now" in said
    assert "Helsinki" in said
    [customer] = await house.rows(
        "customer",
        "SELECT customer_id FROM client_relationship WHERE municipality = '837' AND ended_on IS NULL AND $1 LIKE "
        "'%/customers/' || customer_id || ' %'",
        said,
    )
    assert customer


def test_without_a_terminal_it_tells_line_by_line_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_LINE_EVERY", 0.0)
    told = io.StringIO()
    with command.Display(Console(file=told)).counting("People", 10) as tell:
        tell(4)
        tell(6)
    first, second, last = told.getvalue().splitlines()
    assert first.startswith("People: 4 of 10,")
    assert second.startswith("People: 10 of 10,")
    assert last.startswith("People: 10 in ")


def test_in_a_terminal_it_shows_a_bar() -> None:
    told = io.StringIO()
    with command.Display(Console(file=told, force_terminal=True)).counting("People", 10) as tell:
        tell(4)
    assert "4/10" in told.getvalue()
