"""A connection that is opened anew whenever it is lost: for consumers that must know that it was."""

import asyncio
from collections.abc import Awaitable, Callable

import aio_pika
from aio_pika.abc import AbstractConnection
from pydantic import SecretStr

from services.kit.telemetry import describe_error, log

_PAUSE_SECONDS = 0.5


async def keep_connected(
    url: SecretStr,
    name: str,
    prepare: Callable[[AbstractConnection], Awaitable[None]],
    lost: Callable[[], None],
) -> None:
    """Connects, calls `prepare`, waits until the connection or a channel of it is lost, calls `lost`, and again.

    Plain connections, not aio-pika's robust ones: after a loss the waiting calls must fail at once, and every queue,
    binding and consumer must be there again or the whole be tried again.
    """
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
        except asyncio.CancelledError:
            if connection:
                await connection.close()
            raise
        except Exception as error:
            log.warning("broker.away", connection=name, **describe_error(error))
            if connection:
                await connection.close()
        lost()
        await asyncio.sleep(_PAUSE_SECONDS)
