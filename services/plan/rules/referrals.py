"""What a referral and its completions must say, and what becomes of it: pure functions, no I/O, no clock."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from contracts.envelope import FieldError
from contracts.plan.content import PlanContent, PlannedService
from contracts.plan.programme import NameInLanguages, ServiceContent
from contracts.plan.referrals import Completion, ReferralAnswer, ReferToService
from services.kit import code_lists

RULES = {
    "missing": "this field may not be empty",
    "code_list": "the code is not on the list {list} on that day",
    "in_future": "the day is in the future",
    "order": "it ends before it begins, or is older than the referral",
    "not_agreed": "the edition in force has no such line",
    "not_of_plan": "the plan is not for this customer",
    "not_the_provider": "the agreed service is given by another provider's program, or by none",
    "not_of_outcome": "this outcome has no use for the field",
}
"""What each rule says, without the value that was entered."""
_LISTS = {
    "kind": "completion_kinds",
    "language": "of national languages",
    "listening": "language_levels",
    "reading": "language_levels",
    "speaking": "language_levels",
    "writing": "language_levels",
}
FINAL_LANGUAGE_TEST = "final_language_test"
SKILLS = ("listening", "reading", "speaking", "writing")
_NATIONAL_LANGUAGES = {"fi", "sv"}
OPEN = ("made", "taken_up")
"""States in which something of the service is to come."""
MOST_COMPLETIONS = 50
"""Of one referral, told by one organisation, beside the one that ends it."""


def line_of(content: PlanContent, line_id: UUID) -> PlannedService | None:
    """The planned service with that id."""
    return next((each for each in content.services if each.line_id == line_id), None)


def broken_by_referring(
    told: ReferToService, line: PlannedService | None, service: ServiceContent | None, is_of_plan: bool, on: date
) -> list[FieldError]:
    """The rules that a referral breaks; `is_of_plan`: the plan is for the customer who was referred.

    `service`: what the programme says of the line's. Its provider's program is told of the referral, and no other.
    """
    is_pinned = line is not None and line.service is not None
    given_by = (None, service.provider.partner if service else None)
    return [
        *([] if line else [_error("/line_id", "not_agreed")]),
        *([] if is_of_plan else [_error("/customer_id", "not_of_plan")]),
        *(
            [_error("/provider/partner", "not_the_provider")]
            if is_pinned and told.provider.partner not in given_by
            else []
        ),
        *([_error("/referred_on", "in_future")] if told.referred_on > on else []),
    ]


def broken_by_answer(told: ReferralAnswer, referred_on: date, on: date) -> list[FieldError]:
    """The rules that an answer to a referral breaks."""
    errors = list(_broken_days("/answer/on", told.on, referred_on, on))
    is_declined = told.answer == "declined"
    return [*errors, *_broken_reason("/answer/reason", told.reason, is_declined, "referral_decline_reasons", on)]


def broken_by_completion(told: Completion, referred_on: date, on: date) -> list[FieldError]:
    """The rules that a completion breaks."""
    at = "/completion"
    errors = list(_broken_days(f"{at}/ends_on", told.ends_on, referred_on, on))
    if not code_lists.COMPLETION_KINDS.has(told.kind, on):
        errors.append(_error(f"{at}/kind", "code_list"))
    if told.starts_on and told.ends_on < told.starts_on:
        errors.append(_error(f"{at}/starts_on", "order"))
    errors += _broken_reason(f"{at}/reason", told.reason, told.outcome == "interrupted", "interruption_reasons", on)
    is_tested = told.kind == FINAL_LANGUAGE_TEST and told.outcome == "completed"
    if is_tested and told.levels is None:
        errors.append(_error(f"{at}/levels", "missing"))
    if told.levels:
        if told.levels.language not in _NATIONAL_LANGUAGES:
            errors.append(_error(f"{at}/levels/language", "code_list"))
        for skill in SKILLS:
            level = getattr(told.levels, skill)
            if level is None and is_tested:
                errors.append(_error(f"{at}/levels/{skill}", "missing"))
            if level is not None and not code_lists.is_valid_language_level(level, on):
                errors.append(_error(f"{at}/levels/{skill}", "code_list"))
    return errors


@dataclass(frozen=True)
class Standing:
    """Where a referral stands, since when the client's answer is known, and when it was over."""

    state: str
    answered_on: date | None
    ended_on: date | None


def standing(answer: str | None, said_on: date | None, completions: Iterable[Any]) -> Standing:
    """Where a referral stands by its answer and what was completed, the oldest first, without what was withdrawn.

    A part that was completed says that the service has begun.
    """
    counted = list(completions)
    if answer == "declined":
        return Standing(answer, said_on, said_on)
    if said_on is None and counted:
        said_on = counted[0].starts_on or counted[0].ends_on
    if last := next((each for each in counted if each.is_over), None):
        return Standing(last.outcome, said_on, last.ends_on)
    return Standing("taken_up" if said_on else "made", said_on, None)


def may_complete(state: str, kind: str, is_over: bool) -> bool:
    """Whether the state allows a completion; the result of a test may come after the end."""
    return state in OPEN or (state != "declined" and kind == FINAL_LANGUAGE_TEST and not is_over)


@dataclass(frozen=True)
class Directed:
    """Since when a plan's lines that are to be referred to are agreed on, and when all had been referred to."""

    agreed_on: date | None = None
    referred_on: date | None = None


def directed(editions: Iterable[tuple[date, Collection[UUID]]], referrals: Iterable[tuple[UUID, date]]) -> Directed:
    """Of the lines of the last of a plan's editions, told with the days on which they were agreed on, the oldest first.

    While lines wait for a referral it counts from the oldest of those (20 § 5 mom.). Else all had been referred to on
    the day of the last of them, each for the first time, and at the earliest when it was agreed on: whoever goes to
    a service already is directed to it then.
    """
    agreed: dict[UUID, date] = {}
    for day, line_ids in editions:
        agreed = {each: agreed.get(each, day) for each in line_ids}
    referred: dict[UUID, date] = {}
    for line_id, day in referrals:
        referred[line_id] = min(day, referred.get(line_id, day))
    waiting = [day for each, day in agreed.items() if each not in referred]
    if waiting or not agreed:
        return Directed(min(waiting, default=None))
    return Directed(min(agreed.values()), max(max(day, referred[each]) for each, day in agreed.items()))


def name_of(line: PlannedService, service: ServiceContent | None, content: PlanContent) -> NameInLanguages:
    """The service's name: of the programme in all its languages, else as the plan says in its own."""
    if service:
        return service.name
    return NameInLanguages.model_validate({content.language or "fi": line.name})


def earlier_lines(
    content: PlanContent, referral: Any, others: Sequence[Any], kinds: dict[UUID, str], of_training: Iterable[str]
) -> list[PlannedService]:
    """The lines of training in which the client had begun before the day of a referral to another line.

    `kinds` are those of the programme's services; what is no training, or not of the programme, a provider is not told
    of (94 §).
    """
    begun = [each for each in others if each.state in ("taken_up", "completed", "interrupted")]
    been = {each.line_id for each in begun if each.answered_on < referral.referred_on} - {referral.line_id}
    training = set(of_training)
    return [
        line
        for line in content.services
        if line.line_id in been and line.service and kinds.get(line.service.service_id) in training
    ]


def _broken_days(pointer: str, day: date, referred_on: date, on: date) -> Iterator[FieldError]:
    if day > on:
        yield _error(pointer, "in_future")
    if day < referred_on:
        yield _error(pointer, "order")


def _broken_reason(pointer: str, reason: str | None, is_needed: bool, code_list: str, on: date) -> Iterator[FieldError]:
    if is_needed and reason is None:
        yield _error(pointer, "missing")
    elif reason is not None and not is_needed:
        yield _error(pointer, "not_of_outcome")
    elif reason is not None and not code_lists.LISTS[code_list].has(reason, on):
        yield _error(pointer, "code_list", code_list)


def _error(pointer: str, rule: str, code_list: str = "") -> FieldError:
    listed = code_list or _LISTS.get(pointer.rpartition("/")[2], "")
    return FieldError(pointer=pointer, rule=rule, detail=RULES[rule].format(list=listed))
