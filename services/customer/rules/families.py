"""What may be recorded and told of families: pure functions, no I/O and no clock."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from contracts.customer.families import FamilyRelation, FamilyRelationChanges, Relative
from contracts.customer.people import Customer, CustomerCard
from contracts.envelope import FieldError
from services.customer.rules.people import Difference
from services.kit import code_lists

if TYPE_CHECKING:  # it knows SQL, and nothing here does
    from services.kit.rights import Rights

MOST_RELATIONS = 50
"""Of one customer, not ended: an extended family, and no reception centre."""
RULES = {
    "one_of": "give either relative_id or relative",
    "oneself": "nobody is related to himself or herself",
    "unknown": "no such customer",
    "code_list": "the code is not on its list on that day",
    "known_already": "this relation is on record already",
    "has_spouse": "one of the two has a spouse on record at that time: end that relation first",
    "younger_than_child": "the parent would be younger than the child",
    "own_ancestor": "somebody would be his or her own ancestor",
    "too_many": f"a customer has at most {MOST_RELATIONS} relations",
    "in_future": "the day is in the future",
    "differs_from_year": "the day of birth is of another year",
    "before_valid_from": "the relation would end before it begins",
    "not_a_person": "the relative is a customer: change that customer",
    "protected": "this is protected: changing it takes a right of its own, and a stated purpose",
}
"""What each rule says to the person who broke it, without the value that was entered."""

_PARENT, _CHILD, _SPOUSE = "parent", "child", "spouse"
FIELDS = ("relative", "same_household", "valid_from", "valid_until")
"""What can be changed of a relation."""


@dataclass(frozen=True)
class Relation:
    """A relation as it is on record: `kind` says what the relative is to the customer."""

    relation_id: UUID
    version: int
    customer_id: UUID
    relative_id: UUID | None
    kind: str
    relative: Relative | None
    same_household: bool
    valid_from: date | None
    valid_until: date | None
    ended: bool
    source: str

    @property
    def people(self) -> tuple[UUID, ...]:
        """The customers whom it joins: one or two."""
        return (self.customer_id, self.relative_id) if self.relative_id else (self.customer_id,)

    def other(self, customer_id: UUID) -> UUID | None:
        """The customer on the other side."""
        return self.customer_id if customer_id == self.relative_id else self.relative_id

    def kind_for(self, customer_id: UUID) -> str:
        """What the other one is to this customer."""
        return self.kind if customer_id == self.customer_id else inverse(self.kind)

    def is_in_force(self, on: date) -> bool:
        """Whether it holds on the day."""
        return not self.ended and (self.valid_from or on) <= on <= (self.valid_until or on)

    def overlaps(self, other: "Relation") -> bool:
        """Whether there is a day on which both hold."""
        begins = max(self.valid_from or date.min, other.valid_from or date.min)
        return begins <= min(self.valid_until or date.max, other.valid_until or date.max)


def inverse(kind: str) -> str:
    """What somebody is to whom the other is this."""
    entries = code_lists.FAMILY_RELATION_KINDS.entries
    return next(each.inverse for each in entries if each.code == kind)


def broken_rules(
    relation: Relation,
    born: Mapping[UUID, date],
    others: Collection[Relation],
    ancestors: Collection[UUID],
    on: date,
    *,
    within: str = "",
) -> list[FieldError]:
    """The rules that a relation breaks on a day.

    `born`: when its customers were; `others`: their other relations that were not ended; `ancestors`: those of the
    parent whom the relation tells of, if any.
    """
    return [_error(f"{within}/{path}", rule) for path, rule in _broken(relation, born, others, ancestors, on)]


def broken_by_naming(customer_id: UUID, relative_id: UUID | None, relative: Relative | None) -> list[FieldError]:
    """The rules that naming the two people breaks."""
    if (relative_id is None) == (relative is None):
        return [_error("/relative_id", "one_of"), _error("/relative", "one_of")]
    return [_error("/relative_id", "oneself")] if relative_id == customer_id else []


def unknown_relative() -> list[FieldError]:
    """What is said of a customer whom the asker does not reach, as of one who does not exist."""
    return [_error("/relative_id", "unknown")]


def broken_by_changing(before: Relation, changes: FamilyRelationChanges) -> list[FieldError]:
    """The fields that can't be changed like this."""
    if before.relative is None and changes.relative:
        return [_error("/changes/relative", "not_a_person")]
    return []


def broken_by_ending(relation: Relation, ended_on: date, today: date) -> list[FieldError]:
    """The rules that ending the relation on that day breaks."""
    if ended_on > today:
        return [_error("/ended_on", "in_future")]
    return [_error("/ended_on", "before_valid_from")] if ended_on < (relation.valid_from or ended_on) else []


def broken_by_protection(
    before: Relation, after: Relation, customers: Iterable[Customer], rights: "Rights", standing: str, *, within: str
) -> list[FieldError]:
    """The fields whose change would overwrite what is masked, or lift a protection, without the right to."""
    if rights.allows("protected_contact", standing) or not any(each.non_disclosure for each in customers):
        return []
    hidden = ["relative"] if before.relative != after.relative else []
    lifted = before.same_household and (after.ended or not after.same_household)
    denied = hidden + (["same_household"] if lifted else [])
    return [_error(f"{within}/{field}" if within else "", "protected") for field in denied]


def changed(before: Relation, changes: FamilyRelationChanges) -> dict[str, Any]:
    """The fields with the changes made: one left out stays, null empties it; who the relative is can't be emptied."""
    given = {field: getattr(changes, field) for field in changes.model_fields_set}
    if given.get("relative", before.relative) is None:
        given.pop("relative", None)
    if "same_household" in given:
        given["same_household"] = bool(given["same_household"])
    return given


def differences(before: Relation | None, after: Relation) -> list[Difference]:
    """The fields in which two states of a relation differ; `before` is None for one that is new."""
    pairs = [
        Difference(field, _json(getattr(before, field, None)), _json(getattr(after, field)))
        for field in ("kind", *FIELDS, "ended")
    ]
    return [each for each in pairs if each.previous != each.new]


def shown(
    relation: Relation,
    customer: Customer,
    cards: Mapping[UUID, CustomerCard],
    rights: "Rights",
    standing: str,
    on: date,
) -> FamilyRelation:
    """The relation as the asker sees it from the customer's side: `cards` are the relatives whom he or she reaches."""
    other = relation.other(customer.customer_id)
    masked = relation.relative is not None and is_masked(customer, rights, standing)
    return FamilyRelation(
        relation_id=relation.relation_id,
        version=relation.version,
        kind=relation.kind_for(customer.customer_id),
        is_customer=other is not None,
        customer=cards.get(other) if other else None,
        relative=None if masked else relation.relative,
        masked=masked,
        same_household=relation.same_household,
        valid_from=relation.valid_from,
        valid_until=relation.valid_until,
        in_force=relation.is_in_force(on),
        source=relation.source,
    )


def is_masked(customer: Customer, rights: "Rights", standing: str) -> bool:
    """Whether it is hidden who the relatives are: they lead to where somebody under non-disclosure lives."""
    return customer.non_disclosure and not rights.allows("protected_contact", standing)


def data_seen(customer: Customer, relations: Iterable[Relation], rights: "Rights", standing: str) -> set[str]:
    """The data groups that the asker sees of a family."""
    opened = customer.non_disclosure and rights.allows("protected_contact", standing)
    told = any(each.relative for each in relations)
    return {"family", "identity"} | ({"protected_contact"} if opened and told else set())


def protected_by_household(joined: Iterable[tuple[UUID, UUID]], own: Collection[UUID]) -> set[UUID]:
    """Who shares a household with somebody else under non-disclosure: `joined` share one, `own` have it themselves."""
    household_of: dict[UUID, set[UUID]] = {}
    for one, other in joined:
        merged = household_of.get(one, {one}) | household_of.get(other, {other})
        household_of.update(dict.fromkeys(merged, merged))
    return {each for each, household in household_of.items() if not household.isdisjoint(set(own) - {each})}


def card_of(customer: Customer) -> CustomerCard:
    """What a list shows of the customer."""
    person = customer.person
    return CustomerCard(customer_id=customer.customer_id, name=person.name, date_of_birth=person.date_of_birth)


def parent_and_child(relation: Relation) -> tuple[UUID | None, UUID | None] | None:
    """Who of the two is the parent and who the child, None for who is no customer; None for another kind."""
    sides = (relation.relative_id, relation.customer_id)
    return {_PARENT: sides, _CHILD: sides[::-1]}.get(relation.kind)


def _broken(
    relation: Relation,
    born: Mapping[UUID, date],
    others: Collection[Relation],
    ancestors: Collection[UUID],
    on: date,
) -> Iterator[tuple[str, str]]:
    if not code_lists.is_valid_family_relation_kind(relation.kind, on):
        yield "kind", "code_list"
        return
    if not code_lists.is_valid_information_source(relation.source, on):
        yield "source", "code_list"
    if relation.valid_from and relation.valid_until and relation.valid_until < relation.valid_from:
        yield "valid_until", "before_valid_from"
    yield from _broken_by_relative(relation.relative, on)
    for other in others:
        same = relation.relative_id is not None and other.people in (relation.people, relation.people[::-1])
        if same and other.kind_for(relation.customer_id) == relation.kind and relation.overlaps(other):
            yield "kind", "known_already"
        elif relation.kind == _SPOUSE and other.kind == _SPOUSE and relation.overlaps(other):
            yield "kind", "has_spouse"
    if any(sum(one in other.people for other in others) >= MOST_RELATIONS for one in relation.people):
        yield "", "too_many"
    if family := parent_and_child(relation):
        if family[1] in ancestors:
            yield "kind", "own_ancestor"
        years = [_born(who, relation.relative, born) for who in family]
        if years[0] and years[1] and years[0] >= years[1]:
            yield "kind", "younger_than_child"


def _broken_by_relative(relative: Relative | None, on: date) -> Iterator[tuple[str, str]]:
    if relative is None:
        return
    if relative.date_of_birth and relative.date_of_birth > on:
        yield "relative/date_of_birth", "in_future"
    if relative.year_of_birth and relative.year_of_birth > on.year:
        yield "relative/year_of_birth", "in_future"
    if relative.date_of_birth and relative.year_of_birth not in (None, relative.date_of_birth.year):
        yield "relative/date_of_birth", "differs_from_year"
    if relative.lives_in and not code_lists.is_country(relative.lives_in):
        yield "relative/lives_in", "code_list"


def _born(who: UUID | None, relative: Relative | None, born: Mapping[UUID, date]) -> int | None:
    """The year of birth; in the same year nobody is anybody's parent either."""
    if who is not None:
        return born[who].year
    assert relative is not None
    return relative.date_of_birth.year if relative.date_of_birth else relative.year_of_birth


def _json(value: object) -> object:
    if isinstance(value, Relative):
        return value.model_dump(mode="json", exclude_none=True)
    return value.isoformat() if isinstance(value, date) else value or None


def _error(pointer: str, rule: str) -> FieldError:
    return FieldError(pointer=pointer.rstrip("/"), rule=rule, detail=RULES[rule])
