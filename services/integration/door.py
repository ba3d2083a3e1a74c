"""The door: takes partners' messages from the broker, brings them to the services that answer for them, tells partners.

Two steps with a table between: what a partner wrote is acknowledged once it is kept, and waits there for as long as its
owner is away; and that a partner is to be told something waits for as long as it can't be told.
"""

import asyncio
from typing import Any

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from opentelemetry.trace import SpanKind
from uuid_utils.compat import uuid7

from contracts.envelope import Envelope, Request
from contracts.partners import FromPartner
from contracts.topology import PARTNERS, TO_PARTNERS, queue
from services.integration import handlers, rules, telling
from services.integration.errands import Errand
from services.integration.settings import IntegrationSettings
from services.kit.actor import service_actor
from services.kit.background import asking, work_off
from services.kit.connection import close_with, keep_connected
from services.kit.errors import Never, Refusal, is_infrastructure
from services.kit.outbox import message_of
from services.kit.parts import Parts
from services.kit.requests import Requests
from services.kit.service import Background
from services.kit.telemetry import describe_error, log
from services.kit.work import Cause

AT_ONCE = 3
"""How many messages are taken at once: fewer than there are connections to the database."""


def keep_door(errands: dict[type[FromPartner], Errand]) -> Background:
    """What the service does for as long as it runs."""

    async def partners(parts: Parts) -> None:
        door = Door(parts, errands)
        async with asyncio.TaskGroup() as group:
            group.create_task(door.take())
            group.create_task(door.bring_and_tell())

    return partners


class Door:
    """Takes messages, brings them on, and tells partners, in three loops."""

    def __init__(self, parts: Parts, errands: dict[type[FromPartner], Errand]) -> None:
        assert isinstance(parts.settings, IntegrationSettings)
        self._parts = parts
        self._errands = errands
        self._partners = parts.settings.partners
        self._requests: Requests
        self._taken = asyncio.Event()

    async def take(self) -> None:
        """Takes from the queue until cancelled."""
        name = queue(self._parts.name, PARTNERS)
        await keep_connected(self._parts.settings.rabbitmq_url, f"koto-{name}", self._prepare, lambda: None)

    async def bring_and_tell(self) -> None:
        """Brings what was taken and tells what is new until cancelled: as it comes, or when its time has come."""
        async with asking(self._parts, waits="partners.asking_waits") as self._requests, asyncio.TaskGroup() as group:
            group.create_task(work_off(self._parts, self._bring_next, self._taken, waits="partners.wait"))
            group.create_task(work_off(self._parts, self._tell_next, asyncio.Event(), waits="partners.wait"))

    async def _prepare(self, connection: AbstractConnection) -> None:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=AT_ONCE)
        await close_with(connection, channel)
        await (await channel.get_queue(queue(self._parts.name, PARTNERS), ensure=False)).consume(self._take)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        message.headers.clear()  # what a partner writes there is not to be believed, nor kept
        try:
            await self._parts.probe.patiently(lambda: self._take_one(message))
            await message.ack()
            self._taken.set()
        except Exception as error:
            if is_infrastructure(error):
                return  # the broker is away, and will deliver again what was not acked
            if isinstance(error, Refusal):
                await message.nack(requeue=True)
                return
            log.warning("partner_message.parked", service=self._parts.name, **describe_error(error))
            await self._parts.retry.fail(message, error, origin=PARTNERS)

    async def _take_one(self, message: AbstractIncomingMessage) -> None:
        partner, type = rules.sender_of(message.routing_key or "", self._partners)
        if partner is None:
            raise Never("its sender is no partner any more: nobody reads a receipt")
        parts, cause = self._parts, str(uuid7())
        with parts.telemetry.span("take partner message", SpanKind.CONSUMER, attributes={"koto.partner": partner.code}):
            async with parts.unit_of_work.begin(service_actor(parts.name), Cause(cause, cause)) as work:
                await handlers.take(work, partner, type, message.body)

    async def _bring_next(self) -> bool:
        parts, cause = self._parts, str(uuid7())
        async with parts.unit_of_work.begin(service_actor(parts.name), Cause(cause, cause)) as work:
            return await handlers.bring_next(work, self._partners, self._errands, self._ask)

    async def _ask(self, request: Request[Any], key: str) -> object:
        return await self._requests.ask(request, service_actor(self._parts.name), idempotency_key=key)

    async def _tell_next(self) -> bool:
        parts, cause = self._parts, str(uuid7())
        async with parts.unit_of_work.begin(service_actor(parts.name), Cause(cause, cause)) as work:
            return await telling.tell_next(work, self._partners, self._look, self._send)

    async def _look(self, request: Request[Any]) -> Any:
        return await self._requests.ask(request, service_actor(self._parts.name))

    async def _send(self, partner: str, envelope: Envelope) -> None:
        message = message_of(self._parts.name, envelope)
        await self._parts.publisher.publish(TO_PARTNERS, partner, message, mandatory=True)
