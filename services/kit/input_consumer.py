"""The input queue: events that a service acts on, dispatched by type, each fact once."""

from collections.abc import Mapping
from contextlib import suppress
from time import perf_counter

from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from opentelemetry.trace import SpanKind
from pydantic import ValidationError

from contracts.customer.state import CustomerErased
from contracts.envelope import Envelope, Event
from contracts.registry import find
from contracts.topology import events_exchange, replay_exchange
from services.kit.actor import service_actor
from services.kit.erasure import erase_customer
from services.kit.errors import is_infrastructure
from services.kit.inbox import claim
from services.kit.parts import Parts
from services.kit.retry import REPLAYED, Unreadable, attempt_of
from services.kit.telemetry import describe_error, log
from services.kit.tombstones import erased_among
from services.kit.work import Cause, Handler, Work


def read_event(message: AbstractIncomingMessage) -> tuple[Envelope, Event]:
    """The envelope and the event of a message; raises Unreadable naming the field and the rule."""
    try:
        envelope = Envelope.model_validate_json(message.body)
    except ValidationError as error:
        raise Unreadable(f"not a CloudEvents document of ours: {rules_broken(error)}") from None
    model = find(envelope.type)
    if model is None or not issubclass(model, Event):
        raise Unreadable(f"no event contract of type {envelope.type}")
    if envelope.source != f"/koto/{model.owner()}":
        raise Unreadable(f"{envelope.type} does not come from its owner")
    # the broker lets each service write to its own exchanges alone: so nobody tells anything in another's name
    told_on, owner = message.exchange or "", model.owner()
    if told_on.endswith((".events", ".replay")) and told_on not in (events_exchange(owner), replay_exchange(owner)):
        raise Unreadable(f"{envelope.type} was told on another service's exchange")
    try:
        event = model.model_validate(envelope.data)
    except ValidationError as error:
        raise Unreadable(f"not a {envelope.type}: {rules_broken(error)}") from None
    if event.subject() != envelope.subject:
        raise Unreadable("the subject is not what the data is about")
    return envelope, event


def rules_broken(error: ValidationError) -> str:
    """Which fields broke which rules, without the values."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"/{'/'.join(map(str, each['loc']))} {each['type']}" for each in found[:5])


class InputConsumer:
    """Handles one message at a time per slot of the prefetch; acks after the commit."""

    def __init__(self, parts: Parts, handlers: Mapping[type[Event], Handler]) -> None:
        self._service = parts.name
        self._handlers = dict(handlers)
        self._unit_of_work = parts.unit_of_work
        self._retry = parts.retry
        self._probe = parts.probe
        self._telemetry = parts.telemetry
        self._clock = parts.clock

    async def __call__(self, message: AbstractIncomingMessage) -> None:
        """Settles one message: handled, known already, retried or parked. Never raises but for a lost connection."""
        started = perf_counter()
        outcome, kind = "parked", "unreadable"
        try:
            envelope, event = read_event(message)
            kind = event.TYPE
            again = attempt_of(message) or REPLAYED in message.headers
            with self._telemetry.span(
                f"process {kind}",
                SpanKind.CONSUMER,
                parent=None if again else envelope.traceparent,
                links=[envelope.traceparent] if again and envelope.traceparent else [],
                attributes={"messaging.message.id": str(envelope.id), "koto.subject": str(envelope.subject)},
            ):
                outcome = await self._probe.patiently(lambda: self._handle(envelope, event))
            await message.ack()
            lag = (self._clock.now() - envelope.time).total_seconds()
            self._telemetry.lag.labels(self._service, kind).observe(max(0.0, lag))
        except Exception as error:
            if is_infrastructure(error):
                return  # the broker is away, and will deliver again what was not acked
            outcome = await self._fail(message, error)
            log.warning(
                f"event.{outcome}",
                service=self._service,
                type=kind,
                message_id=message.message_id,
                **describe_error(error),
            )
        finally:
            self._telemetry.consumed.labels(self._service, kind, outcome).observe(perf_counter() - started)

    async def _fail(self, message: AbstractIncomingMessage, error: Exception) -> str:
        try:
            return await self._retry.fail(message, error, origin="input")
        except Exception as defect:  # never keep a slot of the prefetch: the broker's delivery limit parks it
            log.error("retry.failed", service=self._service, **describe_error(defect))
            with suppress(*CONNECTION_EXCEPTIONS):
                await message.nack(requeue=True)
            return "requeued"

    async def _handle(self, envelope: Envelope, event: Event) -> str:
        cause = Cause(str(envelope.id), envelope.correlationid, envelope.legalbasis)
        async with self._unit_of_work.begin(service_actor(self._service), cause) as work:
            if not await claim(work, f"{self._service}.input", envelope.factid):
                return "known"
            people = event.about_customers()
            if await erased_among(work.connection, work.backbone, people):
                return "erased"
            work.not_erased |= people
            await self._dispatch(envelope, event, work)
        return "handled"

    async def _dispatch(self, envelope: Envelope, event: Event, work: Work) -> None:
        work.sequence, work.happened_at = envelope.subjectsequence, envelope.time
        if isinstance(event, CustomerErased):
            await erase_customer(work, event.erased_customer_id)
        elif handler := self._handlers.get(type(event)):
            await handler(event, work)
        else:
            raise Unreadable(f"nothing here handles {event.TYPE}")
