"""One gateway and one issuer for most tests; users and requests are of each test alone."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.gateway.support import Door, FakeIssuer


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[FakeIssuer]:
    """An issuer of the test's own."""
    made = FakeIssuer()
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture(scope="session")
async def shared_door() -> AsyncIterator[Door]:
    """A gateway that all tests share."""
    issuer = FakeIssuer()
    await issuer.start()
    async with Door(issuer) as made:
        yield made
    await issuer.stop()


@pytest_asyncio.fixture
async def door(shared_door: Door) -> Door:
    """The shared gateway, with nothing asked yet and services that answer."""
    shared_door.requests.asked.clear()
    shared_door.requests.fails_by = None
    shared_door.telemetry.flush()
    shared_door.spans.clear()
    return shared_door
