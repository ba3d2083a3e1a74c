"""Families: who is related to whom, and what follows for a household."""

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.customer.families import (
    ChangeFamilyRelation,
    EndFamilyRelation,
    Family,
    FamilyRelationVersion,
    GetFamily,
    RecordFamilyRelation,
)
from contracts.customer.people import Customer
from services.customer.handlers import households
from services.customer.handlers.records import relation_to
from services.customer.repository import families, people
from services.customer.rules import families as rules
from services.customer.rules.families import Relation
from services.customer.rules.people import shown_changes
from services.kit.clock import helsinki_date
from services.kit.errors import ChangedMeanwhile, Conflict, Forbidden, InvalidInput, NotFound, check_input
from services.kit.words import words
from services.kit.work import Work

_MOST_IN_A_LINE = 100
"""Customers in one line of the usage log."""


async def get_family(message: GetFamily, work: Work) -> Family:
    """The relations of a customer, and the household; relatives who are customers as far as the asker reaches them."""
    if not work.rights.relations(families.REACHED_BY):
        raise Forbidden("The role does not allow seeing families.")
    customer = await _reached(work, message.customer_id)
    standing, on = relation_to(work, customer), message.on or helsinki_date(work.now)
    ids = {customer.customer_id, *customer.merged}
    relations = await families.of_people(work, await families.relations_of(work, ids))
    members = set(await families.household(work, ids)) - ids
    relatives = {other for each in relations if (other := each.other(customer.customer_id))}
    cards = {each.customer_id: each for each in await people.get_cards(work, members | relatives)}
    seen = rules.data_seen(customer, relations, work.rights, standing)
    _record_use(work, [customer.customer_id, *cards], seen, standing, customer)
    return Family(
        customer=rules.card_of(customer),
        on=on,
        non_disclosure=customer.non_disclosure,
        relations=tuple(rules.shown(each, customer, cards, work.rights, standing, on) for each in relations),
        household=tuple(cards[each] for each in sorted(members & cards.keys())),
    )


async def record_family_relation(message: RecordFamilyRelation, work: Work) -> FamilyRelationVersion:
    """Records a relation of a customer whom the asker reaches, to another whom he or she reaches, or to a person."""
    named = await _named(message, work)
    if done := await work.outcome_of_repeat(FamilyRelationVersion):
        return done
    members = await households.lock(work, *named)
    customers = [await _reached(work, each) for each in named]
    relation = Relation(
        relation_id=uuid7(),
        version=1,
        customer_id=named[0],
        relative_id=named[1] if message.relative_id else None,
        kind=message.kind,
        relative=message.relative,
        same_household=message.same_household,
        valid_from=message.valid_from,
        valid_until=message.valid_until,
        ended=False,
        source=message.source,
    )
    await _check(work, relation, customers)
    await families.add(work, relation)
    await families.add_history(
        work, relation, rules.differences(None, relation), source=message.source, why=message.why
    )
    await households.protect(work, members)
    _record_use(work, named, ["family"], relation_to(work, customers[0]), *customers)
    return _version(relation)


async def change_family_relation(message: ChangeFamilyRelation, work: Work) -> FamilyRelationVersion:
    """Changes what is known of a relation. A change that changes nothing makes no version."""
    await _known(work, message.relation_id)
    if done := await work.outcome_of_repeat(FamilyRelationVersion):
        return done
    before, members = await _lock(work, message.relation_id, message.expected_version)
    check_input(rules.broken_by_changing(before, message.changes))
    after = replace(before, version=before.version + 1, source=message.source, **rules.changed(before, message.changes))
    return await _change(work, before, after, members, message.source, message.why, within="/changes")


async def end_family_relation(message: EndFamilyRelation, work: Work) -> FamilyRelationVersion:
    """Ends a relation, and with it the household that it made."""
    await _known(work, message.relation_id)
    if done := await work.outcome_of_repeat(FamilyRelationVersion):
        return done
    before, members = await _lock(work, message.relation_id, message.expected_version)
    today = helsinki_date(work.now)
    ended_on = message.ended_on or today
    check_input(rules.broken_by_ending(before, ended_on, today))
    after = replace(before, version=before.version + 1, valid_until=ended_on, ended=True, source=message.source)
    return await _change(work, before, after, members, message.source, message.why)


async def _named(message: RecordFamilyRelation, work: Work) -> tuple[UUID, ...]:
    """The customers that the message names; raises NotFound or InvalidInput for those whom the asker does not reach."""
    customer_id = (await _reached(work, message.customer_id)).customer_id
    check_input(rules.broken_by_naming(customer_id, message.relative_id, message.relative))
    if message.relative_id is None:
        return (customer_id,)
    try:
        relative_id = (await _reached(work, message.relative_id)).customer_id
    except NotFound:
        raise InvalidInput(errors=rules.unknown_relative()) from None
    check_input(rules.broken_by_naming(customer_id, relative_id, message.relative))
    return (customer_id, relative_id)


async def _reached(work: Work, customer_id: UUID) -> Customer:
    return await people.get(work, customer_id, work.rights.reach(families.REACHED_BY))


async def _known(work: Work, relation_id: UUID) -> Relation:
    """The relation; raises NotFound, or Forbidden when one of the two is somebody whom the actor may not handle."""
    relation = await families.get(work, relation_id)
    if not (await families.ids_of(work, relation.people)).isdisjoint(work.actor.withheld):
        raise Forbidden("The relative is a customer whom the user may not handle.")
    return relation


async def _lock(work: Work, relation_id: UUID, expected: int) -> tuple[Relation, tuple[UUID, ...]]:
    """The relation and everybody in its households, locked; raises Conflict and ChangedMeanwhile."""
    members = await households.lock(work, *(await _known(work, relation_id)).people)
    relation = await families.get(work, relation_id)
    if relation.version != expected:
        changes = await families.changes_after(work, relation_id, expected)
        customer = await people.get_anybody(work, relation.customer_id)
        told = shown_changes(changes, customer, work.rights, relation_to(work, customer))
        raise ChangedMeanwhile(current_version=relation.version, changes=told)
    if relation.ended:
        raise Conflict("The relation has ended.")
    return relation, members


async def _change(
    work: Work,
    before: Relation,
    after: Relation,
    members: tuple[UUID, ...],
    source: str,
    why: str | None,
    *,
    within: str = "",
) -> FamilyRelationVersion:
    customers = [await people.get_anybody(work, each) for each in after.people]
    # from a side that the asker reaches: a former customer may stand on the other
    within_reach = work.rights.relations(families.REACHED_BY)
    standing = next(each for each in (relation_to(work, one) for one in customers) if each in within_reach)
    if errors := rules.broken_by_protection(before, after, customers, work.rights, standing, within=within):
        raise Forbidden(errors=errors)
    differences = rules.differences(before, after)
    _record_use(work, [each.customer_id for each in customers], ["family"], standing, *customers)
    if not differences:
        return _version(before)
    if not after.ended:
        await _check(work, after, customers, within=within)
    await families.change(work, after)
    await families.add_history(work, after, differences, source=source, why=why)
    await households.protect(work, members)
    return _version(after)


async def _check(work: Work, recorded: Relation, customers: Iterable[Customer], *, within: str = "") -> None:
    others = await families.relations_of(work, await families.ids_of(work, recorded.people))
    others = await families.of_people(work, [each for each in others if each.relation_id != recorded.relation_id])
    relation = next(iter(await families.of_people(work, [recorded])), None)
    if relation is None:  # both records are of one person now
        return
    parent = (rules.parent_and_child(relation) or (None, None))[0]
    check_input(
        rules.broken_rules(
            relation,
            {each.customer_id: each.person.date_of_birth for each in customers},
            others,
            await families.ancestors(work, parent) if parent else (),
            helsinki_date(work.now),
            within=within,
        )
    )


def _record_use(
    work: Work, customer_ids: Iterable[UUID], data: Iterable[str], standing: str, *customers: Customer
) -> None:
    told, data = list(customer_ids), sorted(data)
    for first in range(0, len(told), _MOST_IN_A_LINE):
        work.record_use(
            told[first : first + _MOST_IN_A_LINE],
            data,
            relation=standing,
            words=[word for each in customers for word in words(each.person.name.family)],
        )


def _version(relation: Relation) -> FamilyRelationVersion:
    return FamilyRelationVersion(relation_id=relation.relation_id, version=relation.version)
