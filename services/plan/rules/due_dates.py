"""From what is known of a customer to what is due: the facts that the clock counts from, and what it says."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from operator import itemgetter
from uuid import UUID

from contracts.envelope import FieldError
from contracts.law import Law
from contracts.law.counting import Length
from contracts.law.deadlines import Case, Deadline, Granted, Hindrance, deadlines
from contracts.law.explanation import LANGUAGES, explain
from contracts.plan.due_dates import DueDate, DueDateSettings, ExplainedInLanguages, ListDue
from contracts.plan.plans import EarlierPlan
from services.plan.law import Aims
from services.plan.rules.times import Facts, case_of, law_of

OPEN_ASSESSMENTS = frozenset({"to_start", "planned", "under_way"})
_OF_ASSESSMENT = frozenset({"assessment_latest", "assessment_start"})
_UNTIL_PLAN = frozenset({"plan_latest", "plan_start"})
_PERMIT = "first_permit"
_OF_PLAN = ("drawn_up_on", "reviewed_on", "agreed_on", "referred_on", "ended_on", "received_on", "own_studies")
RULES = {
    "aim": "no aim has this code",
    "cursor": "not a place in this list: begin anew",
    "kind": "nothing of this kind is ever due",
    "order": "it would end before it begins",
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
    """A plan as far as the law's times depend on it."""

    plan_id: UUID
    municipality: str
    drawn_up_on: date | None = None
    reviewed_on: date | None = None
    agreed_on: date | None = None
    referred_on: date | None = None
    ended_on: date | None = None
    received_on: date | None = None
    own_studies: bool = False
    earlier: EarlierPlan | None = None
    """What it tells of plans that were drawn up before it elsewhere."""
    granted: tuple[Granted, ...] = ()
    hindrances: tuple[Hindrance, ...] = ()


@dataclass(frozen=True)
class Known:
    """What is known of a customer, by all of his or her ids together."""

    customer_id: UUID
    facts: Facts = field(default_factory=Facts)
    """What does not depend on a plan; the first plan's day as it was told, if it was."""
    responsible: Mapping[str, UUID | None] = field(default_factory=dict)
    """The municipalities with an open relationship, and the user who is responsible in each."""
    assessments: Collection[KnownAssessment] = ()
    plans: Collection[KnownPlan] = ()
    """Those of the customer's own that are or were in force."""

    def as_to(self, plan: KnownPlan | None) -> Facts:
        """The facts as to one plan, in force or not; what was granted and what hindered in the others counts too."""
        others = [each for each in self.plans if plan is None or each.plan_id != plan.plan_id]
        plans = sorted([*others, plan] if plan else others, key=lambda each: each.drawn_up_on or date.max)
        earlier = [each.earlier for each in plans if each.earlier]
        first = [self.facts.first_plan_on, *(each.drawn_up_on for each in self.plans)]
        first += [each.drawn_up_on for each in earlier]
        return replace(
            self.facts,
            **{name: getattr(plan, name) for name in _OF_PLAN if plan},
            first_plan_on=min((day for day in first if day), default=None),
            others_reviewed_on=tuple(each.reviewed_on for each in others if each.reviewed_on),
            granted=_granted(plans),
            hindrances=tuple(hindrance for each in plans for hindrance in (*_told(each), *each.hindrances)),
        )


@dataclass(frozen=True)
class Due:
    """A due date of one matter of one customer in one municipality."""

    municipality: str
    matter_id: UUID
    deadline: Deadline
    law: Law
    near_on: date
    """From which day on it is near."""

    @property
    def law_version(self) -> str:
        """The version that it comes from."""
        return self.law.version_of(self.deadline.rule.code)

    @property
    def is_statutory(self) -> bool:
        """Whether the law sets it; else it is the municipality's aim."""
        return any(each.code == self.deadline.rule.code for each in self.law.deadlines)


def due_dates(known: Known, municipality: str, aims: Aims, on: date, law: Law | None = None) -> list[Due]:
    """What is due of the customer in a municipality with these aims as known on a day, the soonest first.

    By the law that the case is under, unless another version is named. Raises LookupError.
    """
    own = [each for each in known.assessments if each.municipality == municipality]
    is_open = [each for each in own if each.status in OPEN_ASSESSMENTS]
    needed = [each for each in own if each.result == "plan_needed"]
    present = _present_plan(known, municipality)
    waiting = [] if present else is_open or needed
    law = law or law_of(known.as_to(present), on)
    matters = {
        **dict.fromkeys(_OF_ASSESSMENT, is_open[0].assessment_id if is_open else None),
        **dict.fromkeys(_UNTIL_PLAN, waiting[0].assessment_id if waiting else None),
    }
    of_plan = present.plan_id if present else None
    return [
        Due(municipality, matter, each, law, each.due_on - timedelta(days=aims.notice_days))
        for each in deadlines(aims.added_to(law), _case(known, own, present, law, on), on)
        if (matter := matters.get(each.rule.code, of_plan))
    ]


def to_tell(dues: Iterable[Due], on: date) -> list[Due]:
    """What is near or has passed; of what moves by a day each day nothing is told until it stands still."""
    return [each for each in dues if each.near_on <= on and not each.deadline.is_suspended]


def next_look(known: Known, dues: Collection[Due], today: date, *, looked: bool) -> date | None:
    """The first day on which something of these is to be told, moves by itself, or is due no more.

    That is after today when it was `looked` at what there is to do today.
    """
    day, after = timedelta(days=1), today if looked else date.min
    days = [after + day for each in dues if each.deadline.is_suspended]
    days += [each for due in dues for each in (due.near_on, due.deadline.due_on + day) if each > after]
    young_until = known.facts.education_goal_until
    if young_until and young_until >= today:
        days.append(young_until + day)  # from that age on own studies may outlast the plan (31 § 2-3 mom.)
    return min(days, default=None)


def counted_from_permit(laws: Iterable[Law]) -> frozenset[str]:
    """The kinds of due dates that tell when the first permit was granted."""
    rules = (rule for law in laws for rule in law.deadlines)
    return frozenset(rule.code for rule in rules if _PERMIT in rule.counted_from)


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
        law_version=due.law_version,
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
    return _error("/cursor", "cursor")


def broken_by_listing(asked: ListDue, known: Iterable[Law], aims: Aims) -> list[FieldError]:
    """The rules that a question breaks: an empty list must not come of a slip of the pen."""
    kinds = {rule.code for law in known for rule in law.deadlines} | set(aims.days)
    errors = [_error(f"/kinds/{at}", "kind") for at, each in enumerate(asked.kinds) if each not in kinds]
    if asked.due_from and asked.due_until and asked.due_until < asked.due_from:
        errors.append(_error("/due_until", "order"))
    return errors


def _error(pointer: str, rule: str) -> FieldError:
    return FieldError(pointer=pointer, rule=rule, detail=RULES[rule])


def unknown_version() -> FieldError:
    """That the rule book has no such version."""
    return _error("/law_version", "law_version")


def broken_by_settings(settings: DueDateSettings, aims: Aims) -> list[FieldError]:
    """The rules that a municipality's aims break."""
    kinds = [each.kind for each in settings.aims]
    return [
        _error(f"/settings/aims/{index}/kind", rule)
        for index, kind in enumerate(kinds)
        for rule, breaks in (("aim", kind not in aims.days), ("repeated", kind in kinds[:index]))
        if breaks
    ]


def _granted(plans: Iterable[KnownPlan]) -> tuple[Granted, ...]:
    """All that was granted in plans, the oldest first: what one tells of those before it and is known counts once."""
    found: Counter[Granted] = Counter()
    for each in plans:
        told = each.earlier.extensions if each.earlier else ()
        found |= Counter(Granted(extension.ground, Length(months=extension.months)) for extension in told)
        found.update(each.granted)
    return tuple(found.elements())


def _told(plan: KnownPlan) -> Iterator[Hindrance]:
    """The hindrances before a plan that it tells; the clock counts no day twice."""
    for each in plan.earlier.hindrances if plan.earlier else ():
        yield Hindrance(each.ground, each.first, each.last)


def _present_plan(known: Known, municipality: str) -> KnownPlan | None:
    """The municipality's own plan that is in force, whatever others have; of records that were merged the newest."""
    own = [each for each in known.plans if each.municipality == municipality and each.ended_on is None]
    return max(own, key=lambda each: each.drawn_up_on or date.min, default=None)


def _case(known: Known, own: Collection[KnownAssessment], present: KnownPlan | None, law: Law, on: date) -> Case:
    """The case with the municipality's assessments, of which the newest conclusion says whether a plan is needed.

    While one is open, no earlier one settles that it is to be made, or that no plan is needed. Where the municipality
    has no plan in force itself, one of whoever's settles that one is to be drawn up.
    """
    case = case_of(known.as_to(present), law, on)
    plans = [present] if present else known.plans
    concluded = [(each.ended_on, each.result) for each in own if each.status == "concluded" and each.ended_on]
    concluded.sort(key=itemgetter(0))
    settling = [] if any(each.status in OPEN_ASSESSMENTS for each in own) else concluded
    happened = {
        **case.happened,
        "assessment_to_start": [each.created_on for each in own if each.status == "to_start"],
        "assessment_concluded": [day for day, _ in settling],
        "assessed_with_need": [day for day, result in concluded if result == "plan_needed"],
        "found_not_needed": [day for day, result in settling[-1:] if result != "plan_needed"],
        "plan_drawn_up": [each.drawn_up_on for each in plans if each.drawn_up_on],
    }
    return replace(case, happened=happened)
