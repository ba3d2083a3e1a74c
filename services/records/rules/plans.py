"""What stands in the document of a plan (681/2023 18-19 §, 24 §), in the order in which it is talked through."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from contracts.customer.people import CustomerCard
from contracts.law import laws
from contracts.plan.content import Goal, PlannedService
from contracts.plan.documents import LawSection, PlanForDocument
from services.kit.clock import helsinki_date
from services.kit.code_lists import GOAL_KINDS
from services.records.rules.matters import Matter
from services.records.rules.pages import Block, Heading, Items, Pages, Paragraph, Said, Signatures
from services.records.rules.wording import Wording, facts, name_of


def pages_of_plan(matter: Matter, plan: PlanForDocument, people: Mapping[UUID, CustomerCard]) -> Pages:
    """The document of an edition; `people` are the customer and the family members by their ids."""
    wording = Wording(matter.language, matter.approved_in)
    blocks = (
        *_whom(wording, matter, plan, people),
        *_goals(wording, plan, people),
        *_services(wording, plan),
        *_follow_up(wording, plan),
        *_duties(wording, plan),
        *_approval(wording, matter, plan),
        *_law(wording, plan),
    )
    return wording.pages(wording.words.plan[plan.kind], matter, *blocks)


def _whom(
    wording: Wording, matter: Matter, plan: PlanForDocument, people: Mapping[UUID, CustomerCard]
) -> Iterator[Block]:
    words, customer, content = wording.words, people[plan.customer_id], plan.content
    yield Paragraph(wording.fixed(f"{words.plan_is} {words.ask}"))
    members = ", ".join(name_of(people[each]) for each in plan.members)
    yield from facts(
        *wording.whom(customer),
        (wording.fixed(words.family_members), wording.written(members) if members else None),
        (
            wording.fixed(words.municipality),
            wording.municipality(plan.municipality, helsinki_date(matter.dated_at)),
        ),
        (
            wording.fixed(words.in_force),
            wording.days(content.starts_on, content.ends_on) if content.starts_on else None,
        ),
        (wording.fixed(words.next_review), wording.day(content.next_review_on) if content.next_review_on else None),
        (wording.fixed(words.document_of), wording.dated(matter)),
        (wording.fixed(words.edition), wording.fixed(str(plan.edition))),
    )


def _goals(wording: Wording, plan: PlanForDocument, people: Mapping[UUID, CustomerCard]) -> Iterator[Block]:
    words, content = wording.words, plan.content
    if content.goals or content.education_goal_reason:
        yield Heading(wording.fixed(words.goals))
    for number, goal in enumerate(content.goals, 1):
        yield Heading(_numbered(number, _kind(wording, plan, goal)), 2)
        if goal.text:
            yield Paragraph(wording.written(goal.text))
        owner = people.get(goal.owner) if goal.owner else None
        yield from facts(
            (
                wording.fixed(words.goal_time),
                wording.fixed(words.goal_long if goal.term == "long" else words.goal_plan),
            ),
            (wording.fixed(words.goal_of), wording.written(name_of(owner)) if owner else None),
        )
    if content.education_goal_reason:
        yield from facts((wording.fixed(words.no_education_goal), wording.written(content.education_goal_reason)))


def _kind(wording: Wording, plan: PlanForDocument, goal: Goal) -> Said:
    code, on = goal.kind or "", helsinki_date(plan.offered_at)
    if not GOAL_KINDS.has(code, on):
        for each in laws().version(plan.law_version).plan.goals:
            if each.code == code:
                named = wording.provision(each)
                return replace(named, text=named.text.partition(":")[0])
    return wording.code(GOAL_KINDS, code, on)


def _services(wording: Wording, plan: PlanForDocument) -> Iterator[Block]:
    if plan.content.services:
        yield Heading(wording.fixed(wording.words.services))
    numbers = {goal.goal_id: number for number, goal in enumerate(plan.content.goals, 1)}
    for service in plan.content.services:
        yield from _service(wording, service, [numbers[each] for each in service.goal_ids if each in numbers])


def _service(wording: Wording, service: PlannedService, goals: list[int]) -> Iterator[Block]:
    words = wording.words
    yield Heading(wording.written(service.name or words.services), 2)
    if service.own_studies:
        yield Paragraph(wording.fixed(words.own_studies))
    party = service.responsible_party
    yield from facts(
        (
            wording.fixed(words.service_time),
            wording.days(service.starts_on, service.ends_on) if service.starts_on else None,
        ),
        (wording.fixed(words.service_by), wording.written(party) if party else None),
        (
            wording.fixed(words.service_for),
            wording.fixed(", ".join(str(each) for each in sorted(goals))) if goals else None,
        ),
        (wording.fixed(words.service_why), wording.written(service.justification) if service.justification else None),
    )


def _follow_up(wording: Wording, plan: PlanForDocument) -> Iterator[Block]:
    if plan.content.follow_up:
        yield Heading(wording.fixed(wording.words.follow_up))
        yield Paragraph(wording.written(plan.content.follow_up))


def _duties(wording: Wording, plan: PlanForDocument) -> Iterator[Block]:
    words, told_on = wording.words, plan.content.duties_told_on
    yield Heading(wording.fixed(words.duties))
    yield Items(tuple(wording.fixed(each) for each in words.your_duties))
    if told_on:
        yield from facts((wording.fixed(words.told_on), wording.day(told_on)))


def _approval(wording: Wording, matter: Matter, plan: PlanForDocument) -> Iterator[Block]:
    if matter.is_copy:
        return
    words = wording.words
    parties = (words.customer, words.expert, *([words.county] if plan.county_takes_part else []))
    yield Heading(wording.fixed(words.approval))
    yield Paragraph(wording.fixed(words.approval_note))
    yield Signatures(
        head=tuple(wording.fixed(each) for each in (words.who, words.date, words.signature)),
        parties=tuple(wording.fixed(each) for each in parties),
    )


def _law(wording: Wording, plan: PlanForDocument) -> Iterator[Block]:
    if plan.law_sections:
        yield Heading(wording.fixed(wording.words.legal_basis))
        yield Items(tuple(_section(wording, each) for each in plan.law_sections))


def _section(wording: Wording, section: LawSection) -> Said:
    if name := wording.words.law_section.get(section.code):
        return wording.fixed(f"{name} ({section.legal_basis})")
    return wording.named(*(f"{name} ({section.legal_basis})" for name in (section.fi, section.sv, section.en)))


def _numbered(number: int, text: Said) -> Said:
    return replace(text, text=f"{number}. {text.text}")
