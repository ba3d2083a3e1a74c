"""A plan in force with two lines, a course of the programme and a service in the plan's own words; its referrals."""

import json
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from contracts.plan.content import PlannedService
from contracts.plan.plans import PlanVersion
from contracts.plan.programme import AddProgrammeService, ServiceContent, ServiceProvider
from contracts.plan.referrals import (
    AnswerReferral,
    Completion,
    RecordCompletion,
    ReferralAnswer,
    ReferralVersion,
    ReferToService,
)
from services.kit.actor import service_actor
from tests.plan.programmes import course
from tests.plan.support import GOAL, SUPERVISOR, TODAY, Desk


def taught(**more: Any) -> ServiceContent:
    """A course whose provider's program is connected, and what a test tells else."""
    return course(provider={"name": "Esimerkkiopisto", "partner": "school"}, **more)


def line(line_id: UUID, service_id: UUID | None = None, name: str = "Perhekahvila", **more: Any) -> PlannedService:
    """A line that may be offered."""
    told = {
        "line_id": line_id,
        "service": service_id and {"service_id": service_id, "version": 1},
        "name": name,
        "responsible_party": "Esimerkkiopisto",
        "justification": "Kieli ensin",
        "goal_ids": [GOAL],
    }
    return PlannedService.model_validate(told | more)


@dataclass
class Agreed:
    """The plan, its customer and its lines."""

    desk: Desk
    customer_id: UUID = field(default_factory=uuid4)
    service_id: UUID = field(default_factory=uuid4)
    course: UUID = field(default_factory=uuid4)
    other: UUID = field(default_factory=uuid4)
    today: date = TODAY
    plan: PlanVersion = field(init=False)

    @property
    def plan_id(self) -> UUID:
        return self.plan.plan_id

    @property
    def lines(self) -> tuple[PlannedService, ...]:
        """The two lines."""
        days = {"starts_on": self.today, "ends_on": self.today + timedelta(days=90)}
        return (line(self.course, self.service_id, "Suomen kielen kurssi", **days), line(self.other))

    async def in_force(self, *more: PlannedService, **other: Any) -> "Agreed":
        """Brings it into force, with further lines and what a test tells else of its content."""
        self.plan = await self.desk.in_force(self.customer_id, services=(*self.lines, *more), **other)
        return self

    async def anew(self, *more: PlannedService) -> None:
        """Brings a second edition into force, with further lines."""
        offered = await self.desk.offered(self.plan, services=(*self.lines, *more))
        self.plan = await self.desk.approved(offered)


async def agreed(desk: Desk, *more: PlannedService, service_id: UUID | None = None) -> Agreed:
    """The plan of a new customer, in force; the course is a new service of the programme, unless told otherwise."""
    if service_id is None:
        service_id = (await desk.ask(AddProgrammeService(service=taught()), SUPERVISOR)).service_id
    plan = Agreed(desk, await desk.customer(), service_id)
    return await plan.in_force(*more)


OPISTO = ServiceProvider(name="Esimerkkiopisto", partner="school")
PARTNERS = service_actor("integration")
BEGUN = ReferralAnswer(answer="taken_up", on=TODAY)
DECLINED = ReferralAnswer(answer="declined", on=TODAY, reason="no_place")
DONE = Completion(kind="service", outcome="completed", ends_on=TODAY, hours=120)
TEST = Completion.model_validate(
    {
        "kind": "final_language_test",
        "outcome": "completed",
        "ends_on": TODAY,
        "levels": {"language": "fi", "listening": "B1.1", "reading": "B1.1", "speaking": "A2.2", "writing": "A2.2"},
    }
)


def referring(plan: Agreed, line_id: UUID | None = None, **more: Any) -> ReferToService:
    told = {"plan_id": plan.plan_id, "line_id": line_id or plan.course, "provider": OPISTO, "referred_on": TODAY}
    return ReferToService.model_validate(told | more)


def answering(known: ReferralVersion, answer: ReferralAnswer = BEGUN) -> AnswerReferral:
    return AnswerReferral(referral_id=known.referral_id, expected_version=known.version, answer=answer)


def completing(known: ReferralVersion, completion: Completion = DONE, *, is_over: bool = True) -> RecordCompletion:
    return RecordCompletion(
        referral_id=known.referral_id, expected_version=known.version, completion=completion, is_over=is_over
    )


async def states(desk: Desk) -> list[str]:
    """The states that were told, in order."""
    found = await desk.rows("SELECT data FROM outbox WHERE type = 'plan.referral_changed.v1' ORDER BY position")
    return [json.loads(row["data"])["state"] for row in found]
