"""One gateway and one issuer for most tests; users and requests are of each test alone."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.gateway.issuer import FakeIssuer
from tests.gateway.support import Door


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[FakeIssuer]:
    """An issuer of the test's own."""
    async with FakeIssuer() as made:
        yield made


@pytest_asyncio.fixture(scope="session")
async def shared_door() -> AsyncIterator[Door]:
    """A gateway that all tests share."""
    async with FakeIssuer() as issuer, Door(issuer) as made:
        yield made


@pytest_asyncio.fixture
async def door(shared_door: Door) -> Door:
    """The shared gateway, with nothing asked yet and services that answer."""
    shared_door.forget()
    return shared_door
