"""Publishing on a connection of its own, with confirms: a slow consumer's channel never holds it back."""

from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractRobustConnection
from aio_pika.exceptions import DeliveryError
from pydantic import SecretStr

from contracts.topology import MAX_MESSAGE_BYTES

CONFIRM_SECONDS = 10.0


class TooLarge(Exception):
    """A message the broker would refuse by closing the channel, and everybody's publishing with it."""


class Publisher:
    """A connection that only publishes; it reconnects by itself, and what was unconfirmed raises meanwhile."""

    def __init__(self, url: SecretStr, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: AbstractRobustConnection | None = None
        self._confirmed: AbstractChannel | None = None
        self._unconfirmed: AbstractChannel | None = None
        self._exchanges: dict[tuple[str, bool], AbstractExchange] = {}

    async def start(self) -> None:
        """Connects; raises what aio-pika raises when the broker is away."""
        self._connection = await aio_pika.connect_robust(
            self._url.get_secret_value(), client_properties={"connection_name": self._name}, reconnect_interval=1
        )
        self._confirmed = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
        self._unconfirmed = await self._connection.channel(publisher_confirms=False)

    async def stop(self) -> None:
        """Closes the connection."""
        if self._connection:
            await self._connection.close()

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self._connection is not None and self._connection.connected.is_set()

    async def publish(
        self, exchange: str, routing_key: str, message: aio_pika.Message, *, mandatory: bool = False
    ) -> None:
        """Returns when the broker has confirmed the message; raises when it refused, returned or never answered."""
        if len(message.body) > MAX_MESSAGE_BYTES:
            raise TooLarge
        target = await self._exchange(exchange, confirmed=True)
        await target.publish(message, routing_key, mandatory=mandatory, timeout=CONFIRM_SECONDS)

    async def publish_unconfirmed(self, exchange: str, routing_key: str, message: aio_pika.Message) -> None:
        """Hands a message to the broker and waits for nothing: for replies, whose asker has a deadline of its own."""
        target = await self._exchange(exchange, confirmed=False)
        await target.publish(message, routing_key, mandatory=False)

    @staticmethod
    def refused(error: Exception) -> bool:
        """Whether the broker is there and refused this very message."""
        return isinstance(error, DeliveryError | TooLarge)

    async def _exchange(self, name: str, *, confirmed: bool) -> AbstractExchange:
        if (name, confirmed) not in self._exchanges:
            channel: Any = self._confirmed if confirmed else self._unconfirmed
            self._exchanges[name, confirmed] = await channel.get_exchange(name, ensure=False)
        return self._exchanges[name, confirmed]
