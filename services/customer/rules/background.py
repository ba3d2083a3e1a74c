"""What may be recorded and shown of a customer's background: pure functions, no I/O and no clock."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contracts.customer.background import (
    CONTENT_OF_GROUP,
    DATA_OF_GROUP,
    MOST_ENTRIES,
    BackgroundChange,
    BackgroundGroup,
    Benefit,
    Benefits,
    Content,
    Entry,
    Goal,
    Group,
    HealthFact,
    HeldPermit,
    Job,
    LanguageSkill,
    LifeFact,
    LifeSituation,
    Occupation,
    OtherVersion,
    Provenance,
    ResidencePermits,
    Skill,
    Studies,
    TimeLimit,
)
from contracts.customer.people import Customer
from contracts.customer.state import CustomerCircumstances
from contracts.envelope import FieldError
from contracts.types import ResidencePermit, Value
from services.customer.law import law_on
from services.customer.rules.people import (
    CODE_LISTS,
    MASKED,
    PROTECTED_GROUNDS,
    VICTIM_OF_TRAFFICKING,
    broken_by_permit,
    hides_elsewhere,
)
from services.customer.rules.people import RULES as RULES_OF_PEOPLE
from services.kit import code_lists
from services.kit.code_lists import CodeList

if TYPE_CHECKING:  # it knows SQL, and nothing here does
    from services.kit.rights import Rights

PERMITS: Group = "residence_permits"
HEALTH: Group = "health"
CIRCUMSTANCES: tuple[Group, ...] = ("life_situation", "benefits")
"""The groups of which others hear what integration law makes of them."""
_TOLD_BENEFITS = {"child_home_care_allowance", "social_assistance"}
FIRST_PERMIT = "first_residence_permit"
"""The person's field, and the history's."""
RULES = RULES_OF_PEOPLE | {
    "repeated": "this may stand here once only",
    "nothing_told": "give at least one of esco and name",
    "before_started_on": "it would end before it begins",
    "too_many": f"at most {MOST_ENTRIES - 1} beside the first one",
}
"""What each rule says to the person who broke it, without the value that was entered."""
_LISTS: dict[type[Value], dict[str, CodeList[Any]]] = {
    Studies: {"level": code_lists.EDUCATION_LEVELS},
    LanguageSkill: {
        "kind": code_lists.LANGUAGE_SKILL_KINDS,
        "scale": code_lists.PROFICIENCY_SCALES,
        "found_out_by": code_lists.SKILL_SOURCES,
    },
    Skill: {"found_out_by": code_lists.SKILL_SOURCES},
    Goal: {"kind": code_lists.GOAL_KINDS},
    LifeFact: {"fact": code_lists.LIFE_SITUATION_FACTS},
    Benefit: {"kind": code_lists.BENEFIT_KINDS},
    HealthFact: {"effect": code_lists.HEALTH_EFFECTS},
}
"""Which list the codes of an entry's fields are on."""
_PAST_DAYS = ("started_on", "found_out_on", "since")
Broken = tuple[str, str, str]
"""A path within an entry, the rule, and the list that the code is not on."""


def data_of(content: Content) -> str:
    """The data group that a group belongs to: permits are protected as soon as the ground of one of them is."""
    if isinstance(content, ResidencePermits) and any(each.ground in PROTECTED_GROUNDS for each in content.permits):
        return "trafficking"
    return DATA_OF_GROUP[content.group]


def data_of_all(group: BackgroundGroup) -> str:
    """The same of all that a group holds, in whichever record: what is protected in one is in all."""
    contents = [group.content, *(each.content for each in group.other_versions if each.content)]
    return next((data for each in contents if (data := data_of(each)) == "trafficking"), data_of(group.content))


def of_person(
    own: BackgroundGroup, merged: Mapping[UUID, BackgroundGroup], first: ResidencePermit | None
) -> BackgroundGroup:
    """A group of somebody with merged records: what the record kept was told, else what the oldest of the others was.

    What else was told is offered beside it. `first`: the first permit, which is found by the same rule on its own.
    """
    told = {each: group for each, group in merged.items() if group.version}
    told_of = None if own.version else next(iter(told), None)
    shown = told[told_of] if told_of else own
    content = shown.content
    if isinstance(content, ResidencePermits):
        content = with_first(without_first(content)[0].model_dump(mode="json"), first)
    return shown.model_copy(
        update={
            "version": own.version,
            "content": content,
            "told_of": told_of,
            "other_versions": tuple(
                OtherVersion(customer_id=each, content=group.content, provenance=group.provenance)
                for each, group in told.items()
                if each != told_of and group.provenance
            ),
        }
    )


def briefly(group: BackgroundGroup) -> BackgroundGroup:
    """The group where all are shown at once: with the contents of other versions the answer could be too large."""
    others = tuple(each.model_copy(update={"content": None}) for each in group.other_versions)
    return group.model_copy(update={"other_versions": others})


def shown(group: BackgroundGroup, customer: Customer, rights: "Rights", relation: str) -> BackgroundGroup:
    """The group as the asker, who may see what it holds, may hear who recorded it."""

    def told(provenance: Provenance) -> Provenance:
        if not hides_elsewhere(provenance.organisation, customer, rights, relation):
            return provenance
        return provenance.model_copy(update={"organisation": MASKED, "recorded_by": MASKED})

    others = tuple(each.model_copy(update={"provenance": told(each.provenance)}) for each in group.other_versions)
    return group.model_copy(
        update={"provenance": group.provenance and told(group.provenance), "other_versions": others}
    )


def empty(group: Group) -> Content:
    """The group with nothing in it."""
    kind = CONTENT_OF_GROUP[group]
    nothing: Content = kind.model_validate({field: [] for field in kind.model_fields} | {"group": group})
    return nothing


def with_first(others: Mapping[str, Any] | None, first: ResidencePermit | None) -> ResidencePermits:
    """The permits of the group as it is kept, and before them the person's first one."""
    marked = (HeldPermit(**dict(first), first=True),) if first else ()
    kept = ResidencePermits.model_validate(others).permits if others else ()
    return ResidencePermits(group="residence_permits", permits=(*marked, *kept))


def without_first(content: ResidencePermits) -> tuple[ResidencePermits, ResidencePermit | None]:
    """The other permits, and the first one as the person has it."""
    first = next((each for each in content.permits if each.first), None)
    others = tuple(each for each in content.permits if not each.first)
    return content.model_copy(update={"permits": others}), first and ResidencePermit.model_validate(first.model_dump())


def reasons(
    why: str | None, first: tuple[ResidencePermit | None, ...], others: tuple[ResidencePermits, ...]
) -> tuple[str | None, str | None]:
    """The reason of a change of permits as it is kept with the first one and with the others, before and after.

    One reason is given for all that is changed at once: when some of it is protected, it is kept with that alone.
    """
    is_changed = others[0] != others[-1]
    first_is_protected = any(data_of(with_first(None, each)) == "trafficking" for each in first)
    others_are_protected = is_changed and any(data_of(each) == "trafficking" for each in others)
    return (
        why if first_is_protected or not others_are_protected else None,
        why if others_are_protected or not first_is_protected else None,
    )


def time_limit(content: Content, on: date) -> TimeLimit | None:
    """How long the customer may be assessed (14 § 1 mom.); None without a first permit, and where 14 § 6 mom. holds."""
    if not isinstance(content, ResidencePermits):
        return None
    first = next((each for each in content.permits if each.first), None)
    if first is None or first.ground == VICTIM_OF_TRAFFICKING:
        return None
    limit = law_on(on).time_limit
    return TimeLimit(last_day=limit.length.after(first.granted_on), legal_basis=limit.legal_basis)


def circumstances(customer_id: UUID, contents: Iterable[Content]) -> CustomerCircumstances:
    """What others hear of the groups CIRCUMSTANCES: which grounds of 14 § 1 mom. hold; null where nothing is told."""
    told: dict[str, bool] = {}
    for each in contents:
        if isinstance(each, Benefits):
            told |= {benefit.kind: benefit.received for benefit in each.benefits if benefit.kind in _TOLD_BENEFITS}
        elif isinstance(each, LifeSituation) and each.facts:
            facts = {fact.fact for fact in each.facts}
            told["unemployed_jobseeker"] = "unemployed_jobseeker" in facts
            told["registered_jobseeker"] = bool(facts & {"unemployed_jobseeker", "registered_jobseeker"})
    return CustomerCircumstances(customer_id=customer_id, **told)


def shown_history(
    entries: Sequence[BackgroundChange], customer: Customer, rights: "Rights", relation: str
) -> tuple[BackgroundChange, ...]:
    """Changes as the asker, who sees the group as it is now, may see them: what was protected then still is."""

    def shown(entry: BackgroundChange) -> BackgroundChange:
        hidden: dict[str, Any] = {}
        if not all(rights.allows(data_of(side), relation) for side in (entry.previous, entry.new) if side):
            hidden |= {"previous": None, "new": None, "why": None, "masked": True}
        if hides_elsewhere(entry.organisation, customer, rights, relation):
            hidden |= {"organisation": MASKED, "changed_by": MASKED}
        return entry.model_copy(update=hidden)

    return tuple(map(shown, entries))


def broken_rules(content: Content, on: date) -> list[FieldError]:
    """The rules that the content of a group breaks on the day; pointers start with /content."""
    [field] = set(type(content).model_fields) - {"group"}
    entries: tuple[Value, ...] = getattr(content, field)
    return [
        FieldError(pointer=f"/content/{field}/{index}/{path}", rule=rule, detail=RULES[rule].format(list=code_list))
        for index, entry in enumerate(entries)
        for path, rule, code_list in (*_broken(entry, on), *_repeated(content, index))
    ]


def _repeated(content: Content, index: int) -> Iterator[Broken]:
    if isinstance(content, Benefits):
        kinds = [each.kind for each in content.benefits]
        if kinds[index] in kinds[:index]:
            yield "kind", "repeated", ""
    if isinstance(content, ResidencePermits):
        firsts = [each.first for each in content.permits]
        if firsts[index] and any(firsts[:index]):
            yield "first", "repeated", ""
        if not firsts[index] and firsts[: index + 1].count(False) == MOST_ENTRIES:
            yield "first", "too_many", ""  # a first one may come with the person


def _broken(entry: Value, on: date) -> Iterator[Broken]:
    if isinstance(entry, HeldPermit):
        for path, rule in broken_by_permit(entry, on):
            yield path, rule, CODE_LISTS.get(path, "")
    if isinstance(entry, Entry) and entry.source and not code_lists.is_valid_information_source(entry.source, on):
        yield "source", "code_list", code_lists.INFORMATION_SOURCES.name
    for field, code_list in _LISTS.get(type(entry), {}).items():
        if not code_list.has(getattr(entry, field), on):
            yield field, "code_list", code_list.name
    if isinstance(entry, LanguageSkill):
        yield from _broken_by_language(entry, on)
    for field in _PAST_DAYS:
        if (day := getattr(entry, field, None)) and day > on:
            yield field, "in_future", ""
    if isinstance(entry, Studies) and entry.year and entry.year > on.year:
        yield "year", "in_future", ""
    if isinstance(entry, Studies | Job) and entry.country and not code_lists.is_country(entry.country):
        yield "country", "code_list", CODE_LISTS["country"]
    if isinstance(entry, Job | Goal) and entry.occupation == Occupation():
        yield "occupation", "nothing_told", ""
    if isinstance(entry, Job) and entry.started_on and entry.ended_on and entry.ended_on < entry.started_on:
        yield "ended_on", "before_started_on", ""


def _broken_by_language(skill: LanguageSkill, on: date) -> Iterator[Broken]:
    if not code_lists.is_language(skill.language):
        yield "language", "code_list", CODE_LISTS["language"]
    for scale in code_lists.PROFICIENCY_SCALES.valid(on):
        if scale.code == skill.scale and not code_lists.LISTS[scale.levels].has(skill.level, on):
            yield "level", "code_list", scale.levels
