"""A house with a foreign program before its door."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

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
