"""Drafting, approving, comparing and ending plans: pure functions, no I/O and no clock."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.assessment.state import Need
from contracts.envelope import FieldError
from contracts.law import Law, laws
from contracts.law.counting import Length
from contracts.plan.content import Goal, PlanContent, PlannedService
from contracts.plan.implementation import Extension, FollowUp, Hindrance, Neglect, Review
from contracts.plan.plans import (
    Approval,
    DraftPlan,
    EditionDocument,
    EndPlan,
    FieldDifference,
    GuardianConsent,
    LineDifference,
    Party,
)
from contracts.plan.state import PlanKind, PlanStatus
from services.kit import code_lists
from services.plan.rules.offering import error
from services.plan.rules.times import PLAN_REVIEW, Facts, due, is_young

_LINES = {"goals": "goal_id", "services": "line_id"}


def prefilled(needs: Iterable[Need]) -> PlanContent:
    """A draft with a goal and a service for each need, which the expert and the customer put into words."""
    goals, services = [], []
    for need in needs:
        goals.append(Goal(goal_id=uuid7(), need_ids=(need.need_id,)))
        services.append(PlannedService(line_id=uuid7(), goal_ids=(goals[-1].goal_id,), need_id=need.need_id))
    return PlanContent(goals=tuple(goals), services=tuple(services))


def broken_by_drafting(asked: DraftPlan, customer_id: UUID, on: date) -> list[FieldError]:
    """The rules that beginning a plan breaks, but for the assessment."""
    found = []
    if asked.kind != "family":
        found += [error(f"/{name}", "not_family") for name in ("members", "consents") if getattr(asked, name)]
    else:
        if not asked.members:
            found.append(error("/members", "missing"))
        if customer_id in asked.members or asked.customer_id in asked.members:
            found.append(error("/members", "own_member"))
        if len(set(asked.members)) != len(asked.members):
            found.append(error("/members", "repeated"))
        if not asked.consents:
            found.append(error("/consents", "missing"))
    for at, consent in enumerate(asked.consents):
        if consent.given_on > on:
            found.append(error(f"/consents/{at}/given_on", "future"))
    if asked.earlier:
        found += _broken_by_earlier(asked, on)
    return found


def broken_by_consent(consent: GuardianConsent, kind: PlanKind, on: date) -> list[FieldError]:
    """The rules that a consent to a plan breaks that is open already."""
    found = [] if kind == "family" else [error("/consent", "not_family")]
    return found + ([error("/consent/given_on", "future")] if consent.given_on > on else [])


def _broken_by_earlier(asked: DraftPlan, on: date) -> Iterator[FieldError]:
    assert asked.earlier
    begun, reviewed = asked.earlier.drawn_up_on, asked.earlier.reviewed_on
    if begun > on:
        yield error("/earlier/drawn_up_on", "future")
    elif not any(law.is_in_force(begun) for law in laws()):
        yield error("/earlier/drawn_up_on", "law")
    if reviewed and reviewed < begun:
        yield error("/earlier/reviewed_on", "before_plan")
    if reviewed and reviewed > on:
        yield error("/earlier/reviewed_on", "future")
    for at, extension in enumerate(asked.earlier.extensions):
        if all(each.code != extension.ground for law in laws() for each in law.plan.extensions):
            yield error(f"/earlier/extensions/{at}/ground", "not_in_law")
    for at, hindrance in enumerate(asked.earlier.hindrances):
        pointer = f"/earlier/hindrances/{at}"
        yield from broken_by_hindrance(hindrance, begun, laws().on(on), on, pointer)
        if hindrance.last is None:
            yield error(f"{pointer}/last", "missing")


def broken_by_kind(kind: PlanKind, law: Law) -> list[FieldError]:
    """That the act knows no such plan, not even one of free will."""
    return [] if any(each.code == kind for each in law.plan.kinds) else [error("/kind", "kind")]


def is_statutory(kind: PlanKind, law: Law) -> bool:
    """Whether the act knows such a plan as a duty."""
    return any(each.code == kind and each.statutory for each in law.plan.kinds)


def broken_by_approving(
    approval: Approval, language: str | None, documents: Iterable[EditionDocument], offered_on: date, on: date
) -> list[FieldError]:
    """The rules that an approval of an edition breaks: it is bound to the very document, in the plan's language."""
    found = []
    approvable = {(each.language, each.sha256) for each in documents if not each.is_copy}
    if approval.language != language or (approval.language, approval.sha256) not in approvable:
        found.append(error("/approval/sha256", "document"))
    if not code_lists.APPROVAL_WAYS.has(approval.how, on):
        found.append(error("/approval/how", "code_list", "approval_ways"))
    if approval.approved_on > on:
        found.append(error("/approval/approved_on", "future"))
    elif approval.approved_on < offered_on:
        found.append(error("/approval/approved_on", "before_offered"))
    if approval.approved_by and approval.party not in ("guardian", "county"):
        found.append(error("/approval/approved_by", "not_of_party"))
    return found


def awaited(approved: Collection[str], county_takes_part: bool) -> tuple[Party, ...]:
    """Whose approval an edition lacks; a guardian approves for a minor."""
    lacking: list[Party] = [] if {"customer", "guardian"} & set(approved) else ["customer"]
    needed: list[Party] = ["expert", "county"] if county_takes_part else ["expert"]
    return (*lacking, *(each for each in needed if each not in approved))


def broken_by_ending(asked: EndPlan, drawn_up_on: date, on: date) -> list[FieldError]:
    """The rules that ending a plan breaks."""
    found = []
    if not code_lists.PLAN_END_REASONS.has(asked.reason, on):
        found.append(error("/reason", "code_list", "plan_end_reasons"))
    if not code_lists.FOLLOW_ON_PLANS.has(asked.follow_on.plan, on):
        found.append(error("/follow_on/plan", "code_list", "follow_on_plans"))
    elif asked.follow_on.plan != "none" and asked.follow_on.to_whom is None:
        found.append(error("/follow_on/to_whom", "missing"))
    return [*found, *_fact(asked.ended_on, "/ended_on", drawn_up_on, on)]


def broken_by_reviewing(review: Review, facts: Facts, law: Law, on: date) -> list[FieldError]:
    """The rules that a review breaks; `facts` and `law` are those after it."""
    found = []
    if not code_lists.PLAN_REVIEW_REASONS.has(review.reason, on):
        found.append(error("/review/reason", "code_list", "plan_review_reasons"))
    assert facts.drawn_up_on
    found += _fact(review.reviewed_on, "/review/reviewed_on", facts.drawn_up_on, on)
    next_one = due(facts, law, on).get(PLAN_REVIEW)
    if review.next_review_on < on:
        found.append(error("/review/next_review_on", "past"))
    elif next_one and review.next_review_on > next_one.due_on:
        found.append(error("/review/next_review_on", "review_due", next_one.due_on))
    return found


def broken_by_extending(extension: Extension, facts: Facts, law: Law, on: date) -> list[FieldError]:
    """The rules that making the longest time longer breaks (23 § 3 mom., 31 § 1 mom.)."""
    known = {each.code: each for each in law.plan.extensions}
    ground = known.get(extension.ground)
    if ground is None:
        return [error("/extension/ground", "not_in_law")]
    found = []
    # the one age that is told here is that of a goal of education
    if ground.under_age is not None and not (
        is_young(facts, on) and ground.under_age == law.plan.education_goal_under_age
    ):
        found.append(error("/extension/ground", "age"))
    before = [
        each.length for each in facts.granted if each.ground in known and known[each.ground].group == ground.group
    ]
    if sum(before, Length(months=extension.months)).after(on) > ground.at_most.after(on):
        found.append(error("/extension/months", "more_than_allowed", ground.at_most.months))
    return found


def broken_by_hindrance(
    hindrance: Hindrance, drawn_up_on: date, law: Law, on: date, pointer: str = "/hindrance"
) -> list[FieldError]:
    """The rules that recording a hindrance breaks."""
    found = []
    if all(each.code != hindrance.ground for each in law.plan.hindrances):
        found.append(error(f"{pointer}/ground", "not_in_law"))
    found += _fact(hindrance.first, f"{pointer}/first", drawn_up_on, on)
    if hindrance.last:
        found += broken_by_ending_hindrance(hindrance.last, hindrance.first, on, f"{pointer}/last")
    return found


def broken_by_ending_hindrance(last: date, first: date, on: date, pointer: str = "/last") -> list[FieldError]:
    """The rules that the last day of a hindrance breaks."""
    if last < first:
        return [error(pointer, "before_starts_on")]
    return [error(pointer, "future")] if last > on else []


def broken_by_follow_up(told: FollowUp, content: PlanContent, drawn_up_on: date, on: date) -> list[FieldError]:
    """The rules that following a goal breaks."""
    found = []
    if all(each.goal_id != told.goal_id for each in content.goals):
        found.append(error("/follow_up/goal_id", "unknown", "goal"))
    if not code_lists.GOAL_PROGRESS.has(told.progress, on):
        found.append(error("/follow_up/progress", "code_list", "goal_progress"))
    return [*found, *_fact(told.followed_on, "/follow_up/followed_on", drawn_up_on, on)]


def broken_by_neglect(told: Neglect, content: PlanContent, drawn_up_on: date, on: date) -> list[FieldError]:
    """The rules that recording a neglect breaks."""
    found = []
    if told.line_id is not None and all(each.line_id != told.line_id for each in content.services):
        found.append(error("/neglect/line_id", "unknown", "service"))
    return [*found, *_fact(told.happened_on, "/neglect/happened_on", drawn_up_on, on)]


def _fact(day: date, pointer: str, drawn_up_on: date, on: date) -> list[FieldError]:
    """A fact of a plan in force is of a day since it was drawn up, and not of tomorrow."""
    if day < drawn_up_on:
        return [error(pointer, "before_plan")]
    return [error(pointer, "future")] if day > on else []


def proposed_end(
    kind: PlanKind, status: PlanStatus, valid_until: date | None, members_until: date | None, on: date
) -> str | None:
    """Why a plan in force might be ended, by code list plan_end_reasons; a person decides.

    While a hindrance goes on the time is not over: its days are added when it ends.
    """
    if kind == "family" and (members_until is None or members_until < on):
        return "members_plans_ended"
    is_over = valid_until is not None and valid_until < on and status != "interrupted"
    return "time_over" if is_over else None


def differences(before: PlanContent, after: PlanContent) -> Iterator[LineDifference]:
    """What differs between two contents: the plan's own fields, then goals and services line by line."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    own = [name for name in PlanContent.model_fields if name not in _LINES]
    if fields := _fields(_only(old, own), _only(new, own)):
        yield LineDifference(part="plan", change="changed", fields=fields)
    for part, key in _LINES.items():
        lines_before, lines_after = ({line[key]: line for line in each[part]} for each in (old, new))
        for line_id in lines_before | lines_after:
            was, now = lines_before.get(line_id, {}), lines_after.get(line_id, {})
            if fields := _fields(was, now):
                change = "changed" if was and now else "added" if now else "removed"
                yield LineDifference.model_validate(
                    {"part": part, "line_id": line_id, "change": change, "fields": fields}
                )


def _only(content: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: content[name] for name in names}


def _fields(before: dict[str, Any], after: dict[str, Any]) -> tuple[FieldDifference, ...]:
    return tuple(
        FieldDifference(field=name, before=_text(before.get(name)), after=_text(after.get(name)))
        for name in (before | after)
        if before.get(name) != after.get(name)
    )


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
