"""The answering side of requests: one request, one transaction, one reply. Every expected failure is a Problem.

An exception never shows as a time-out: whatever happens, the asker is told, unless its deadline has passed.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from time import perf_counter
from typing import Any

from aio_pika import Message
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from contracts.envelope import FieldError, Problem, Request
from contracts.registry import find
from contracts.topology import REPLIES
from services.kit.actor import Actor, ActorVerifier, public_keys
from services.kit.errors import InvalidInput, Refusal, Unavailable, is_infrastructure, is_unstorable
from services.kit.parts import Parts
from services.kit.publisher import TooLarge
from services.kit.retry import Unreadable
from services.kit.rotation import Rotating
from services.kit.telemetry import describe_error, log
from services.kit.work import Cause, Handler, Repetition

ACTOR, DEADLINE, IDEMPOTENCY_KEY = "x-actor", "x-deadline", "x-idempotency-key"
PROBLEM = "problem.v1"


class UnknownRequest(Refusal):
    """No request of that type is answered here."""

    status, code, title = 400, "unknown-request", "Unknown request"


class InternalError(Refusal):
    """A defect of ours; the log has its place, the answer nothing of it."""

    status, code, title = 500, "internal-error", "Something went wrong on our side"


class Answering:
    """Answers the requests of one service."""

    def __init__(self, parts: Parts, handlers: Mapping[type[Request[Any]], Handler]) -> None:
        self._service = parts.name
        self._handlers = dict(handlers)
        self._unit_of_work = parts.unit_of_work
        self._publisher = parts.publisher
        self._retry = parts.retry
        self._verifier = ActorVerifier(Rotating(parts.settings, "actor_keys", public_keys))
        self._telemetry = parts.telemetry
        self._clock = parts.clock

    async def __call__(self, message: AbstractIncomingMessage) -> None:
        """Answers one request, then acks it. A crash between the two is a repetition, which the key makes one."""
        started = perf_counter()
        kind = message.type if find(message.type or "") else "unknown"
        if not (message.reply_to or "").startswith(f"{REPLIES}."):
            # replying anywhere else, the broker would close our channel
            await self._retry.fail(message, Unreadable("a request without a reply queue"), origin="requests")
            return
        if self._too_late(message):
            await self._settled(message, kind, "too_late", started)
            return
        reply: BaseModel
        try:
            with self._telemetry.span(
                f"answer {kind}",
                SpanKind.SERVER,
                parent=_text(message, "traceparent"),
                attributes={"koto.request": kind},
            ):
                reply = await self._answer(message)
                outcome = "answered"
        except Refusal as refusal:
            reply, outcome = refusal.problem(), refusal.code
        except Exception as error:
            failure = _failure(error)
            reply, outcome = failure.problem(), failure.code
            log.error("request.failed", service=self._service, type=kind, **describe_error(error))
        await self._reply_patiently(message, reply)
        await self._settled(message, kind, outcome, started)

    async def _answer(self, message: AbstractIncomingMessage) -> BaseModel:
        model = find(message.type or "")
        if model is None or not issubclass(model, Request) or model not in self._handlers:
            raise UnknownRequest("no request of that type is answered here")
        now = self._clock.now()
        key = _text(message, IDEMPOTENCY_KEY)
        actor = self._verifier.verify(
            _text(message, ACTOR), request_type=model.TYPE, key=key, body=message.body, now=now
        )
        request = parse(model, message.body)
        repetition = None
        if model.CHANGES:
            if not key or len(key) > 200:
                raise InvalidInput("a changing request needs an idempotency key of 1 to 200 characters")
            body_hashes = self._unit_of_work.encryption.search_hashes(message.body.decode())
            repetition = Repetition(model.TYPE, key, body_hashes)
        cause = Cause(message.message_id or "", message.correlation_id or "")
        try:
            return await self._act(request, actor, cause, repetition)
        except Refusal as refusal:
            await self._unit_of_work.record_refusal(actor, cause, request, refusal)
            raise

    async def _act(self, request: Request[Any], actor: Actor, cause: Cause, repetition: Repetition | None) -> BaseModel:
        model = type(request)
        async with self._unit_of_work.begin(actor, cause, request=model, repetition=repetition) as work:
            reply: BaseModel = await self._handlers[model](request, work)
            told = work.used or work.is_repeat or actor.is_service
            assert told, f"the handler of {model.TYPE} told the usage log nothing"
            if model.CHANGES:
                assert work.repetition_checked, f"the handler of {model.TYPE} never asked for the outcome of a repeat"
                await work.remember_outcome(reply)
        return reply

    async def _settled(self, message: AbstractIncomingMessage, kind: str | None, outcome: str, started: float) -> None:
        with suppress(*CONNECTION_EXCEPTIONS):  # the channel is lost: the request comes again, and its key makes it one
            await message.ack()
        self._telemetry.requests.labels(self._service, kind, outcome).observe(perf_counter() - started)

    def _too_late(self, message: AbstractIncomingMessage) -> bool:
        deadline = message.headers.get(DEADLINE)
        return isinstance(deadline, int) and milliseconds(self._clock.now()) > deadline

    async def _reply_patiently(self, message: AbstractIncomingMessage, reply: BaseModel) -> None:
        """Replies; while the broker is away, tries again for as long as the asker waits."""
        while not self._too_late(message):
            try:
                await self._reply(message, reply)
                return
            except TooLarge:
                log.error("request.reply_too_large", service=self._service, type=message.type)
                reply = InternalError("The answer is too large.").problem()
            except Exception as error:
                if not is_infrastructure(error):
                    raise
                await asyncio.sleep(0.1)
        log.warning("request.reply_too_late", service=self._service, message_id=message.message_id)

    async def _reply(self, message: AbstractIncomingMessage, reply: BaseModel) -> None:
        await self._publisher.publish_unconfirmed(
            REPLIES,
            message.reply_to or "",
            Message(
                reply.model_dump_json().encode(),
                type=PROBLEM if isinstance(reply, Problem) else f"{message.type}.reply",
                correlation_id=message.correlation_id,
                content_type="application/json",
                app_id=self._service,
            ),
        )


def _failure(error: Exception) -> Refusal:
    """What the asker is told of an error that no handler expected."""
    if is_infrastructure(error):
        return Unavailable()
    if is_unstorable(error):
        return InvalidInput("a value can't be stored: a character or a number that no field may hold")
    return InternalError()


def milliseconds(moment: datetime) -> int:
    """A moment as a header carries it: AMQP's floats are too short for today's seconds."""
    return int(moment.timestamp() * 1000)


def parse(model: type[Request[Any]], body: bytes) -> Request[Any]:
    """The request; raises InvalidInput naming each field and the rule it broke."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise InvalidInput(errors=field_errors(error, body)) from None


def field_errors(error: ValidationError, body: bytes) -> list[FieldError]:
    """A ValidationError of a body as fields and rules, without the values that were entered; at most 100."""
    try:
        told = from_json(body)
    except ValueError:
        told = None
    return [
        FieldError(pointer=json_pointer([*_told(told, each["loc"])]), rule=each["type"], detail=each["msg"])
        for each in error.errors(include_url=False, include_input=False, include_context=False)[:100]
    ]


def _told(body: Any, location: Sequence[str | int]) -> Iterator[str | int]:
    """The place in the body. Where a field tells the branches of a union apart, pydantic names the branch besides."""
    for number, part in enumerate(location, 1):
        if isinstance(body, dict) and part not in body and number < len(location):
            continue
        yield part
        is_there = part in body if isinstance(body, dict) else isinstance(body, list) and isinstance(part, int)
        body = body[part] if is_there else None


def json_pointer(location: Sequence[str | int]) -> str:
    """A place in a body as a JSON Pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)


def _text(message: AbstractIncomingMessage, header: str) -> str | None:
    value = message.headers.get(header)
    return value if isinstance(value, str) else None
