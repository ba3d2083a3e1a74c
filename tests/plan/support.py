"""The plan service on a real database, told of events and asked as the broker would, without a broker."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel
from uuid_utils.compat import uuid7

from contracts.assessment.state import AssessmentChanged
from contracts.customer.people import Arrival
from contracts.customer.state import CustomerCircumstances, CustomerErased, CustomerOpened, RelationshipState
from contracts.customer.transfers import TransferChanged
from contracts.envelope import Envelope, Event, Request, schema_urn
from contracts.plan.content import Goal, PlanContent, PlannedService
from contracts.plan.plans import Approval, ApprovePlan, DraftPlan, GetPlan, OfferPlan, Plan, PlanVersion, WritePlan
from contracts.records.state import DocumentKept
from services.kit.actor import Actor
from services.kit.clock import helsinki_date
from services.kit.errors import Refusal
from services.kit.field_encryption import FieldEncryption
from services.kit.service import Service
from services.kit.usage import UsageKeys
from services.kit.work import Cause, Repetition, UnitOfWork, canonical_json
from services.plan.subscribers import REQUESTS
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, eventually, rows

ReplyT = TypeVar("ReplyT", bound=BaseModel)
TAMPERE, HELSINKI = "837", "091"
TODAY = date(2026, 3, 2)
CAUSE = Cause("test", "test")
SUPERVISOR = Actor(user="supervisor@tampere", organisation=TAMPERE, role="supervisor")
SUPERVISOR_HELSINKI = Actor(user="supervisor@helsinki", organisation=HELSINKI, role="supervisor")
NEED, GOAL, LINE = UUID(int=1), UUID(int=2), UUID(int=3)


@dataclass
class StoppedClock:
    """A clock that a test holds still."""

    moment: datetime = datetime(2026, 3, 2, 10, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def move_to(self, day: date) -> None:
        """Noon of that day."""
        self.moment = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


@dataclass
class Delivery:
    """A message as the input consumer sees it."""

    body: bytes
    message_id: str
    exchange: str
    headers: dict[str, Any] = field(default_factory=dict)
    acked: bool = False

    async def ack(self) -> None:
        self.acked = True


def content(**other: Any) -> PlanContent:
    """What may be offered on TODAY, and what a test puts in its place."""
    goal = Goal(goal_id=GOAL, kind="employment", text="Work as a cook")
    line = PlannedService(
        line_id=LINE,
        name="Suomen kielen kurssi",
        responsible_party="Esimerkkiopisto",
        justification="A cook needs the language of the kitchen",
        goal_ids=(GOAL,),
    )
    told: dict[str, Any] = {
        "goals": (goal,),
        "services": (line,),
        "follow_up": "A call each month",
        "duties_told_on": TODAY,
        "starts_on": TODAY,
        "ends_on": date(2027, 3, 2),
        "next_review_on": date(2026, 9, 2),
        "language": "fi",
        "copy_language": "ar",
    }
    return PlanContent.model_validate(told | other)


def opened(customer_id: UUID, *municipalities: str, **facts: Any) -> CustomerOpened:
    """A customer of Tampere, unless told otherwise, with a permit of last year."""
    arrival: Arrival = "moved"
    open_in = municipalities or (TAMPERE,)
    relationships = tuple(RelationshipState(municipality=each, state="open", arrival=arrival) for each in open_in)
    told: dict[str, Any] = {"first_permit_on": date(2025, 1, 15), "relationships": relationships}
    return CustomerOpened(customer_id=customer_id, municipality=open_in[0], **(told | facts))


def concluded(customer_id: UUID, assessment_id: UUID | None = None, **other: Any) -> AssessmentChanged:
    """An assessment of Tampere that found one need, and that a plan is needed."""
    told: dict[str, Any] = {
        "assessment_id": assessment_id or uuid4(),
        "customer_id": customer_id,
        "municipality": TAMPERE,
        "status": "concluded",
        "reasons": ("unemployed_jobseeker",),
        "created_at": datetime(2026, 2, 1, tzinfo=UTC),
        "law_version": "2025-01-01",
        "result": "plan_needed",
        "ended_on": date(2026, 2, 20),
        "needs": ({"need_id": NEED, "topic": "finnish_and_swedish", "kind": "language_learning"},),
    }
    return AssessmentChanged.model_validate(told | other)


def transfer(
    customer_id: UUID, giver: str = TAMPERE, receiver: str = HELSINKI, state: Any = "accepted"
) -> TransferChanged:
    """A customer goes from one municipality to another."""
    return TransferChanged(
        transfer_id=uuid7(),
        customer_id=customer_id,
        state=state,
        requester=giver,
        addressee=receiver,
        giver=giver,
        receiver=receiver,
        due_on=date(2026, 4, 1),
    )


def envelope(event: Event, sequence: int = 1) -> Envelope:
    """The envelope that the owner's relay would make."""
    event_id = uuid4()
    return Envelope(
        id=event_id,
        source=f"/koto/{event.owner()}",
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
    """One plan service under test."""

    service: Service
    clock: StoppedClock
    unit_of_work: UnitOfWork

    @classmethod
    def of(cls, service: Service, clock: StoppedClock) -> "Desk":
        settings, parts = service.parts.settings, service.parts
        encryption, usage = FieldEncryption(settings), UsageKeys(settings)
        return cls(
            service, clock, UnitOfWork(parts.engine, parts.backbone, settings, encryption, clock, usage, lambda: None)
        )

    # What it hears

    async def hear(self, event: Event, sequence: int = 1) -> None:
        """The event arrives at the input queue."""
        await self.deliver(envelope(event, sequence))

    async def deliver(self, told: Envelope) -> None:
        """A copy of this very message arrives at the input queue."""
        owner = told.source.rsplit("/", 1)[-1]
        delivery: Any = Delivery(told.model_dump_json().encode(), str(told.id), f"{owner}.events")
        await self.service.input_consumer(delivery)
        assert delivery.acked

    async def learn(self, state: Event, sequence: int = 1) -> None:
        """The state of a customer arrives at both queues."""
        await self.hear(state, sequence)
        await self.project(state, sequence)

    async def project(self, state: Event, sequence: int = 1) -> None:
        """The state arrives at the projections."""
        for each in self.service.projections:
            if isinstance(state, each.of):
                await each.keep(self.service.parts, [(envelope(state, sequence), state)])

    async def customer(self, *municipalities: str, **facts: Any) -> UUID:
        """A new customer."""
        customer_id = uuid7()
        await self.learn(opened(customer_id, *municipalities, **facts))
        return customer_id

    async def of_circumstances(self, customer_id: UUID, *, jobseeker: bool) -> None:
        """It is heard whether the customer is an unemployed jobseeker."""
        told = CustomerCircumstances(customer_id=customer_id, unemployed_jobseeker=jobseeker)
        await self.hear(told, 2)

    async def erase(self, customer_id: UUID) -> None:
        """The person is erased."""
        await self.hear(CustomerErased(erased_customer_id=customer_id))

    # What it is asked

    async def ask(self, message: Request[ReplyT], actor: Actor = EXPERT_TAMPERE, *, key: str | None = None) -> ReplyT:
        """The handler's reply, its transaction committed; a changing request gets a key of its own."""
        repetition = None
        if message.CHANGES:
            hashes = self.unit_of_work.encryption.search_hashes(canonical_json(message).decode())
            repetition = Repetition(message.TYPE, key or str(uuid4()), hashes)
        try:
            async with self.unit_of_work.begin(actor, CAUSE, request=type(message), repetition=repetition) as work:
                reply: ReplyT = await REQUESTS[type(message)](message, work)
                assert work.used or work.is_repeat
                await work.remember_outcome(reply)
        except Refusal as refusal:
            await self.unit_of_work.record_refusal(actor, CAUSE, message, refusal)
            raise
        return reply

    async def ask_while(
        self, first: Request[Any], then: Request[Any], *, by: Actor = EXPERT_TAMPERE, then_by: Actor = EXPERT_TAMPERE
    ) -> list[BaseModel | BaseException]:
        """Both replies or errors, of a first request that is not committed until the other waits for it."""
        begun = Repetition(first.TYPE, str(uuid4()), [b""])
        async with self.unit_of_work.begin(by, CAUSE, request=type(first), repetition=begun) as work:
            reply = await REQUESTS[type(first)](first, work)
            waiting = asyncio.create_task(self.ask(then, then_by))
            await eventually(lambda: self.rows("SELECT FROM pg_locks WHERE NOT granted"))
        return [reply, *await asyncio.gather(waiting, return_exceptions=True)]

    async def drafted(self, customer_id: UUID, **other: Any) -> PlanVersion:
        """A plan that goes on from an earlier one, unless told otherwise: that takes no assessment."""
        told: dict[str, Any] = {"earlier": {"drawn_up_on": date(2025, 9, 1)}} | other
        return await self.ask(DraftPlan.model_validate({"customer_id": customer_id, **told}))

    async def first(self, customer_id: UUID) -> PlanVersion:
        """A first plan, from a concluded assessment."""
        await self.hear(concluded(customer_id))
        return await self.drafted(customer_id, earlier=None)

    async def written(self, plan: PlanVersion, **other: Any) -> PlanVersion:
        """The plan with that content."""
        return await self.ask(WritePlan(plan_id=plan.plan_id, expected_version=plan.version, content=content(**other)))

    async def offered(self, plan: PlanVersion, **other: Any) -> PlanVersion:
        """The plan written and offered, and its documents kept."""
        plan = await self.written(plan, **other)
        plan = await self.ask(OfferPlan(plan_id=plan.plan_id, expected_version=plan.version))
        for language in ("fi", "ar"):
            await self.hear(self.document(plan, language))
        return plan

    def document(self, plan: PlanVersion, language: str = "fi") -> DocumentKept:
        """That the records service keeps a document of the edition."""
        return DocumentKept(
            document_id=uuid4(),
            customer_id=uuid4(),
            municipality=TAMPERE,
            kind="plan",
            matter_id=plan.plan_id,
            edition=plan.edition,
            language=language,
            is_copy=language != "fi",
            sha256=sha256_of(plan, language),
            size=1,
            kept_at=self.clock.now(),
        )

    def approving(self, plan: PlanVersion, party: str = "customer", **other: Any) -> ApprovePlan:
        """The request to record that a party approves the edition."""
        told: dict[str, Any] = {
            "party": party,
            "language": "fi",
            "sha256": sha256_of(plan, "fi"),
            "how": "in_person",
            "approved_on": helsinki_date(self.clock.now()),
        }
        approval = Approval.model_validate(told | other)
        return ApprovePlan(plan_id=plan.plan_id, edition=plan.edition, approval=approval)

    async def approved(self, plan: PlanVersion, *parties: str) -> PlanVersion:
        """The plan approved by the customer and the expert, unless told otherwise."""
        for party in parties or ("customer", "expert"):
            plan = await self.ask(self.approving(plan, party))
        return plan

    async def in_force(self, customer_id: UUID, **other: Any) -> PlanVersion:
        """A plan in force."""
        return await self.approved(await self.offered(await self.drafted(customer_id), **other))

    async def in_force_in_helsinki(self, customer_id: UUID, **other: Any) -> PlanVersion:
        """A plan in force in Helsinki, from an assessment of its own."""
        today = helsinki_date(self.clock.now())
        await self.hear(concluded(customer_id, municipality=HELSINKI, ended_on=today))
        plan = await self.ask(DraftPlan(customer_id=customer_id), EXPERT_HELSINKI)
        told = content(**({"starts_on": today, "duties_told_on": today} | other))
        written = WritePlan(plan_id=plan.plan_id, expected_version=plan.version, content=told)
        plan = await self.ask(written, EXPERT_HELSINKI)
        plan = await self.ask(OfferPlan(plan_id=plan.plan_id, expected_version=plan.version), EXPERT_HELSINKI)
        await self.hear(self.document(plan))
        for party in ("customer", "expert"):
            plan = await self.ask(self.approving(plan, party), EXPERT_HELSINKI)
        return plan

    async def now(self, plan: PlanVersion) -> PlanVersion:
        """The plan in the version that it has now."""
        return plan.model_copy(update={"version": (await self.plan(plan)).version})

    async def plan(self, plan: PlanVersion | UUID, actor: Actor = EXPERT_TAMPERE) -> Plan:
        """The plan as it is read."""
        return await self.ask(GetPlan(plan_id=plan.plan_id if isinstance(plan, PlanVersion) else plan), actor)

    # What it keeps and tells

    async def told(self, plan_id: UUID) -> list[dict[str, Any]]:
        """What was published of a plan, oldest first."""
        found = await self.rows(
            "SELECT data FROM outbox WHERE type = 'plan.changed.v1' AND subject = $1 ORDER BY position", plan_id
        )
        return [json.loads(row["data"]) for row in found]

    async def uses(self) -> list[dict[str, Any]]:
        """The lines for the usage log, oldest first."""
        found = await self.rows("SELECT data FROM outbox WHERE type = 'plan.data_used.v1' ORDER BY position")
        return [json.loads(row["data"]) for row in found]

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Rows of the service's database."""
        return await rows(self.service.parts.settings.database_url.get_secret_value(), query, *values)


def sha256_of(plan: PlanVersion, language: str) -> str:
    """The hash of the document that a test keeps of an edition."""
    return f"{plan.plan_id.hex}{plan.edition:030}{ {'fi': '01', 'ar': '02'}[language] }"


def days(day: date, count: int) -> date:
    """The day so many days later."""
    return day + timedelta(days=count)
