"""From what is known of a customer to what is due: the facts that the clock counts from, and what it says."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from contracts.envelope import FieldError
from contracts.law import Law, Laws
from contracts.law.deadlines import Case, Deadline, Granted, Hindrance, deadlines
from contracts.law.explanation import LANGUAGES, explain
from contracts.plan.due_dates import DueDate, DueDateSettings, ExplainedInLanguages
from services.plan.law import Aims

OPEN_ASSESSMENTS = frozenset({"to_start", "planned", "under_way"})
_OF_ASSESSMENT = frozenset({"assessment_latest", "assessment_start"})
_UNTIL_PLAN = frozenset({"plan_latest", "plan_start"})
_PERMIT = "first_permit"
RULES = {
    "aim": "no aim has this code",
    "cursor": "not a place in this list: begin anew",
    "law_version": "the rule book has no such version",
    "repeated": "this may stand here once only",
}


@dataclass(frozen=True)
class KnownAssessment:
    """An assessment as far as due dates depend on it; dates are those of Helsinki."""

    assessment_id: UUID
    municipality: str
    status: str
    created_on: date
    result: str | None = None
    ended_on: date | None = None


@dataclass(frozen=True)
class KnownPlan:
    """A plan of the customer's own that is or was in force, as far as due dates depend on it."""

    plan_id: UUID
    municipality: str
    drawn_up_on: date
    reviewed_on: tuple[date, ...] = ()
    referred_on: date | None = None
    ended_on: date | None = None
    received_on: date | None = None
    """When it came to the municipality by a transfer."""
    granted: tuple[Granted, ...] = ()
    hindrances: tuple[Hindrance, ...] = ()
    exceptions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Known:
    """What is known of a customer, by all of his or her ids together."""

    customer_id: UUID
    first_permit_on: date | None = None
    three_year_limit_applies: bool = True
    responsible: Mapping[str, UUID | None] = field(default_factory=dict)
    """The municipalities with an open relationship, and the user who is responsible in each."""
    first_plan_on: date | None = None
    """When the first plan was drawn up, whoever drew it up."""
    assessments: Collection[KnownAssessment] = ()
    plans: Collection[KnownPlan] = ()


@dataclass(frozen=True)
class Due:
    """A due date of one matter of one customer in one municipality."""

    matter_id: UUID
    deadline: Deadline
    law: Law

    @property
    def is_statutory(self) -> bool:
        """Whether the law sets it; else it is the municipality's aim."""
        return any(each.code == self.deadline.rule.code for each in self.law.deadlines)


def due_dates(known: Known, municipality: str, law: Law, aims: Aims, days: Mapping[str, int], on: date) -> list[Due]:
    """What is due of the customer in a municipality as known on a day, the soonest first."""
    own = [each for each in known.assessments if each.municipality == municipality]
    is_open = [each for each in own if each.status in OPEN_ASSESSMENTS]
    needed = [each for each in own if each.result == "plan_needed"]
    present = _present_plan(known, municipality)
    matters = {
        **dict.fromkeys(_OF_ASSESSMENT, is_open[0].assessment_id if is_open else None),
        **dict.fromkeys(_UNTIL_PLAN, (is_open or needed)[0].assessment_id if is_open or needed else None),
    }
    of_plan = present.plan_id if present else None
    found = deadlines(aims.added_to(law, days), _case(known, own, present, law), on)
    return [Due(matter, each, law) for each in found if (matter := matters.get(each.rule.code, of_plan))]


def counted_from_permit(laws: Iterable[Law]) -> frozenset[str]:
    """The kinds of due dates that tell when the first permit was granted."""
    rules = (rule for law in laws for rule in law.deadlines)
    return frozenset(rule.code for rule in rules if _PERMIT in rule.counted_from)


def law_of(known: Known, laws: Laws, on: date) -> Law:
    """The version of the law that the customer's case is under on a day: that of the first plan, until taken over."""
    begun_on = _first_plan_on(known) or on
    reviewed = {day for each in known.plans for day in each.reviewed_on}
    return laws.of_case(begun_on, on, {"plan_reviewed": reviewed})


def told(due: Due) -> DueDate:
    """A due date with its explanation."""
    deadline = due.deadline
    return DueDate(
        kind=deadline.rule.code,
        matter_id=due.matter_id,
        due_on=deadline.due_on,
        statutory=due.is_statutory,
        counted_from=deadline.counted_from,
        legal_basis=deadline.rule.legal_basis,
        law_version=due.law.version,
        is_suspended=deadline.is_suspended,
        explanation=ExplainedInLanguages(**{each: explain(deadline, each) for each in LANGUAGES}),
    )


def place_of(cursor: str) -> tuple[date, UUID, str] | None:
    """Where in the list a page begins; None for what is no cursor."""
    try:
        due_on, customer_id, kind = cursor.split("_", 2)
        return date.fromisoformat(due_on), UUID(customer_id), kind
    except ValueError:
        return None


def outdated_cursor() -> FieldError:
    """That a list can't go on from there."""
    return FieldError(pointer="/cursor", rule="cursor", detail=RULES["cursor"])


def unknown_version() -> FieldError:
    """That the rule book has no such version."""
    return FieldError(pointer="/law_version", rule="law_version", detail=RULES["law_version"])


def broken_by_settings(settings: DueDateSettings, aims: Aims) -> list[FieldError]:
    """The rules that a municipality's aims break."""
    kinds = [each.kind for each in settings.aims]
    return [
        FieldError(pointer=f"/settings/aims/{index}/kind", rule=rule, detail=RULES[rule])
        for index, kind in enumerate(kinds)
        for rule, breaks in (("aim", kind not in aims.days), ("repeated", kind in kinds[:index]))
        if breaks
    ]


def _first_plan_on(known: Known) -> date | None:
    return min(
        (each for each in (known.first_plan_on, *(plan.drawn_up_on for plan in known.plans)) if each), default=None
    )


def _present_plan(known: Known, municipality: str) -> KnownPlan | None:
    """The plan that is in force there; else the one that ended last, if it was there."""
    plans = sorted(known.plans, key=lambda each: (each.ended_on is None, each.ended_on or each.drawn_up_on))
    return plans[-1] if plans and plans[-1].municipality == municipality else None


def _case(known: Known, own: Collection[KnownAssessment], present: KnownPlan | None, law: Law) -> Case:
    concluded = [each for each in own if each.status == "concluded" and each.ended_on]
    happened: dict[str, list[date]] = {
        _PERMIT: [known.first_permit_on] if known.first_permit_on else [],
        "assessment_to_start": [each.created_on for each in own if each.status == "to_start"],
        "assessment_concluded": [each.ended_on for each in concluded if each.ended_on],
        "assessed_with_need": [each.ended_on for each in concluded if each.ended_on and each.result == "plan_needed"],
        "found_not_needed": [each.ended_on for each in concluded if each.ended_on and each.result != "plan_needed"],
        "plan_drawn_up": [each.drawn_up_on for each in known.plans],
        "first_plan_drawn_up": [first] if (first := _first_plan_on(known)) else [],
    }
    if present:
        ended = present.ended_on
        happened |= {
            "plan_reviewed": list(present.reviewed_on),
            "services_referred": [present.referred_on] if present.referred_on else [],
            "plan_ended": [ended] if ended else [],
            "received_by_transfer": [present.received_on] if present.received_on else [],
        }
    grounds = {each.code for each in law.plan.extensions}
    limit = frozenset() if known.three_year_limit_applies else frozenset({"trafficking_victim_reached_later"})
    return Case(
        happened=happened,
        exceptions=limit | (present.exceptions if present else frozenset()),
        # what was granted on a ground of an earlier act counts under that act alone
        granted=tuple(granted for each in known.plans for granted in each.granted if granted.ground in grounds),
        hindrances=tuple(hindrance for each in known.plans for hindrance in each.hindrances),
    )
