"""A connection that is opened anew whenever it, or a channel of it, is lost.

Plain connections, not aio-pika's robust ones: after a loss the waiting calls must fail at once, and every channel,
queue and consumer must be there again, or the whole be tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from pydantic import SecretStr
from yarl import URL

from services.kit.telemetry import describe_error, log

HEARTBEAT_SECONDS = 10
_PAUSE_SECONDS = 0.5
_closing: set[asyncio.Future[None]] = set()  # the event loop itself keeps no task alive
Result = TypeVar("Result")


def named_url(url: SecretStr, name: str) -> URL:
    """The broker's URL with the connection's name, and a heartbeat that finds a stuck connection in half a minute."""
    return URL(url.get_secret_value()).update_query(name=name, heartbeat=HEARTBEAT_SECONDS)


async def keep_connected(
    url: SecretStr,
    name: str,
    prepare: Callable[[AbstractConnection], Awaitable[None]],
    lost: Callable[[], None],
) -> None:
    """Connects, calls `prepare`, waits until the connection is lost, calls `lost`, and again, until cancelled."""
    away = False
    this = asyncio.current_task()
    while not (this and this.cancelling()):  # a cancelled attempt to connect may fail as if the broker had refused it
        closed = asyncio.Event()
        connection: AbstractConnection | None = None
        try:
            connection = await aio_pika.connect(named_url(url, name), timeout=10)
            connection.close_callbacks.add(lambda *_, closed=closed: closed.set())
            await uncancelled(prepare(connection))
            if away:
                log.info("broker.back", connection=name)
            away = False
            await closed.wait()
            log.warning("broker.lost", connection=name)
        except Exception as error:
            if not away:  # said once, and not twice a second while it lasts
                log.warning("broker.away", connection=name, **describe_error(error))
            away = True
        finally:
            lost()
            if connection:
                await connection.close()
        await asyncio.sleep(_PAUSE_SECONDS)


async def close_with(connection: AbstractConnection, *channels: AbstractChannel) -> None:
    """Closes the connection when the broker closes one of its channels or cancels a consumer: all is opened anew."""

    def close(*_: object) -> None:
        closing = asyncio.ensure_future(connection.close())
        _closing.add(closing)
        closing.add_done_callback(_closing.discard)

    for channel in channels:
        channel.close_callbacks.add(close)
        (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(close)


async def uncancelled(sending: Awaitable[Result]) -> Result:
    """Awaits it. A stuck connection cancels whoever waits for it: that is a loss, raised as ConnectionError.

    That the task itself was cancelled is raised even where what it awaited has swallowed it.
    """
    task = asyncio.current_task()
    try:
        done = await sending
    except asyncio.CancelledError:
        if task and task.cancelling():
            raise
        raise ConnectionError("connection lost") from None
    if task and task.cancelling():
        raise asyncio.CancelledError
    return done
