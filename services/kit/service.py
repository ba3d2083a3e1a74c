"""A service: its doors, its relay and its health, started and stopped as one object."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue

from contracts import topology
from contracts.envelope import Event, Request
from contracts.topology import DATA_USED
from services.kit.answering import Answering
from services.kit.batches import BatchedConsumer, Keep
from services.kit.clock import Clock, SystemClock
from services.kit.connection import named_url
from services.kit.database import check_pools
from services.kit.errors import is_infrastructure
from services.kit.input_consumer import InputConsumer
from services.kit.outbox import Relay, forget_told
from services.kit.parking import ParkedMessages
from services.kit.parts import Parts, parts_of
from services.kit.projection import Projection, keep_all
from services.kit.settings import ServiceSettings
from services.kit.tables import Backbone
from services.kit.telemetry import Telemetry, describe_error, log
from services.kit.work import Handler

Background = Callable[[Parts], Coroutine[Any, Any, None]]
"""What a service does by itself for as long as it runs: it is cancelled at the end, and must survive any outage."""
OUTCOME_KEPT = timedelta(hours=24)
"""How long an idempotency key is remembered."""
USAGE_KEPT = timedelta(days=30)
"""How long a line of the usage log stays with the service that told it, should it have to be told again."""


class Service:
    """One service that owns data. `build(settings)` in its main.py makes it; nothing else does."""

    def __init__(
        self,
        settings: ServiceSettings,
        backbone: Backbone,
        *,
        requests: Mapping[type[Request[Any]], Handler],
        input: Mapping[type[Event], Handler] | None = None,
        projections: Sequence[Projection] = (),
        usage: Keep | None = None,
        background: Sequence[Background] = (),
        clock: Clock | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.parts = parts_of(
            settings,
            backbone,
            clock or SystemClock(),
            telemetry or Telemetry(settings.service, settings.otlp_endpoint),
        )
        self.name = settings.service
        self.projections = projections
        self._background = background
        self.relay = Relay(self.parts)
        self.parked = ParkedMessages(self.parts)
        self.answering = Answering(self.parts, requests)
        self.input_consumer = InputConsumer(self.parts, input or {})
        self._declared = topology.service(self.name)
        self._broker: RabbitBroker | None = None
        keeping = {"projection": keep_all(projections) if projections else None, "usage": usage}
        self._batched = [BatchedConsumer(self.parts, purpose, keep) for purpose, keep in keeping.items() if keep]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Starts the relay and opens the doors; waits for a database or a broker that is not there yet."""
        await self.parts.probe.wait()
        await check_pools(self.parts.engine, self.parts.settings.pool_size)
        await self.parts.publisher.start()
        self._tasks.append(asyncio.create_task(self.relay.run(), name=f"{self.name} relay"))
        self._tasks.append(asyncio.create_task(self._tidy(), name=f"{self.name} tidying"))
        await self._patiently(self._open_doors)
        for consumer in self._batched:
            self._tasks.append(asyncio.create_task(consumer.run(), name=f"{self.name} batches"))
        for each in self._background:
            self._tasks.append(asyncio.create_task(each(self.parts), name=f"{self.name} {each.__name__}"))

    async def _tidy(self) -> None:
        """Forgets outcomes whose keys have expired, and lines of the usage log that the access service has had long."""
        table, told = self.parts.backbone.request_outcome, 0
        while True:
            now = self.parts.clock.now()
            try:
                async with self.parts.engine.begin() as connection:
                    expired = table.c.happened_at < now - OUTCOME_KEPT
                    await connection.execute(table.delete().where(expired))
                while (last := await forget_told(self.parts, DATA_USED, now - USAGE_KEPT, after=told)) > told:
                    told = last
            except Exception as error:
                log.warning("tidying.waits", service=self.name, **describe_error(error))
            await asyncio.sleep(600)

    async def stop(self) -> None:
        """Closes the doors and lets what is under way end; what it committed is published by the next relay."""
        if self._broker:
            await self._broker.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.parts.publisher.stop()
        await self.parts.engine.dispose()
        self.parts.telemetry.shutdown()

    async def ready(self) -> bool:
        """Whether the database and the broker answer."""
        return self.parts.publisher.connected and await self.parts.probe.answers()

    async def alive(self) -> bool:
        """Whether every queue has our consumer: a connection alone proves nothing. True while the broker is away."""
        if not self.parts.publisher.connected or self._broker is None:
            return True
        if any(task.done() for task in self._tasks) or not all(each.consuming for each in self._batched):
            return False
        return all([await _consumes(subscriber) for subscriber in self._broker.subscribers])

    async def _open_doors(self) -> None:
        """FastStream holds the connection, a channel with its own prefetch per queue, and the graceful end."""
        name, pool = self.name, self.parts.settings.pool_size
        broker = RabbitBroker(
            str(named_url(self.parts.settings.rabbitmq_url, f"koto-{name}")),
            app_id=name,
            logger=None,
            apply_types=False,
            graceful_timeout=15,
            reconnect_interval=1,
            decoder=_undecoded,
        )
        # Consumers hold no more messages than there are database connections, but for the relay's, parking's and
        # a batched consumer's own.
        handling = (pool - 3) // 2 if self._declared.input else 0
        doors = {"requests": (self._answer, pool - 3 - handling), "dead": (self._park, 1)}
        if handling:
            doors["input"] = (self._handle, handling)
        for purpose, (door, prefetch) in doors.items():
            broker.subscriber(
                RabbitQueue(topology.queue(name, purpose), declare=False),
                channel=Channel(prefetch_count=prefetch),
                ack_policy=AckPolicy.MANUAL,
                no_reply=True,
            )(door)
        try:
            await broker.start()
        except BaseException:
            await broker.stop()
            raise
        self._broker = broker

    async def _answer(self, message: RabbitMessage) -> None:
        await self.answering(message.raw_message)

    async def _handle(self, message: RabbitMessage) -> None:
        await self.input_consumer(message.raw_message)

    async def _park(self, message: RabbitMessage) -> None:
        """Parks a message; what can't be parked goes back, and after the delivery limit to where nobody reads."""
        raw = message.raw_message
        try:
            await self.parts.probe.patiently(lambda: self.parked.park(raw))
        except Exception as error:
            log.error("parking.failed", service=self.name, **describe_error(error))
            with suppress(*CONNECTION_EXCEPTIONS):
                await raw.nack(requeue=True)
        else:
            with suppress(*CONNECTION_EXCEPTIONS):  # the channel is lost: it comes again and is parked twice
                await raw.ack()

    async def _patiently(self, step: Any) -> None:
        while True:
            try:
                await step()
                return
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                log.warning("service.waits_for_broker", service=self.name, **describe_error(error))
                await asyncio.sleep(0.5)


async def _undecoded(message: Any) -> Any:
    """Hands the message on as it is: kit parses it, so that what does not parse is parked with its reason."""
    return message


async def _consumes(subscriber: Any) -> bool:
    try:
        async with asyncio.timeout(1):
            channel = await subscriber._queue_obj.channel.get_underlay_channel()
    except Exception:
        return False
    return subscriber._consumer_tag in channel.consumers
