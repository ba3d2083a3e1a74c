"""A records service for each test, on a database of its own."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from pydantic import SecretStr

from services.kit.settings import AskingSettings
from services.records.main import build
from tests.assessment.support import StoppedClock
from tests.records.support import Archive, Owners
from tests.support import ACTOR_KEYS, FIELD_KEYS, SEARCH_KEY, USAGE_KEYS, TestDatabases


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def customer_id() -> UUID:
    return uuid4()


@pytest_asyncio.fixture
async def archive(databases: TestDatabases, clock: StoppedClock) -> AsyncIterator[Archive]:
    """The service, built as always and never started: no broker is needed to tell it of events."""
    settings = AskingSettings(
        _env_file=None,
        service="records",
        rabbitmq_url=SecretStr("amqp://nowhere"),
        database_url=SecretStr(await databases.new("records")),
        actor_keys=SecretStr(ACTOR_KEYS),
        actor_signing_key=SecretStr("{}"),
        field_keys=SecretStr(FIELD_KEYS),
        search_key=SecretStr(SEARCH_KEY),
        usage_keys=SecretStr(USAGE_KEYS),
        usage_hash_key=SecretStr(SEARCH_KEY),
    )
    service = build(settings, clock)
    yield Archive(service, clock, Owners())
    await service.parts.engine.dispose()
