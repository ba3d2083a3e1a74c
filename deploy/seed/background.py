"""What some of the invented people told of themselves beside who they are, the same for the same seed.

It is told through the customer service's own handlers when all lives are lived; of those written in bulk nothing is.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, time
from random import Random
from typing import Any
from uuid import UUID

from contracts.customer.background import ChangeBackground
from contracts.customer.people import CloseCustomer, OpenCustomer
from deploy.seed import ledger
from deploy.seed.handlers import AT_ONCE, StandingClock
from deploy.seed.ledger import Begun
from deploy.seed.people import LAST_DAY, Act, Life
from services.customer.subscribers import REQUESTS
from services.kit.clock import HELSINKI
from services.kit.errors import ChangedMeanwhile, NotFound
from services.kit.parts import Parts
from services.kit.rights import rights_of
from services.kit.work import Cause

WHEN = datetime.combine(LAST_DAY, time(15), HELSINKI)
"""When all of it was told."""
SHARE = 0.3
"""How many of those with an open relationship have told anything."""
_OCCUPATIONS = ("Nurse", "Cook", "Teacher", "Tailor", "Driver", "Accountant", "Electrician", "Cleaner", "Engineer")
_STRENGTHS = ("Sewing", "Cooking", "Several languages", "Repairing cars", "Looking after children", "Computers")
_FACTS = (
    "unemployed_jobseeker",
    "studying",
    "employed",
    "caring_for_children_at_home",
    "single_parent",
    "family_abroad",
)
_EFFECTS = {
    "working": "Can't lift heavy things.",
    "learning": "Sleeps badly and tires soon.",
    "moving": "Walks with a stick.",
    "communicating": "Hears badly in the left ear.",
}


async def tell(customer: Parts, people: Iterable[Life], begun: Mapping[int, Begun], *, seed: int) -> None:
    """Records what the people told. It may be given again: a group that holds something stays as it is."""
    todo = ((life, each) for life in people if life.number in begun for each in told_by(life, seed=seed))

    async def worker() -> None:
        for life, content in todo:
            cause = ledger.cause(seed, life.number, 0)
            await _record(customer, life.acts[-1], begun[life.number].customer_id, content, cause)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(worker())


def told_by(life: Life, *, seed: int) -> Iterator[dict[str, Any]]:
    """The contents of the groups of which one person told."""
    random = Random(f"{seed}/{life.number}/background")
    opened = life.acts[0].request
    assert isinstance(opened, OpenCustomer)
    if isinstance(life.acts[-1].request, CloseCustomer) or random.random() > SHARE:
        return
    occupation = random.choice(_OCCUPATIONS)
    year = min(opened.person.date_of_birth.year + random.randint(16, 24), LAST_DAY.year)
    studies = {"level": str(random.randint(1, 7)), "name": occupation, "completed": random.random() < 0.8, "year": year}
    yield {"group": "education", "studies": [studies]}
    yield {"group": "work_history", "jobs": [{"occupation": {"name": occupation}}]}
    heard = {"kind": "overall", "found_out_by": "interview"}
    level = random.choice(["A1.1", "A1.3", "A2.1", "B1.1"])
    finnish = heard | {"language": "fi", "scale": "cefr_finland", "level": level}
    literacy = random.choices(["literate", "learning", "not_literate"], (90, 6, 4))[0]
    own = heard | {"language": opened.person.mother_tongue or "en", "scale": "literacy", "level": literacy}
    yield {"group": "language_skills", "languages": [finnish, own]}
    yield {"group": "skills", "skills": [{"name": random.choice(_STRENGTHS), "found_out_by": "self_assessment"}]}
    goal = {"kind": "employment", "description": "To work in the own field.", "occupation": {"name": occupation}}
    yield {"group": "goals", "goals": [goal]}
    yield {"group": "life_situation", "facts": [{"fact": random.choice(_FACTS)}]}
    if random.random() < 0.2:
        benefit = random.choice(["child_home_care_allowance", "social_assistance"])
        yield {"group": "benefits", "benefits": [{"kind": benefit, "received": True}]}
    if random.random() < 0.1:
        effect, description = random.choice(list(_EFFECTS.items()))
        yield {"group": "health", "facts": [{"effect": effect, "description": description}]}


async def _record(customer: Parts, last: Act, customer_id: UUID, content: dict[str, Any], cause: Cause) -> None:
    request = ChangeBackground.model_validate({"customer_id": customer_id, "expected_version": 0, "content": content})
    unit_of_work = replace(customer.unit_of_work, clock=StandingClock(WHEN))
    # told already, or somebody ended the relationship
    with suppress(ChangedMeanwhile, NotFound):
        async with unit_of_work.begin(actor := ledger.actor(last.municipality), cause) as work:
            work.rights = rights_of(actor, type(request), work.now)
            await REQUESTS[type(request)](request, work)
