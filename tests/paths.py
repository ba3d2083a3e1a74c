"""The way from a customer's opening to an approved plan, act by act, as an expert goes it at the gateway."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol
from uuid import uuid4

from contracts.law import laws
from services.kit.clock import helsinki_date
from tests.support import eventually, now

PATIENCE = 60.0
"""Seconds in which one service hears of what another did."""
NEED, TEXT = "language_learning", "Kirjattu asiakkaan kanssa."
PARTIES = ("customer", "expert")


class Expert(Protocol):
    """Who goes the way: signed in at the gateway."""

    async def act(self, method: str, path: str, body: Any = None, version: int | None = None) -> Any:
        """What an act is answered that succeeds."""

    async def read(self, path: str) -> Any:
        """What is read; None where there is no such thing yet."""


@dataclass(frozen=True)
class Walked:
    """A way that was gone to its end."""

    customer_id: str
    assessment_id: str
    plan_id: str


async def walk(expert: Expert) -> Walked:
    """Goes the whole way once, with a customer of its own."""
    today = helsinki_date(now())
    customer_id = await opened(expert, person(today))
    assessment_id = (await to_start(expert, customer_id))["assessment_id"]
    await expert.act("POST", f"/assessments/{assessment_id}/interview/held", {"interview": held(today)}, 1)
    for topic in topics(today):
        await expert.act("PUT", f"/assessments/{assessment_id}/topics/{topic}", {"content": written(topic)}, 0)
    await expert.act("POST", f"/assessments/{assessment_id}/duties", {"duties": duties(today)}, 2)
    conclusion = {"conclusion": {"result": "plan_needed"}}
    await expert.act("POST", f"/assessments/{assessment_id}/conclude", conclusion, 3)
    await due(expert, customer_id, "plan_start")  # then the plan service has heard of the need
    plan_id = (await expert.act("POST", f"/customers/{customer_id}/plans", {}))["plan_id"]
    await offered(expert, plan_id, today)
    original = await documented(expert, plan_id)
    for party in PARTIES:
        await expert.act("POST", f"/plans/{plan_id}/editions/1/approvals", approval(party, original, today))
    return Walked(customer_id, assessment_id, plan_id)


def person(today: date) -> dict[str, Any]:
    """Somebody of a target group whom nobody knows yet."""
    permit = {"kind": "continuous", "ground": "international_protection_asylum", "granted_on": str(today)}
    name = {"family": f"Polku {uuid4()}", "given": "Aamu"}
    return {"name": name, "date_of_birth": "1990-01-01", "first_residence_permit": permit}


async def opened(expert: Expert, person: dict[str, Any], arrival: str = "moved") -> str:
    """A customer just opened."""
    return str((await expert.act("POST", "/customers", {"person": person, "arrival": arrival}))["customer_id"])


async def to_start(expert: Expert, customer_id: str) -> Any:
    """The card of the assessment that the facts bring, once they are heard of."""

    async def first() -> Any:
        found = await expert.read(f"/customers/{customer_id}/assessments")
        return found and found["assessments"] and found["assessments"][0]

    return await eventually(first, within=PATIENCE, what="the assessment")


def held(on: date, **more: Any) -> dict[str, Any]:
    """An interview at the office with an interpreter to Arabic."""
    by_interpreter = {"interpreter_used": True, "interpreter_language": "ar"}
    return {
        "held_on": str(on),
        "place": "office",
        "language": "fi",
        "language_understood": True,
        **by_interpreter,
    } | more


def topics(on: date) -> list[str]:
    """What the interview must clarify by the law of a day."""
    return [each.code for each in _assessment(on).topics]


def written(topic: str, text: str = TEXT) -> dict[str, Any]:
    """What is written under a topic: a need under that of the languages."""
    needs = [{"kind": NEED, "text": text}] if topic == "finnish_and_swedish" else []
    return {"text": text, "needs": needs}


def duties(on: date) -> list[dict[str, Any]]:
    """All that the customer must be told, told that day."""
    return [
        {"duty": each.code, "told_on": str(on), "made_sure": "told_back"} for each in _assessment(on).duties_to_inform
    ]


def _assessment(on: date) -> Any:
    law = laws().on(on).assessment
    assert law
    return law


async def due(expert: Expert, customer_id: str, *kinds: str) -> dict[str, Any]:
    """What is due of a customer by kind, once these are."""

    async def found() -> Any:
        answer = await expert.read(f"/customers/{customer_id}/due-dates")
        by_kind = {each["kind"]: each for each in answer["due_dates"]} if answer else {}
        return set(kinds) <= by_kind.keys() and by_kind

    by_kind: dict[str, Any] = await eventually(found, within=PATIENCE, what=f"due dates {kinds}")
    return by_kind


async def offered(expert: Expert, plan_id: str, today: date, text: str = TEXT) -> Any:
    """The plan's draft put into words, line by line, and offered; what the offer is answered."""
    plan = await expert.read(f"/plans/{plan_id}")
    content = agreed(plan["in_making"]["content"], today, text)
    version = (await expert.act("PUT", f"/plans/{plan_id}/content", content, plan["version"]))["version"]
    return await expert.act("POST", f"/plans/{plan_id}/offer", None, version)


def agreed(draft: dict[str, Any], today: date, text: str = TEXT) -> dict[str, Any]:
    """A draft in words: each line that the needs brought is kept, with a goal, a party and a reason."""
    goals = [each | {"kind": "employment_or_entrepreneurship", "text": text} for each in draft["goals"]]
    said = {"name": "Suomen kielen kurssi", "responsible_party": "Esimerkkiopisto", "justification": text}
    return draft | {
        "goals": goals,
        "services": [each | said for each in draft["services"]],
        "follow_up": text,
        "duties_told_on": str(today),
        "starts_on": str(today),
        "ends_on": str(today + timedelta(days=360)),
        "next_review_on": str(today + timedelta(days=150)),
        "language": "fi",
        "copy_language": "ar",
    }


async def documented(expert: Expert, plan_id: str) -> Any:
    """The document to approve of what is offered, once the plan service knows of it and of the copy."""

    async def known() -> Any:
        made = (await expert.read(f"/plans/{plan_id}"))["in_making"]["documents"]
        return len(made) == 2 and next(each for each in made if not each["is_copy"])

    return await eventually(known, within=PATIENCE, what="the documents")


def approval(party: str, document: dict[str, Any], on: date) -> dict[str, Any]:
    """That a party approves a document."""
    told = {"language": document["language"], "sha256": document["sha256"], "how": "in_person"}
    return {"party": party, **told, "approved_on": str(on)}
