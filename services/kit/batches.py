"""Consuming a queue in batches: many messages in one transaction (FastStream has no batches for RabbitMQ)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from opentelemetry.trace import SpanKind

from contracts import topology
from contracts.envelope import Envelope, Event
from services.kit.connection import close_with, keep_connected
from services.kit.errors import is_infrastructure
from services.kit.input_consumer import read_event
from services.kit.parts import Parts
from services.kit.retry import Unreadable
from services.kit.telemetry import describe_error, log

BATCH = 50
_PREFETCH = 4 * BATCH
Told = tuple[Envelope, Event]
Keep = Callable[[Parts, Sequence[Told]], Awaitable[None]]
"""Keeps a batch in one transaction; called again with what it has kept before, and with one message alone."""


class BatchedConsumer:
    """Consumes the queue of one purpose, or `queue` in its place, and acks after `keep` has committed."""

    def __init__(self, parts: Parts, purpose: str, keep: Keep, *, queue: str | None = None) -> None:
        self._parts = parts
        self._purpose = purpose
        self._keep = keep
        self._queue = queue or topology.queue(parts.name, purpose)
        self._arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        self.consuming = False

    async def run(self) -> None:
        """Consumes until cancelled; ends when one of its two halves ends, however that came about."""
        url, name = self._parts.settings.rabbitmq_url, f"koto-{self._queue}"
        halves = [
            asyncio.create_task(keep_connected(url, name, self._prepare, self._forget_arrived)),
            asyncio.create_task(self._work()),
        ]
        try:
            await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for half in halves:
                half.cancel()
            await asyncio.gather(*halves, return_exceptions=True)
            self.consuming = False

    async def _prepare(self, connection: AbstractConnection) -> None:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=_PREFETCH)
        await close_with(connection, channel)
        await (await channel.get_queue(self._queue, ensure=False)).consume(self._arrived.put)
        self.consuming = True

    def _forget_arrived(self) -> None:
        """What was not acked on a lost connection comes again: forget the copies whose ack would find no channel."""
        self.consuming = False
        while not self._arrived.empty():
            self._arrived.get_nowait()

    async def _work(self) -> None:
        while True:
            batch = [await self._arrived.get()]
            while len(batch) < BATCH and not self._arrived.empty():
                batch.append(self._arrived.get_nowait())
            try:
                await self._settle(batch)
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                log.warning(f"{self._purpose}.waits", service=self._parts.name, **describe_error(error))

    async def _settle(self, batch: list[AbstractIncomingMessage]) -> None:
        """Keeps a batch in one transaction, or, when that fails, each alone, parking what fails alone."""
        read: list[tuple[AbstractIncomingMessage, Told]] = []
        for message in batch:
            try:
                read.append((message, read_event(message)))
            except Unreadable as error:
                await self._park(message, error)
        if not read:
            return
        try:
            await self._kept([told for _, told in read])
        except Exception as error:
            if is_infrastructure(error):
                raise
            for message, told in read:
                await self._settle_alone(message, told)
            return
        await read[-1][0].ack(multiple=True)  # all before it on this channel are settled too

    async def _settle_alone(self, message: AbstractIncomingMessage, told: Told) -> None:
        try:
            await self._kept([told])
        except Exception as error:
            if is_infrastructure(error):
                raise
            await self._park(message, error)
        else:
            await message.ack()

    async def _kept(self, told: list[Told]) -> None:
        parts = self._parts
        with parts.telemetry.span(
            f"keep {self._queue}",
            SpanKind.CONSUMER,
            links=[envelope.traceparent for envelope, _ in told if envelope.traceparent],
            attributes={"messaging.batch.message_count": len(told)},
        ):
            await parts.probe.patiently(lambda: self._keep(parts, told))
        for _, event in told:
            parts.telemetry.consumed.labels(parts.name, event.TYPE, "kept").observe(0)

    async def _park(self, message: AbstractIncomingMessage, error: Exception) -> None:
        await self._parts.retry.fail(message, error, origin=self._purpose)
        log.warning(
            f"{self._purpose}.parked",
            service=self._parts.name,
            message_id=message.message_id,
            **describe_error(error),
        )
