"""What becomes of a message that failed: it waits and comes back, or it is parked. None vanishes."""

import asyncio
from typing import Any

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractIncomingMessage

from contracts.topology import RETRY_STEPS, private_exchange
from services.kit.errors import Never, Refusal, is_infrastructure
from services.kit.publisher import Publisher

ATTEMPT, REASON, ORIGIN, REPLAYED = "x-attempt", "x-reason", "x-origin", "x-replayed"
EXCHANGE, ROUTING_KEY = "x-exchange", "x-routing-key"


_BROKERS_OWN = ("x-death", "x-first-death", "x-delivery")


class Unreadable(Never):
    """A message that is not of its contract; the reason names the field and the rule, never the value."""


def attempt_of(message: AbstractIncomingMessage) -> int:
    """How many times the message has failed before."""
    attempt = message.headers.get(ATTEMPT, 0)
    return min(max(attempt, 0), len(RETRY_STEPS)) if isinstance(attempt, int) else 0


def copy_of(message: AbstractIncomingMessage, headers: dict[str, Any]) -> Message:
    """The same message, with these headers laid over its own, to be published again."""
    kept = {key: value for key, value in message.headers.items() if not key.startswith(_BROKERS_OWN)}
    return Message(
        message.body,
        headers={**kept, **headers},
        content_type=message.content_type,
        message_id=message.message_id,
        type=message.type,
        correlation_id=message.correlation_id,
        timestamp=message.timestamp,
        app_id=message.app_id,
        delivery_mode=DeliveryMode.PERSISTENT,
    )


def _address_of(message: AbstractIncomingMessage) -> dict[str, Any]:
    """Where the message was first published: who asks where it came from finds it among the headers."""
    return {
        EXCHANGE: message.headers.get(EXCHANGE) or message.exchange or "",
        ROUTING_KEY: message.headers.get(ROUTING_KEY) or message.routing_key or "",
    }


class Retry:
    """One service's retry ladder and way to the parked messages."""

    def __init__(self, service: str, publisher: Publisher) -> None:
        self._exchange = private_exchange(service)
        self._publisher = publisher

    async def fail(self, message: AbstractIncomingMessage, error: Exception, *, origin: str) -> str:
        """Settles a failed message and returns what became of it: `retried` or `parked`.

        Its copy is confirmed by the broker before the original is acked: dying in between doubles it, and the inbox
        makes two one.
        """
        attempt = attempt_of(message)
        final = isinstance(error, Never | Refusal) or origin != "input" or attempt >= len(RETRY_STEPS)
        if final:
            why = {ATTEMPT: attempt, REASON: _reason(error), ORIGIN: origin}
            await self._publish("dead", message, why | _address_of(message))
        else:
            await self._publish(
                f"retry.{RETRY_STEPS[attempt][0]}", message, {ATTEMPT: attempt + 1} | _address_of(message)
            )
        await message.ack()
        return "parked" if final else "retried"

    async def _publish(self, key: str, message: AbstractIncomingMessage, headers: dict[str, Any]) -> None:
        while True:
            try:
                await self._publisher.publish(self._exchange, key, copy_of(message, headers), mandatory=True)
                return
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                await asyncio.sleep(1)  # full queue, or a broker that is away: the original stays unacked meanwhile


def _reason(error: Exception) -> str:
    """Why it was parked: our own reasons in words, of others the class only, whose message may repeat the data."""
    if isinstance(error, Never):
        return str(error) or type(error).__name__
    if isinstance(error, Refusal):
        return f"{error.code}: {error.detail or error.title}"
    return type(error).__name__
