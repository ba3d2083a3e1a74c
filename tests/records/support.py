"""The records service on a real database: told of events as the broker would, its owners stood in for."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel

from contracts.customer.people import CustomerCard, GetNameForDocument
from contracts.customer.state import CustomerChanged, CustomerErased, RelationshipState
from contracts.envelope import Event, Problem, Request
from contracts.law import laws
from contracts.plan.content import Goal, PlanContent, PlannedService
from contracts.plan.documents import GetPlanForDocument, LawSection, PlanForDocument
from contracts.plan.state import OfferedEdition, PlanChanged
from contracts.types import PersonName
from services.kit.actor import Actor
from services.kit.errors import ProblemReply, Unavailable
from services.kit.service import Service
from services.kit.work import Cause
from services.records.handlers.making import make_next
from services.records.subscribers import PROJECTIONS, REQUESTS
from tests.assessment.support import Delivery, StoppedClock, envelope
from tests.support import EXPERT_TAMPERE, rows

ReplyT = TypeVar("ReplyT", bound=BaseModel)
TAMPERE = "837"
OFFERED_AT = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)


def plan_of(customer_id: UUID, *members: UUID, **more: Any) -> PlanForDocument:
    """An offered edition with two goals and a service, and what a test says otherwise."""
    employment, language = uuid4(), uuid4()
    content = PlanContent(
        goals=(
            Goal(goal_id=employment, kind="employment", text="Töihin keittiöön.\nMyöhemmin oma ravintola."),
            Goal(goal_id=language, kind="language", term="long", text="أتعلم اللغة الفنلندية"),
        ),
        services=(
            PlannedService(
                line_id=uuid4(),
                name="Suomen kielen kurssi",
                starts_on=date(2026, 4, 1),
                ends_on=date(2026, 10, 31),
                responsible_party="Esimerkkiopisto",
                justification="Työssä tarvitaan suomea.",
                goal_ids=(language,),
            ),
        ),
        follow_up="Soitamme kerran kuukaudessa.",
        duties_told_on=date(2026, 3, 2),
        starts_on=date(2026, 3, 2),
        ends_on=date(2027, 3, 1),
        next_review_on=date(2026, 9, 1),
        language="fi",
    )
    review = laws().version("2025-01-01").due_date("plan_review")
    told = {"code": review.code, "legal_basis": review.legal_basis, "fi": review.fi, "sv": review.sv, "en": review.en}
    return PlanForDocument.model_validate(
        {
            "plan_id": uuid4(),
            "edition": 1,
            "customer_id": customer_id,
            "members": members,
            "municipality": TAMPERE,
            "kind": "family" if members else "individual",
            "county_takes_part": False,
            "law_version": "2025-01-01",
            "offered_at": OFFERED_AT,
            "languages": ("fi", "ar"),
            "content": content,
            "content_sha256": "0" * 64,
            "law_sections": (LawSection(**told),),
            **more,
        }
    )


def offered(plan: PlanForDocument) -> PlanChanged:
    """The event of the edition."""
    return PlanChanged(
        plan_id=plan.plan_id,
        customer_id=plan.customer_id,
        members=plan.members,
        municipality=plan.municipality,
        kind=plan.kind,
        status="offered",
        law_version=plan.law_version,
        offered=OfferedEdition(edition=plan.edition, offered_at=plan.offered_at, languages=plan.languages),
        created_at=plan.offered_at,
    )


def refusal(status: int, code: str) -> ProblemReply:
    """An owner's answer that it is not to be had."""
    return ProblemReply(Problem(type=f"urn:koto:problem:{code}", title=code, status=status))


@dataclass
class Owners:
    """Who is asked what stands in a document: plans by their ids, and everybody has a name."""

    plans: dict[UUID, PlanForDocument] = field(default_factory=dict)
    asked: list[Request[Any]] = field(default_factory=list)
    fail: Callable[[Request[Any]], Exception | None] = lambda _: None

    async def answer(self, request: Request[Any]) -> Any:
        """The reply; raises what a test wants to fail."""
        self.asked.append(request)
        if failure := self.fail(request):
            raise failure
        match request:
            case GetNameForDocument():
                name = PersonName(family="Esimerkki", given=f"Aamu-{request.customer_id.hex[:4]}")
                return CustomerCard(customer_id=request.customer_id, name=name, date_of_birth=date(1994, 5, 1))
            case GetPlanForDocument() if plan := self.plans.get(request.plan_id):
                return plan
        raise refusal(404, "not-found")


@dataclass(frozen=True)
class Archive:
    """One records service under test."""

    service: Service
    clock: StoppedClock
    owners: Owners

    async def open(self, *customers: UUID, sequence: int = 1, municipality: str = TAMPERE, **more: Any) -> None:
        """The projection hears of customers of a municipality."""
        state = (RelationshipState(municipality=municipality, state="open", arrival="moved"),)
        told = [CustomerChanged(customer_id=each, relationships=state, **more) for each in customers]
        await PROJECTIONS[0].keep(self.service.parts, [(envelope(each, sequence), each) for each in told])

    async def hear(self, event: Event, sequence: int = 1) -> None:
        """The event arrives at the input queue."""
        owner = event.owner()
        told = envelope(event, sequence).model_copy(update={"source": f"/koto/{owner}"})
        delivery: Any = Delivery(told.model_dump_json().encode(), str(told.id), exchange=f"{owner}.events")
        await self.service.input_consumer(delivery)
        assert delivery.acked

    async def offer(self, plan: PlanForDocument) -> None:
        """A plan of customers of Tampere is offered, and the records service hears of it."""
        self.owners.plans[plan.plan_id] = plan
        await self.open(plan.customer_id, *plan.members)
        await self.hear(offered(plan))

    async def make_all(self) -> int:
        """Makes all that waits now; returns how many were tried."""
        made = 0
        while await make_next(self.service.parts.unit_of_work, self.owners.answer):
            made += 1
        return made

    async def make(self, plan: PlanForDocument) -> None:
        """A plan is offered, and its documents are made."""
        await self.offer(plan)
        await self.make_all()

    async def erase(self, customer_id: UUID) -> None:
        """The person is erased."""
        await self.hear(CustomerErased(erased_customer_id=customer_id))

    async def ask(self, message: Request[ReplyT], actor: Actor = EXPERT_TAMPERE) -> ReplyT:
        """What an actor is answered."""
        async with self.service.parts.unit_of_work.begin(actor, Cause("test", "test"), request=type(message)) as work:
            reply: ReplyT = await REQUESTS[type(message)](message, work)
            assert work.used
            return reply

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Rows of the service's database, as its owner sees them."""
        return await rows(self.service.parts.settings.database_url.get_secret_value(), query, *values)

    async def pdfs(self) -> dict[str, bytes]:
        """The documents kept, by language."""
        decrypt = self.service.parts.unit_of_work.encryption.decrypt
        found = await self.rows("SELECT document_id, language, content FROM document")
        return {each["language"]: base64.b64decode(decrypt(each["content"], each["document_id"])) for each in found}

    async def waits(self) -> list[tuple[str, str | None]]:
        """Language and outcome of each document wanted: `waits`, None when it was made, or why it never will be."""
        query = "SELECT language, settled_at, unmade_because FROM document_wanted ORDER BY language"
        return [
            (each["language"], each["unmade_because"] if each["settled_at"] else "waits")
            for each in await self.rows(query)
        ]

    def later(self, seconds: float) -> None:
        """Time passes."""
        self.clock.moment += timedelta(seconds=seconds)


AWAY = Unavailable()
