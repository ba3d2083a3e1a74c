"""What a plan must hold to be offered: every rule that it breaks, at once (681/2023 16-23 §)."""

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from contracts.envelope import FieldError
from contracts.law import Law
from contracts.law.deadlines import Deadline
from contracts.plan.content import PinnedService, PlanContent
from contracts.records.state import COPY_LANGUAGES
from services.kit import code_lists
from services.plan.rules.times import (
    OWN_STUDIES,
    PLAN_LATEST,
    PLAN_MAXIMUM,
    PLAN_REVIEW,
    Facts,
    drawn_up,
    due,
    is_young,
    law_of,
)

LANGUAGES = ("fi", "sv", "en")
"""In which a plan is approved."""
EMPLOYMENT, EDUCATION = "employment_or_entrepreneurship", "education"
_EMPLOYMENT_KINDS = {EMPLOYMENT, "employment", "entrepreneurship"}
RULES = {
    "missing": "obligatory before the plan is offered",
    "code_list": "not a valid code of the list {}",
    "repeated": "this may stand here once only",
    "unknown": "there is no such {} here",
    "before_starts_on": "it would end before it begins",
    "past": "that day has passed",
    "future": "that day has not come",
    "language": "a plan is approved in fi, sv or en",
    "law": "no version of the act was in force that day",
    "kind": "the version of the act that the case is under knows no such plan",
    "not_family": "for a family's plan only",
    "own_member": "the customer is no further member",
    "plan_needed": "no concluded assessment found that a plan is needed (16 §)",
    "plan_latest": "a first plan is drawn up within the time of 20 § 3 mom., until {}",
    "first_plan": "the first plan ends at the latest on {} (23 § 2 mom.)",
    "longest_time": "a plan ends at the latest on {} (23 §)",
    "review_due": "the next review is due on {} at the latest (22 § 1 mom.)",
    "employment_goal": "a jobseeker's plan has a goal of employment or entrepreneurship (18 §)",
    "education_goal": "somebody so young has a goal of education, or a reason why not (18 §)",
    "members_plans": "a family's plan ends with the last of its members' own, on {}",
    "no_members_plan": "no member of the family has a plan in force",
    "document": "no document of this edition with this hash is approved in this language",
    "copy_language": "copies for reading are made in {}",
    "not_of_party": "for a guardian or the county only: who else approves is known",
    "before_offered": "the edition was not yet offered that day",
    "other_law": "the case is under another version of the act since",
    "not_in_law": "the version of the act that the case is under names no such ground",
    "more_than_allowed": "all grounds of its kind together give at most {} months",
    "age": "only for those who are younger",
    "before_plan": "the plan was not yet in force that day",
    "after_end": "that is after the plan's end",
}
"""What each rule says to the person who broke it, without the value that was entered."""


@dataclass(frozen=True)
class Family:
    """What a family's plan depends on beside its own content."""

    customer_ids: Collection[UUID]
    consents: bool
    """Whether a guardian agrees."""
    members_until: date | None
    """Until when the last of the members' own plans is in force; None: none is."""


def error(pointer: str, rule: str, value: object = "") -> FieldError:
    """A broken rule, in words."""
    return FieldError(pointer=pointer, rule=rule, detail=RULES[rule].format(value))


def sha256(content: PlanContent) -> str:
    """The hash of a content as canonical JSON: keys in order, no blanks, UTF-8."""
    text = json.dumps(content.model_dump(mode="json"), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def broken_by_offering(
    content: PlanContent,
    facts: Facts,
    law: Law,
    on: date,
    *,
    needs: Collection[UUID] = (),
    programme: Collection[PinnedService] = (),
    family: Family | None = None,
) -> list[FieldError]:
    """The rules that offering this content on a day breaks.

    `needs` are those that the assessment found, `programme` the services that a line may name.
    """
    found = [*_lacking(content, on), *_goals(content, needs, family, on), *_services(content, needs, programme)]
    found += [*_days(content, on)]
    if not family:
        found += _obligatory_goals(content, facts, law, on)
    return [*found, *(_of_family(content, family) if family else _times(content, facts, law, on))]


def broken_since(
    content: PlanContent, facts: Facts, offered_on: date, law_version: str, family: Family | None = None
) -> list[FieldError]:
    """The rules of the law's times that what was offered on a day breaks by what is known since."""
    if family:
        return list(_of_family(content, family))
    reviews = (facts.reviewed_on, *facts.others_reviewed_on)
    on = max(day for day in (offered_on, *reviews) if day)  # of several reviews the facts tell the newest alone
    law = law_of(facts, on)
    if law.version != law_version:
        return [error("", "other_law")]
    return list(_times(content, facts, law, on))


def _lacking(content: PlanContent, on: date) -> Iterator[FieldError]:
    for name in ("starts_on", "ends_on", "next_review_on", "duties_told_on", "language"):
        if getattr(content, name) is None:
            yield error(f"/content/{name}", "missing")
    for name in ("goals", "services"):
        if not getattr(content, name):
            yield error(f"/content/{name}", "missing")
    if not content.follow_up.strip():
        yield error("/content/follow_up", "missing")
    if content.duties_told_on and content.duties_told_on > on:
        yield error("/content/duties_told_on", "future")
    if content.language and content.language not in LANGUAGES:
        yield error("/content/language", "language")
    if content.copy_language and content.copy_language not in COPY_LANGUAGES:
        yield error("/content/copy_language", "copy_language", ", ".join(COPY_LANGUAGES))


def _goals(content: PlanContent, needs: Collection[UUID], family: Family | None, on: date) -> Iterator[FieldError]:
    members = family.customer_ids if family else ()
    seen: set[UUID] = set()
    for at, goal in enumerate(content.goals):
        path = f"/content/goals/{at}"
        if goal.goal_id in seen:
            yield error(f"{path}/goal_id", "repeated")
        seen.add(goal.goal_id)
        if goal.kind is None:
            yield error(f"{path}/kind", "missing")
        elif goal.kind not in (EMPLOYMENT, EDUCATION) and not code_lists.GOAL_KINDS.has(goal.kind, on):
            yield error(f"{path}/kind", "code_list", "goal_kinds")
        if not goal.text.strip():
            yield error(f"{path}/text", "missing")
        if goal.owner is not None and goal.owner not in members:
            yield error(f"{path}/owner", "unknown", "member")
        if not set(goal.need_ids) <= set(needs):
            yield error(f"{path}/need_ids", "unknown", "need")


def _services(
    content: PlanContent, needs: Collection[UUID], programme: Collection[PinnedService]
) -> Iterator[FieldError]:
    goals, seen = {each.goal_id for each in content.goals}, set()
    for at, line in enumerate(content.services):
        path = f"/content/services/{at}"
        if line.line_id in seen:
            yield error(f"{path}/line_id", "repeated")
        seen.add(line.line_id)
        for name in ("name", "responsible_party"):
            if getattr(line, name) is None:
                yield error(f"{path}/{name}", "missing")
        if line.service is not None and line.service not in programme:
            yield error(f"{path}/service", "unknown", "service of the programme")
        if not line.justification.strip():
            yield error(f"{path}/justification", "missing")
        if not line.goal_ids:
            yield error(f"{path}/goal_ids", "missing")
        elif not set(line.goal_ids) <= goals:
            yield error(f"{path}/goal_ids", "unknown", "goal")
        if line.need_id is not None and line.need_id not in needs:
            yield error(f"{path}/need_id", "unknown", "need")
        if line.starts_on and line.ends_on and line.ends_on < line.starts_on:
            yield error(f"{path}/ends_on", "before_starts_on")
        elif line.ends_on and content.starts_on and line.ends_on < content.starts_on:
            yield error(f"{path}/ends_on", "before_plan")


def _days(content: PlanContent, on: date) -> Iterator[FieldError]:
    if content.ends_on and content.starts_on and content.ends_on < content.starts_on:
        yield error("/content/ends_on", "before_starts_on")
    for name in ("ends_on", "next_review_on"):
        day = getattr(content, name)
        if day and day < on:
            yield error(f"/content/{name}", "past")


def _obligatory_goals(content: PlanContent, facts: Facts, law: Law, on: date) -> Iterator[FieldError]:
    named, kinds = {each.code for each in law.plan.goals}, {each.kind for each in content.goals}
    if facts.jobseeker and EMPLOYMENT in named and not kinds & _EMPLOYMENT_KINDS:
        yield error("/content/goals", "employment_goal")
    reason = (content.education_goal_reason or "").strip()
    if is_young(facts, on) and EDUCATION in named and EDUCATION not in kinds and not reason:
        yield error("/content/education_goal_reason", "education_goal")


def _times(content: PlanContent, facts: Facts, law: Law, on: date) -> Iterator[FieldError]:
    if error_of_day := broken_by_drawing_up(facts, law, on):
        yield error_of_day
    times = due(replace(drawn_up(facts, on), own_studies=False), law, on)
    maximum, review = times.get(PLAN_MAXIMUM), times.get(PLAN_REVIEW)
    if content.ends_on and facts.first_plan_on is None:
        last = law.plan.first_plan.after(min(content.starts_on or on, on))
        if content.ends_on > last:
            yield error("/content/ends_on", "first_plan", last)
    if maximum:
        yield from _beyond_longest_time(content, maximum, is_young(facts, on))
    if content.next_review_on and review and content.next_review_on > review.due_on:
        yield error("/content/next_review_on", "review_due", review.due_on)


def _beyond_longest_time(content: PlanContent, maximum: Deadline, is_young: bool) -> Iterator[FieldError]:
    """Only supported studies of the customer's own go on, as long as they last (31 § 2-3 mom.)."""
    may_go_on = OWN_STUDIES in maximum.rule.not_for and not is_young
    last = maximum.due_on
    for at, line in enumerate(content.services):
        if line.ends_on and line.own_studies and may_go_on:
            last = max(last, line.ends_on)
        elif line.ends_on and line.ends_on > maximum.due_on:
            yield error(f"/content/services/{at}/ends_on", "longest_time", maximum.due_on)
    if content.ends_on and content.ends_on > last:
        yield error("/content/ends_on", "longest_time", last)


def broken_by_drawing_up(facts: Facts, law: Law, on: date) -> FieldError | None:
    """That a first plan would be drawn up too late that day (20 § 3-4 mom.)."""
    latest = due(facts, law, on).get(PLAN_LATEST) if facts.first_plan_on is None else None
    return error("", "plan_latest", latest.due_on) if latest and on > latest.due_on else None


def _of_family(content: PlanContent, family: Family) -> Iterator[FieldError]:
    if not family.consents:
        yield error("/consents", "missing")
    if family.members_until is None:
        yield error("/members", "no_members_plan")
    elif content.ends_on and content.ends_on > family.members_until:
        yield error("/content/ends_on", "members_plans", family.members_until)
