"""The asking side of requests: a correlated client over one exclusive reply queue.

Not direct reply-to, which after a reconnect never works again and needs write access to the default exchange. When
the connection is lost, every waiting call fails at once: its outcome is unknown, and the caller repeats it with the
same key.
"""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any, TypeVar, cast
from uuid import uuid4

from aio_pika import Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import DeliveryError
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ValidationError
from uuid_utils.compat import uuid7

from contracts.envelope import Problem, Request
from contracts.topology import REPLIES, REQUESTS, reply_queue_prefix
from services.kit.actor import Actor, ActorTokens
from services.kit.answering import ACTOR, DEADLINE, IDEMPOTENCY_KEY, PROBLEM, milliseconds
from services.kit.clock import Clock
from services.kit.connection import close_with, keep_connected, uncancelled
from services.kit.errors import ProblemReply, Unavailable
from services.kit.settings import ServiceSettings
from services.kit.telemetry import Telemetry, current_traceparent, log
from services.kit.work import canonical_json

TIMEOUT = timedelta(seconds=10)
ReplyT = TypeVar("ReplyT", bound=BaseModel)


class Requests:
    """Asks services; any number of calls at once over one connection."""

    def __init__(
        self, service: str, settings: ServiceSettings, tokens: ActorTokens, clock: Clock, telemetry: Telemetry
    ) -> None:
        self._service = service
        self._settings = settings
        self._tokens = tokens
        self._clock = clock
        self._telemetry = telemetry
        self._waiting: dict[str, asyncio.Future[AbstractIncomingMessage]] = {}
        self._exchange: AbstractExchange | None = None
        self._reply_to = ""
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connects, and keeps connected until stopped."""
        self._task = asyncio.create_task(
            keep_connected(
                self._settings.rabbitmq_url, f"koto-{self._service}-requests", self._prepare, self._fail_waiting
            )
        )
        async with asyncio.timeout(30):
            await self._ready.wait()

    async def stop(self) -> None:
        """Closes the connection; what waits fails."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._fail_waiting()

    @property
    def connected(self) -> bool:
        """Whether replies can arrive."""
        return self._ready.is_set()

    async def ask(
        self,
        request: Request[ReplyT],
        actor: Actor,
        *,
        idempotency_key: str | None = None,
        within: timedelta = TIMEOUT,
    ) -> ReplyT:
        """The reply; raises ProblemReply for a Problem, Unavailable when none came or the broker took nothing."""
        kind = request.TYPE
        with self._telemetry.span(f"ask {kind}", SpanKind.CLIENT, attributes={"koto.request": kind}):
            reply = await self._exchange_messages(request, actor, idempotency_key, within)
        try:
            if reply.type == PROBLEM:
                raise ProblemReply(Problem.model_validate_json(reply.body))
            return cast(ReplyT, request.REPLY.model_validate_json(reply.body))
        except ValidationError:
            log.error("request.unreadable_reply", service=self._service, type=kind)
            raise Unavailable("The answer was not of its contract.") from None

    async def _exchange_messages(
        self, request: Request[Any], actor: Actor, key: str | None, within: timedelta
    ) -> AbstractIncomingMessage:
        exchange = self._exchange
        if exchange is None:
            raise Unavailable
        owner, now = request.owner(), self._clock.now()
        body = canonical_json(request)
        key = _opaque(key) if key else None
        call_id = str(uuid7())
        headers: dict[str, Any] = {
            ACTOR: self._tokens.sign(actor, request_type=request.TYPE, key=key, body=body, now=now),
            DEADLINE: milliseconds(now + within),
            "traceparent": current_traceparent() or "",
        }
        if key:
            headers[IDEMPOTENCY_KEY] = key
        message = Message(
            body,
            message_id=call_id,
            correlation_id=call_id,
            type=request.TYPE,
            reply_to=self._reply_to,
            content_type="application/json",
            app_id=self._service,
            timestamp=now,
            headers=headers,
        )
        waiting: asyncio.Future[AbstractIncomingMessage] = asyncio.get_running_loop().create_future()
        self._waiting[call_id] = waiting
        try:
            async with asyncio.timeout(within.total_seconds()):
                await uncancelled(exchange.publish(message, owner, mandatory=True))
                return await waiting
        except (DeliveryError, TimeoutError, ConnectionError, RuntimeError):
            # full queue, nobody's queue, no answer in time, or the connection was lost meanwhile
            raise Unavailable from None
        finally:
            self._waiting.pop(call_id, None)

    async def _prepare(self, connection: AbstractConnection) -> None:
        channel: AbstractChannel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        name = f"{reply_queue_prefix(self._service)}{uuid4()}"
        queue = await channel.declare_queue(name, exclusive=True, auto_delete=True)
        await queue.bind(await channel.get_exchange(REPLIES, ensure=False), name)
        await queue.consume(self._receive, no_ack=True)
        await close_with(connection, channel)
        self._reply_to = name
        self._exchange = await channel.get_exchange(REQUESTS, ensure=False)
        self._ready.set()

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        waiting = self._waiting.pop(message.correlation_id or "", None)
        if waiting and not waiting.done():
            waiting.set_result(message)

    def _fail_waiting(self) -> None:
        self._ready.clear()
        self._exchange = None
        waiting, self._waiting = self._waiting, {}
        for each in waiting.values():
            if not each.done():
                each.set_exception(ConnectionError("connection lost"))


def _opaque(key: str) -> str:
    """A caller's key as it travels and is kept: some make theirs of what identifies a person."""
    return hashlib.sha256(key.encode()).hexdigest()
