"""The assessment service on a real database, told of events as the broker would, without a broker."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel

from contracts.assessment.cases import ConcludeAssessment, DropAssessment, GetAssessment, WholeAssessment
from contracts.assessment.interviews import AcknowledgeDuties, BeginInterview, PlanInterview, RecordMissedInterview
from contracts.assessment.measures import MeasureVersion, OrderMeasure, ReportMeasure
from contracts.assessment.state import Assessments, GetCustomerAssessments
from contracts.assessment.topics import WriteTopic
from contracts.assessment.versions import AssessmentVersion
from contracts.customer.people import Arrival
from contracts.customer.state import (
    CustomerChanged,
    CustomerCircumstances,
    CustomerErased,
    CustomerOpened,
    CustomerState,
    RelationshipState,
)
from contracts.envelope import Envelope, Event, Request, schema_urn
from services.assessment.handlers.cases import get_customer_assessments
from services.assessment.rules.base import assessment_law
from services.assessment.subscribers import PROJECTIONS, REQUESTS
from services.kit.actor import Actor
from services.kit.errors import InvalidInput
from services.kit.service import Service
from services.kit.usage import UsageKeys
from services.kit.work import Cause, Repetition, UnitOfWork, canonical_json
from tests.support import EXPERT_TAMPERE, rows

TAMPERE = "837"
TODAY = date(2026, 3, 2)
"""By the clock that stands still."""
LAW = assessment_law("2025-01-01")
ReplyT = TypeVar("ReplyT", bound=BaseModel)
SUPERVISOR = Actor(user="supervisor@tampere", organisation=TAMPERE, role="supervisor")


@dataclass
class StoppedClock:
    """A clock that a test holds still."""

    moment: datetime = datetime(2026, 3, 2, 10, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@dataclass
class Delivery:
    """A message as the input consumer sees it."""

    body: bytes
    message_id: str
    headers: dict[str, Any] = field(default_factory=dict)
    exchange: str = "customer.events"
    acked: bool = False

    async def ack(self) -> None:
        self.acked = True


def relationships(ended: tuple[str, ...] = (), **arrivals: Arrival) -> tuple[RelationshipState, ...]:
    """Open relationships by municipality (`_837="moved"`), and ended ones."""
    opened = [
        RelationshipState(municipality=code.removeprefix("_"), state="open", arrival=arrival)
        for code, arrival in arrivals.items()
    ]
    return (*opened, *(RelationshipState(municipality=code, state="ended", arrival="moved") for code in ended))


def opened(customer_id: UUID, **facts: Any) -> CustomerOpened:
    """A customer of Tampere, a refugee with a permit of this year unless told otherwise."""
    return CustomerOpened(customer_id=customer_id, municipality=TAMPERE, **_facts(facts))


def changed(customer_id: UUID, **facts: Any) -> CustomerChanged:
    """The same after a change."""
    return CustomerChanged(customer_id=customer_id, **_facts(facts))


def _facts(facts: dict[str, Any]) -> dict[str, Any]:
    refugee = {
        "relationships": relationships(_837="moved"),
        "first_permit_on": "2026-01-15",
        "integration_act_groups": ("2.3.1",),
    }
    return refugee | facts


def circumstances(customer_id: UUID, **told: bool) -> CustomerCircumstances:
    """What is known of a customer's work and benefits."""
    return CustomerCircumstances(customer_id=customer_id, **told)


def planning(known: AssessmentVersion, starts_at: datetime, **more: Any) -> PlanInterview:
    """The request to plan an interview at the office, in Finnish."""
    usual = {"starts_at": starts_at, "place": "office", "language": "fi", "interpreter": {"needed": False}}
    return PlanInterview.model_validate(_to(known) | {"appointment": usual | more})


def holding(known: AssessmentVersion, **more: Any) -> BeginInterview:
    """The request to record an interview held at the office, in a language that the customer understands."""
    usual = {"held_on": TODAY, "place": "office", "language": "fi", "language_understood": True}
    return BeginInterview.model_validate(_to(known) | {"interview": usual | more})


def missing(known: AssessmentVersion, explanation: str | None = None) -> RecordMissedInterview:
    """The request to record that the customer did not come."""
    return RecordMissedInterview.model_validate(_to(known) | {"explanation": explanation})


def telling(known: AssessmentVersion, *duties: str, **more: Any) -> AcknowledgeDuties:
    """The request to record that the customer was told these duties."""
    told = [{"duty": each, "told_on": TODAY, "made_sure": "told_back", **more} for each in duties]
    return AcknowledgeDuties.model_validate(_to(known) | {"duties": told})


def writing(known: AssessmentVersion, topic: str = "literacy", version: int = 0, **content: Any) -> WriteTopic:
    """The request to write under a topic."""
    told = {"topic": topic, "expected_version": version, "content": {"text": "So it is."} | content}
    return WriteTopic.model_validate({"assessment_id": known.assessment_id} | told)


def ordering(known: AssessmentVersion, **more: Any) -> OrderMeasure:
    """The request to order a measure that is made by the municipality itself."""
    usual = {"measure": "language_level", "provider": "own", "due_on": TODAY}
    return OrderMeasure.model_validate({"assessment_id": known.assessment_id, "order": usual | more})


def reporting(known: MeasureVersion, **more: Any) -> ReportMeasure:
    """The request to report a measure."""
    usual = {"result": "A1.", "done_on": TODAY, "done_by": "Kieli Kettunen"}
    return ReportMeasure.model_validate({"measure_id": known.measure_id, "report": usual | more})


def concluding(known: AssessmentVersion, result: str = "plan_needed", **more: Any) -> ConcludeAssessment:
    """The request to conclude."""
    return ConcludeAssessment.model_validate(_to(known) | {"conclusion": {"result": result} | more})


def dropping(known: AssessmentVersion, ground: str = "moved") -> DropAssessment:
    """The request to end without a result."""
    return DropAssessment.model_validate(_to(known) | {"drop": {"ground": ground, "reason": "As was told."}})


def _to(known: AssessmentVersion) -> dict[str, Any]:
    return {"assessment_id": known.assessment_id, "expected_version": known.version}


def broken(refusal: pytest.ExceptionInfo[InvalidInput]) -> list[tuple[str, str]]:
    """The fields that broke rules, and which."""
    return [(each.pointer, each.rule) for each in refusal.value.errors]


def envelope(event: Event, sequence: int = 1) -> Envelope:
    """The envelope that the customer service's relay would make."""
    event_id = uuid4()
    return Envelope(
        id=event_id,
        source="/koto/customer",
        type=event.TYPE,
        subject=event.subject(),
        time=datetime(2026, 3, 2, 9, tzinfo=UTC),
        dataschema=schema_urn(event.TYPE),
        subjectsequence=sequence,
        factid=event_id,
        correlationid="test",
        causationid="test",
        actor="837/expert@tampere",
        data=event.model_dump(mode="json"),
    )


@dataclass(frozen=True)
class Desk:
    """One assessment service under test."""

    service: Service
    clock: StoppedClock

    async def hear(self, event: Event, sequence: int = 1) -> None:
        """The event arrives at the input queue."""
        await self.deliver(envelope(event, sequence))

    async def deliver(self, told: Envelope) -> None:
        """A copy of this very message arrives at the input queue."""
        delivery: Any = Delivery(told.model_dump_json().encode(), str(told.id))
        await self.service.input_consumer(delivery)
        assert delivery.acked

    async def project(self, *told: tuple[Event, int]) -> None:
        """The events are kept by the projection, in one batch."""
        pairs = [(envelope(event, sequence), event) for event, sequence in told]
        await PROJECTIONS[0].keep(self.service.parts, pairs)

    async def learn(self, event: CustomerState, sequence: int = 1) -> None:
        """The event arrives at both queues."""
        await self.hear(event, sequence)
        await self.project((event, sequence))

    async def erase(self, customer_id: UUID) -> None:
        """The person is erased."""
        await self.hear(CustomerErased(erased_customer_id=customer_id))

    async def ask(self, customer_id: UUID, actor: Actor = EXPERT_TAMPERE) -> Assessments:
        """What an actor is answered."""
        unit_of_work = UnitOfWork(
            self.service.parts.engine,
            self.service.parts.backbone,
            self.service.parts.settings,
            None,  # type: ignore[arg-type]  # nothing here is encrypted
            self.clock,
            UsageKeys(self.service.parts.settings),
            after_commit=lambda: None,
        )
        async with unit_of_work.begin(actor, Cause("test", "test"), request=GetCustomerAssessments) as work:
            return await get_customer_assessments(GetCustomerAssessments(customer_id=customer_id), work)

    async def act(self, message: Request[ReplyT], actor: Actor = EXPERT_TAMPERE, *, key: str | None = None) -> ReplyT:
        """The handler's reply, its transaction committed; a changing request gets a key of its own."""
        unit_of_work, repetition = self.service.parts.unit_of_work, None
        if message.CHANGES:
            body_hashes = unit_of_work.encryption.search_hashes(canonical_json(message).decode())
            repetition = Repetition(message.TYPE, key or str(uuid4()), body_hashes)
        async with unit_of_work.begin(
            actor, Cause("test", "test"), request=type(message), repetition=repetition
        ) as work:
            reply: ReplyT = await REQUESTS[type(message)](message, work)
            assert work.used or work.is_repeat
            await work.remember_outcome(reply)
        return reply

    async def to_start(self, customer_id: UUID, **facts: Any) -> AssessmentVersion:
        """The assessment to start of a customer just opened."""
        await self.learn(opened(customer_id, **facts))
        [(assessment_id, version)] = await self.assessments("assessment_id, version")
        return AssessmentVersion(assessment_id=assessment_id, version=version)

    async def under_way(self, customer_id: UUID, **held: Any) -> AssessmentVersion:
        """The same with an interview held."""
        return await self.act(holding(await self.to_start(customer_id), **held))

    async def answered(self, customer_id: UUID) -> AssessmentVersion:
        """The same with all topics answered and all duties acknowledged."""
        known = await self.under_way(customer_id)
        for topic in LAW.topics:
            await self.act(writing(known, topic.code))
        return await self.act(telling(known, *(each.code for each in LAW.duties_to_inform)))

    async def whole(self, known: AssessmentVersion, actor: Actor = EXPERT_TAMPERE) -> WholeAssessment:
        """The assessment as an actor reads it."""
        return await self.act(GetAssessment(assessment_id=known.assessment_id), actor)

    async def told(self) -> list[dict[str, Any]]:
        """The states told of assessments, oldest first."""
        query = "SELECT data::text FROM outbox WHERE type = 'assessment.changed.v2' ORDER BY position"
        return [json.loads(data) for (data,) in await self.rows(query)]

    async def assessments(self, columns: str = "municipality, status, reasons") -> list[tuple[Any, ...]]:
        """Columns of all assessments, oldest first."""
        return await self.rows(f"SELECT {columns} FROM assessment ORDER BY created_at, municipality")

    async def published(self) -> list[tuple[str, str, list[str]]]:
        """Municipality, status and reasons of each event published, in order."""
        return [(each["municipality"], each["status"], each["reasons"]) for each in await self.told()]

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the service's database."""
        return [tuple(row) for row in await rows(self.service.parts.settings.database_url.get_secret_value(), query)]
