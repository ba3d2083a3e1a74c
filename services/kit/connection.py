"""A connection that is opened anew whenever it, or a channel of it, is lost.

Plain connections, not aio-pika's robust ones: after a loss the waiting calls must fail at once, and every channel,
queue and consumer must be there again, or the whole be tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from pydantic import SecretStr

from services.kit.telemetry import describe_error, log

_PAUSE_SECONDS = 0.5


async def keep_connected(
    url: SecretStr,
    name: str,
    prepare: Callable[[AbstractConnection], Awaitable[None]],
    lost: Callable[[], None],
) -> None:
    """Connects, calls `prepare`, waits until the connection is lost, calls `lost`, and again, until cancelled."""
    while True:
        closed = asyncio.Event()
        connection: AbstractConnection | None = None
        try:
            connection = await aio_pika.connect(
                url.get_secret_value(), client_properties={"connection_name": name}, timeout=10
            )
            connection.close_callbacks.add(lambda *_, closed=closed: closed.set())
            await prepare(connection)
            await closed.wait()
        except Exception as error:
            log.warning("broker.away", connection=name, **describe_error(error))
        finally:
            lost()
            if connection:
                await connection.close()
        await asyncio.sleep(_PAUSE_SECONDS)


async def close_with(connection: AbstractConnection, *channels: AbstractChannel) -> None:
    """Closes the connection when the broker closes one of its channels or cancels a consumer: all is opened anew."""

    def close(*_: object) -> None:
        closing = asyncio.ensure_future(connection.close())
        _closing.add(closing)  # the event loop itself keeps no task alive
        closing.add_done_callback(_closing.discard)

    for channel in channels:
        channel.close_callbacks.add(close)
        (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(close)


_closing: set[asyncio.Future[None]] = set()
