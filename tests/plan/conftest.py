"""A plan service for each test, on a database of its own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.kit.settings import ServiceSettings
from services.plan.main import build
from tests.plan.support import Desk, StoppedClock
from tests.support import ACTOR_KEYS, FIELD_KEYS, SEARCH_KEY, USAGE_KEYS, TestDatabases


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest_asyncio.fixture
async def desk(databases: TestDatabases, clock: StoppedClock) -> AsyncIterator[Desk]:
    """The service, built as always and never started: no broker is needed to tell it of events and to ask it."""
    settings = ServiceSettings(
        _env_file=None,
        service="plan",
        rabbitmq_url=SecretStr("amqp://nowhere"),
        database_url=SecretStr(await databases.new("plan")),
        actor_keys=SecretStr(ACTOR_KEYS),
        field_keys=SecretStr(FIELD_KEYS),
        search_key=SecretStr(SEARCH_KEY),
        usage_keys=SecretStr(USAGE_KEYS),
        usage_hash_key=SecretStr(SEARCH_KEY),
    )
    service = build(settings, clock)
    yield Desk.of(service, clock)
    await service.parts.engine.dispose()
