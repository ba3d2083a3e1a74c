"""Publishing on a connection of its own, with confirms: a slow consumer's channel never holds it back."""

import asyncio

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelInvalidStateError, DeliveryError
from pydantic import SecretStr

from contracts.topology import MAX_MESSAGE_BYTES
from services.kit.connection import close_with, keep_connected, uncancelled

CONFIRM_SECONDS = 10.0


class TooLarge(Exception):
    """A message the broker would refuse by closing the channel, and everybody's publishing with it."""


class Publisher:
    """A connection that only publishes; it is opened anew when lost, and what was unconfirmed raises meanwhile."""

    def __init__(self, url: SecretStr, name: str) -> None:
        self._url = url
        self._name = name
        self._confirmed: AbstractChannel | None = None
        self._unconfirmed: AbstractChannel | None = None
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when connected; waits for a broker that is away."""
        self._task = asyncio.create_task(keep_connected(self._url, self._name, self._prepare, self._lost))
        await self._ready.wait()

    async def stop(self) -> None:
        """Closes the connection."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self._ready.is_set()

    async def publish(
        self, exchange: str, routing_key: str, message: aio_pika.Message, *, mandatory: bool = False
    ) -> None:
        """Returns when the broker has confirmed the message; raises when it refused, returned or never answered."""
        if len(message.body) > MAX_MESSAGE_BYTES:
            raise TooLarge
        target = await _open(self._confirmed).get_exchange(exchange, ensure=False)
        await uncancelled(target.publish(message, routing_key, mandatory=mandatory, timeout=CONFIRM_SECONDS))

    async def publish_unconfirmed(self, exchange: str, routing_key: str, message: aio_pika.Message) -> None:
        """Hands a message to the broker and waits for nothing: for replies, whose asker has a deadline of its own."""
        if len(message.body) > MAX_MESSAGE_BYTES:
            raise TooLarge
        target = await _open(self._unconfirmed).get_exchange(exchange, ensure=False)
        await uncancelled(target.publish(message, routing_key, mandatory=False))

    @staticmethod
    def refused(error: Exception) -> bool:
        """Whether the broker is there and refused this very message."""
        return isinstance(error, DeliveryError | TooLarge)

    async def _prepare(self, connection: AbstractConnection) -> None:
        confirmed = await connection.channel(publisher_confirms=True, on_return_raises=True)
        unconfirmed = await connection.channel(publisher_confirms=False)
        await close_with(connection, confirmed, unconfirmed)
        self._confirmed, self._unconfirmed = confirmed, unconfirmed
        self._ready.set()

    def _lost(self) -> None:
        self._ready.clear()
        self._confirmed = self._unconfirmed = None


def _open(channel: AbstractChannel | None) -> AbstractChannel:
    if channel is None or channel.is_closed:
        raise ChannelInvalidStateError("not connected")
    return channel
