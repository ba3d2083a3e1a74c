"""A connection that is kept open ends when it is told to, wherever it is."""

import asyncio
import contextlib

import pytest
from aio_pika.abc import AbstractConnection
from pydantic import SecretStr

from services.kit.connection import keep_connected
from tests.support import environment

pytestmark = pytest.mark.broker


async def test_it_ends_when_it_is_cancelled_though_the_library_swallowed_that() -> None:
    preparing = asyncio.Event()

    async def prepare(_: AbstractConnection) -> None:
        preparing.set()
        with contextlib.suppress(asyncio.CancelledError):  # as aiormq does now and then while it opens a channel
            await asyncio.Event().wait()

    url = SecretStr(environment("KOTO_TEST_RABBITMQ_URL"))
    kept = asyncio.create_task(keep_connected(url, "ends", prepare, lambda: None))
    await preparing.wait()
    kept.cancel()
    done, _ = await asyncio.wait([kept], timeout=30)
    assert done == {kept}
    assert kept.cancelled()
