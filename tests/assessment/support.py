"""The assessment service on a real database, told of events as the broker would, without a broker."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from contracts.assessment.state import Assessments, GetCustomerAssessments
from contracts.customer.people import Arrival
from contracts.customer.state import CustomerChanged, CustomerErased, CustomerOpened, CustomerState, RelationshipState
from contracts.envelope import Envelope, Event, schema_urn
from services.assessment.handlers.cases import get_customer_assessments
from services.assessment.subscribers import PROJECTIONS
from services.kit.actor import Actor
from services.kit.service import Service
from services.kit.usage import UsageKeys
from services.kit.work import Cause, UnitOfWork
from tests.support import EXPERT_TAMPERE, rows

TAMPERE = "837"


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

    async def assessments(self, columns: str = "municipality, status, reasons") -> list[tuple[Any, ...]]:
        """Columns of all assessments, oldest first."""
        return await self.rows(f"SELECT {columns} FROM assessment ORDER BY created_at, municipality")

    async def published(self) -> list[tuple[str, str, list[str]]]:
        """Municipality, status and reasons of each event published, in order."""
        outbox = self.service.parts.backbone.outbox
        async with self.service.parts.engine.connect() as connection:
            rows = (await connection.execute(select(outbox.c.data).order_by(outbox.c.position))).scalars()
            return [(each["municipality"], each["status"], each["reasons"]) for each in rows]

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the service's database."""
        return [tuple(row) for row in await rows(self.service.parts.settings.database_url.get_secret_value(), query)]
