"""A house with a foreign program before its door."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest_asyncio

from tests.integration.authority import Authority
from tests.integration.partner import Foreigner
from tests.support import House, eventually


@pytest_asyncio.fixture
async def school(house: House) -> AsyncIterator[Foreigner]:
    """The school's program, connected."""
    foreigner = await asyncio.to_thread(Foreigner, house.vhost.url(), "school")
    yield foreigner
    foreigner.close()


async def receipts(foreigner: Foreigner, count: int = 1) -> list[dict[str, Any]]:
    """The data of so many receipts, in the order in which they came."""
    found: list[dict[str, Any]] = []

    async def read() -> bool:
        found.extend(each["data"] for each in await asyncio.to_thread(foreigner.read))
        return len(found) >= count

    await eventually(read, what=f"{count} receipts")
    return found


@pytest_asyncio.fixture
async def authority(house: House) -> AsyncIterator[Authority]:
    """The employment authority of Tampere's area, area-837, connected."""
    async with _connected(house, "employment") as it:
        yield it


@pytest_asyncio.fixture
async def other_authority(house: House) -> AsyncIterator[Authority]:
    """The employment authority of Helsinki's area, area-091, connected."""
    async with _connected(house, "employment-south") as it:
        yield it


@pytest_asyncio.fixture
async def immigration(house: House) -> AsyncIterator[Authority]:
    """The immigration service's program, connected."""
    async with _connected(house, "immigration") as it:
        yield it


@pytest_asyncio.fixture
async def county(house: House) -> AsyncIterator[Authority]:
    """The program of the county of Tampere, 08, connected."""
    async with _connected(house, "county") as it:
        yield it


@pytest_asyncio.fixture
async def language_test(house: House) -> AsyncIterator[Authority]:
    """The program of a provider of language tests, connected."""
    async with _connected(house, "language-test") as it:
        yield it


@pytest_asyncio.fixture
async def college(house: House) -> AsyncIterator[Authority]:
    """The program of a service provider, connected."""
    async with _connected(house, "college") as it:
        yield it


@asynccontextmanager
async def _connected(house: House, code: str) -> AsyncIterator[Authority]:
    foreigner = await asyncio.to_thread(Foreigner, house.vhost.url(), code)
    yield Authority(foreigner)
    foreigner.close()
