"""A plan in force, as tests put it into the tables."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert

from contracts.plan.content import PlanContent
from services.kit.actor import service_actor
from services.kit.work import UnitOfWork
from services.plan.tables import CUSTOMER_VIEW
from services.plan.tables.plans import PLAN, PLAN_EDITION
from tests.plan.conftest import CAUSE


@dataclass
class Agreed:
    """A plan of two lines: a course of the programme, and a service in the plan's own words."""

    customer_id: UUID = field(default_factory=uuid4)
    plan_id: UUID = field(default_factory=uuid4)
    course: UUID = field(default_factory=uuid4)
    other: UUID = field(default_factory=uuid4)
    service_id: UUID = field(default_factory=uuid4)
    municipality: str = "837"
    status: str = "in_force"
    members: tuple[UUID, ...] = ()
    services: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        course = {
            "line_id": self.course,
            "service": {"service_id": self.service_id, "version": 1},
            "name": "Suomen kielen kurssi",
            "starts_on": "2026-03-09",
            "ends_on": "2026-06-05",
            "justification": "Kieli ensin",
        }
        other = {"line_id": self.other, "name": "Perhekahvila", "justification": "Tuttavia"}
        self.services = self.services or [course, other]

    async def write(self, unit_of_work: UnitOfWork, *, known: bool = True) -> "Agreed":
        """Writes it; `known`: its people too, as the projection would."""
        content = PlanContent.model_validate({"services": self.services, "language": "fi"})
        async with unit_of_work.begin(service_actor("plan"), CAUSE) as work:
            for customer_id in (self.customer_id, *self.members) if known else ():
                view = {"customer_id": customer_id, "sequence": 1, "open_municipalities": [self.municipality]}
                await work.connection.execute(insert(CUSTOMER_VIEW), view)
            now = datetime(2026, 2, 20, tzinfo=UTC)
            plan = {
                "plan_id": self.plan_id,
                "customer_id": self.customer_id,
                "customer_ids": [self.customer_id, *self.members],
                "municipality": self.municipality,
                "kind": "family" if self.members else "individual",
                "status": self.status,
                "version": 3,
                "county_takes_part": False,
                "law_version": "2025-01-01",
                "consents": [],
                "edition": 1,
                "drawn_up_on": date(2026, 2, 20),
                "valid_until": date(2027, 2, 19),
                "created_at": now,
            }
            await work.connection.execute(insert(PLAN), plan)
            await self._write_edition(work.connection, 1, content, now)
        return self

    async def agree_anew(self, unit_of_work: UnitOfWork, *services: dict[str, Any]) -> None:
        """A second edition comes into force."""
        content = PlanContent.model_validate({"services": [*self.services, *services], "language": "fi"})
        async with unit_of_work.begin(service_actor("plan"), CAUSE) as work:
            await self._write_edition(work.connection, 2, content, work.now)
            await work.connection.execute(PLAN.update().where(PLAN.c.plan_id == self.plan_id).values(edition=2))

    async def _write_edition(self, connection: Any, number: int, content: PlanContent, now: datetime) -> None:
        edition = {
            "plan_id": self.plan_id,
            "edition": number,
            "customer_ids": [self.customer_id, *self.members],
            "stage": "approved",
            "law_version": "2025-01-01",
            "content": content.model_dump(mode="json"),
            "created_at": now,
            "created_by": "expert@tampere",
        }
        await connection.execute(insert(PLAN_EDITION), edition)
