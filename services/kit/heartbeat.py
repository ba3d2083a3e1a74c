"""Heartbeats: how those who keep what a service tells know that they have heard all news.

Told straight to the broker, never through the outbox: an outbox that stands still must not look alive. One says "all
news up to then was told": now, unless news waits in the outbox, whose oldest act is then the moment. News counts as
told when the broker has confirmed it, so no heartbeat overtakes it.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime

from aio_pika import DeliveryMode, Message
from sqlalchemy import func, select

from contracts import envelope
from contracts.topology import events_exchange
from services.kit.parts import Parts
from services.kit.telemetry import describe_error, log

EVERY_SECONDS = 1.0


async def beat(parts: Parts, news: type[envelope.Event], told: Callable[[datetime], envelope.Message]) -> None:
    """Tells each second up to when all news of that type was told, for as long as database and broker answer."""
    while True:
        try:
            message = told(await told_until(parts, news))
            await parts.publisher.publish(
                events_exchange(parts.name),
                message.TYPE,
                Message(
                    message.model_dump_json().encode(),
                    type=message.TYPE,
                    content_type="application/json",
                    app_id=parts.name,
                    delivery_mode=DeliveryMode.NOT_PERSISTENT,
                ),
            )
        except Exception as error:
            log.warning("heartbeat.waits", service=parts.name, **describe_error(error))
        await asyncio.sleep(EVERY_SECONDS)


async def told_until(parts: Parts, news: type[envelope.Event]) -> datetime:
    """Up to when all committed news of that type was published."""
    now = parts.clock.now()  # before looking: what commits after it is younger
    outbox = parts.backbone.outbox.c
    oldest = select(func.min(outbox.occurred_at)).where(outbox.published_at.is_(None), outbox.type == news.TYPE)
    async with parts.engine.connect() as connection:
        waiting: datetime | None = await connection.scalar(oldest)
    return min(now, waiting) if waiting else now
