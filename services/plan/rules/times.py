"""What the law counts from in one case, which of its versions the case is under, and the times of a plan by it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from contracts.law import Law, laws
from contracts.law.counting import Length
from contracts.law.deadlines import Case, Deadline, Granted, Hindrance, deadlines
from contracts.plan.state import PlanStatus

OWN_STUDIES = "own_studies_at_25_or_over"
PLAN_LATEST, PLAN_MAXIMUM, PLAN_REVIEW = "plan_latest", "plan_maximum", "plan_review"


@dataclass(frozen=True)
class Facts:
    """What the law counts from, of a customer and as to one plan of his or hers. Days are those of Helsinki."""

    first_permit_on: date | None = None
    three_year_limit_applies: bool = True
    education_goal_until: date | None = None
    jobseeker: bool = False
    first_plan_on: date | None = None
    """When the customer's first plan was drawn up, this one or an earlier one, whoever drew it up."""
    drawn_up_on: date | None = None
    reviewed_on: date | None = None
    agreed_on: date | None = None
    """Since when what is to be referred to is agreed on."""
    referred_on: date | None = None
    ended_on: date | None = None
    received_on: date | None = None
    """When it came to the municipality by a transfer."""
    own_studies: bool = False
    """Whether supported studies of the customer's own are agreed in the edition in force."""
    others_reviewed_on: tuple[date, ...] = ()
    """When the customer's other plans were reviewed."""
    granted: tuple[Granted, ...] = ()
    """In any of the customer's plans, as hindrances are."""
    hindrances: tuple[Hindrance, ...] = ()


def law_of(facts: Facts, on: date) -> Law:
    """The version that the plan is under: that of the day it is drawn up, with an earlier act's longest times.

    It keeps them until the first review of a plan (102 § 2 mom.). Raises LookupError.
    """
    reviews = (*facts.others_reviewed_on, *([facts.reviewed_on] if facts.reviewed_on else []))
    return laws().of_plan(facts.drawn_up_on or on, facts.first_plan_on or on, on, {"plan_reviewed": reviews})


def is_young(facts: Facts, on: date) -> bool:
    """Whether the customer is under the age of 18 § that day: the one age told here, and that of 31 § too."""
    return facts.education_goal_until is not None and on <= facts.education_goal_until


def case_of(facts: Facts, law: Law, on: date) -> Case:
    """The case as the clock takes it on a day.

    What was granted on a ground of an earlier act counts under that act alone.
    """
    days = {
        "first_permit": facts.first_permit_on,
        "first_plan_drawn_up": facts.first_plan_on,
        "plan_drawn_up": facts.drawn_up_on,
        "plan_reviewed": facts.reviewed_on,
        "services_agreed": facts.agreed_on,
        "services_referred": facts.referred_on,
        "plan_ended": facts.ended_on,
        "received_by_transfer": facts.received_on,
    }
    exceptions = {
        "trafficking_victim_reached_later": not facts.three_year_limit_applies,
        OWN_STUDIES: facts.own_studies and not is_young(facts, on),
    }
    grounds = {each.code for each in law.plan.extensions}
    return Case(
        happened={fact: (day,) for fact, day in days.items() if day},
        exceptions=frozenset(code for code, holds in exceptions.items() if holds),
        granted=tuple(each for each in facts.granted if each.ground in grounds),
        hindrances=facts.hindrances,
    )


def due(facts: Facts, law: Law, on: date) -> Mapping[str, Deadline]:
    """What is due of the plan, by the codes of the rule book."""
    return {each.rule.code: each for each in deadlines(law, case_of(facts, law, on), on)}


def drawn_up(facts: Facts, on: date) -> Facts:
    """The facts as they were if a plan that was never in force were drawn up that day."""
    return replace(facts, drawn_up_on=facts.drawn_up_on or on, first_plan_on=facts.first_plan_on or on)


def latest_end(facts: Facts, law: Law, on: date) -> date | None:
    """The longest that the plan may be in force, as known on that day (23 §); None where the law sets no end."""
    found = due(drawn_up(facts, on), law, on).get(PLAN_MAXIMUM)
    return found.due_on if found else None


def valid_until(ends_on: date, since: date, facts: Facts, law: Law, on: date) -> date:
    """The last day of an edition in force since a day: as agreed, and the days of hindrances, within the longest time.

    Days are counted as the law counts them for the longest time (23 § 4 mom.), of hindrances that are over.
    """
    rule = law.due_date(PLAN_MAXIMUM).model_copy(
        update={"length": Length(days=(ends_on - since).days), "extended_by": (), "settled_by": (), "not_for": ()}
    )
    over = tuple(each for each in facts.hindrances if each.last)
    only = replace(facts, first_plan_on=since, hindrances=over)
    on = max(on, since)
    [agreed] = deadlines(law.model_copy(update={"deadlines": (rule,)}), case_of(only, law, on), on)
    latest = latest_end(facts, law, on)
    return min(agreed.due_on, latest) if latest else agreed.due_on


def status_in_force(facts: Facts) -> PlanStatus:
    """Where a plan in force stands: interrupted while a hindrance goes on."""
    return "interrupted" if any(each.last is None for each in facts.hindrances) else "in_force"
