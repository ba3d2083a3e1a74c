"""Families: one relation seen from both sides, by whoever reaches them."""

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.customer.families import (
    ChangeFamilyRelation,
    EndFamilyRelation,
    Family,
    FamilyRelationChanges,
    FamilyRelationVersion,
    GetFamily,
)
from contracts.customer.people import CustomerVersion, EraseCustomer
from services.kit.actor import Actor
from services.kit.errors import ChangedMeanwhile, Conflict, Forbidden, InvalidInput, NotFound
from tests.customer.conftest import SISTER, CustomerService, closed, opening, relation
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database
CHILD = {"name": {"family": "Esimerkki", "given": "Ilta"}, "date_of_birth": date(2019, 4, 1)}


async def family(
    customers: CustomerService, known: CustomerVersion, actor: Actor = EXPERT_TAMPERE, on: date | None = None
) -> Family:
    return await customers.ask(GetFamily(customer_id=known.customer_id, on=on), actor)


async def two(customers: CustomerService, actor: Actor = EXPERT_TAMPERE) -> tuple[CustomerVersion, CustomerVersion]:
    """A parent and a child."""
    return await customers.ask(opening(), actor), await customers.ask(opening(**CHILD), actor)


async def joined(
    customers: CustomerService, one: CustomerVersion, kind: str, other: CustomerVersion, **more: Any
) -> FamilyRelationVersion:
    """The two as relatives: the other is that to the one."""
    return await customers.ask(relation(one, kind, relative_id=other.customer_id, **more))


def changing(known: FamilyRelationVersion, **to: Any) -> ChangeFamilyRelation:
    changes = FamilyRelationChanges.model_validate(to)
    return ChangeFamilyRelation(relation_id=known.relation_id, expected_version=known.version, changes=changes)


def ending(known: FamilyRelationVersion, **more: Any) -> EndFamilyRelation:
    return EndFamilyRelation(relation_id=known.relation_id, expected_version=known.version, **more)


async def broken(customers: CustomerService, asked: Any) -> list[tuple[str, str]]:
    """The fields and the rules that they break."""
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(asked)
    return [(each.pointer, each.rule) for each in refused.value.errors]


class TestBothSides:
    @pytest.mark.parametrize(
        ("kind", "inverse"),
        [
            ("child", "parent"),
            ("ward", "guardian"),
            ("represented_child", "representative"),
            ("sibling", "sibling"),
        ],
    )
    async def test_a_relation_recorded_on_one_side_shows_on_the_other(
        self, customers: CustomerService, kind: str, inverse: str
    ) -> None:
        parent, child = await two(customers)
        await joined(customers, parent, kind, child)
        [seen], [from_there] = [(await family(customers, each)).relations for each in (parent, child)]
        assert (seen.kind, seen.customer and seen.customer.customer_id) == (kind, child.customer_id)
        assert (from_there.kind, from_there.customer and from_there.customer.customer_id) == (
            inverse,
            parent.customer_id,
        )

    async def test_a_relative_who_is_no_customer_is_told_by_what_is_known(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        await customers.ask(relation(known, relative=SISTER, source="document"))
        [told] = (await family(customers, known)).relations
        assert told.relative is not None
        assert (told.relative.name.given, told.relative.year_of_birth, told.relative.lives_in) == ("Ilta", 1990, "KEN")
        assert (told.is_customer, told.masked, told.source) == (False, False, "document")

    async def test_a_change_from_one_side_shows_on_the_other(self, customers: CustomerService) -> None:
        parent, child = await two(customers)
        recorded = await joined(customers, child, "parent", parent)
        changed = await customers.ask(changing(recorded, same_household=True, valid_from="2025-01-01"))
        [seen] = (await family(customers, parent)).relations
        assert (seen.version, seen.same_household, seen.valid_from) == (2, True, date(2025, 1, 1))
        await customers.ask(ending(changed))
        assert [(await family(customers, each)).relations for each in (parent, child)] == [(), ()]

    async def test_the_household_are_all_whom_relations_of_one_household_join(self, customers: CustomerService) -> None:
        parent, child = await two(customers)
        other = await customers.ask(opening(), EXPERT_TAMPERE)
        await joined(customers, parent, "child", child, same_household=True)
        await joined(customers, parent, "spouse", other, same_household=True)
        seen = await family(customers, child)
        assert {each.customer_id for each in seen.household} == {parent.customer_id, other.customer_id}
        assert len(seen.relations) == 1

    async def test_who_is_guardian_on_a_day_follows_from_the_days(self, customers: CustomerService) -> None:
        parent, child = await two(customers)
        await joined(customers, child, "guardian", parent, valid_from="2024-01-01", valid_until="2025-12-31")
        in_force = {
            on: (await family(customers, child, on=date.fromisoformat(on))).relations[0].in_force
            for on in ("2023-12-31", "2024-01-01", "2025-12-31", "2026-01-01")
        }
        assert list(in_force.values()) == [False, True, True, False]


class TestWhoSeesWhom:
    async def test_both_have_to_be_reached_to_be_joined(self, customers: CustomerService) -> None:
        here, elsewhere = await customers.ask(opening()), await customers.ask(opening(), EXPERT_HELSINKI)
        for stranger in (elsewhere.customer_id, uuid4()):
            assert await broken(customers, relation(here, relative_id=stranger)) == [("/relative_id", "unknown")]
        with pytest.raises(NotFound):
            await customers.ask(relation(elsewhere, relative=SISTER))

    async def test_of_a_relative_who_is_not_reached_it_is_told_only_that_there_is_one(
        self, customers: CustomerService
    ) -> None:
        parent, child = await two(customers)
        await joined(customers, parent, "child", child, same_household=True)
        limited = replace(EXPERT_TAMPERE, withheld=(child.customer_id,))
        withheld = await family(customers, parent, limited)
        await closed(customers, child)
        former = await family(customers, parent)
        for seen in (withheld, former):
            [told] = seen.relations
            assert (told.kind, told.is_customer, told.customer, told.relative) == ("child", True, None, None)
            assert seen.household == ()
            assert str(child.customer_id) not in seen.model_dump_json()

    async def test_each_look_names_every_customer_who_is_shown(self, customers: CustomerService) -> None:
        parent, child = await two(customers)
        await joined(customers, parent, "child", child)
        await family(customers, parent)
        use = (await customers.uses())[-1]
        assert set(use["customers"]) == {str(parent.customer_id), str(child.customer_id)}
        assert use["data"] == ["family", "identity"]

    async def test_an_advisor_sees_no_family(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        with pytest.raises(Forbidden):
            await family(customers, known, Actor("a", "837", "advisor"))

    async def test_in_an_emergency_the_next_of_kin_are_seen(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        await customers.ask(relation(known, relative=SISTER))
        helper = replace(EXPERT_HELSINKI, emergency=(known.customer_id,))
        assert (await family(customers, known, helper)).relations[0].relative is not None
        with pytest.raises(Forbidden):
            await customers.ask(relation(known, relative=SISTER), helper)

    async def test_a_relation_whose_customers_are_not_reached_does_not_exist(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        recorded = await customers.ask(relation(known, relative=SISTER))
        for asked in (changing(recorded, same_household=True), ending(recorded)):
            with pytest.raises(NotFound):
                await customers.ask(asked, EXPERT_HELSINKI)

    async def test_who_may_not_handle_the_relative_does_not_change_the_relation(
        self, customers: CustomerService
    ) -> None:
        parent, child = await two(customers)
        recorded = await joined(customers, parent, "child", child)
        withheld = replace(EXPERT_TAMPERE, withheld=(child.customer_id,))
        for asked in (changing(recorded, same_household=True), ending(recorded)):
            with pytest.raises(Forbidden):
                await customers.ask(asked, withheld)
        with pytest.raises(NotFound):
            await customers.ask(ending(recorded), replace(withheld, withheld=(child.customer_id, parent.customer_id)))


class TestBrokenRules:
    async def test_somebody_is_named_as_a_customer_or_as_a_person(self, customers: CustomerService) -> None:
        known, other = await two(customers)
        both = [("/relative_id", "one_of"), ("/relative", "one_of")]
        assert await broken(customers, relation(known)) == both
        assert await broken(customers, relation(known, relative_id=other.customer_id, relative=SISTER)) == both

    async def test_nobody_is_the_own_relative(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        asked = relation(known, relative_id=known.customer_id)
        assert await broken(customers, asked) == [("/relative_id", "oneself")]

    async def test_a_parent_is_not_younger_than_the_child(self, customers: CustomerService) -> None:
        parent, child = await two(customers)
        asked = relation(parent, "parent", relative_id=child.customer_id)
        assert await broken(customers, asked) == [("/kind", "younger_than_child")]
        asked = relation(child, "child", relative=SISTER)
        assert await broken(customers, asked) == [("/kind", "younger_than_child")]

    async def test_nobody_is_an_ancestor_of_the_own(self, customers: CustomerService) -> None:
        grandparent = await customers.ask(opening())
        parent, child = [await customers.ask(opening(date_of_birth=date(year, 1, 1))) for year in (2000, 2020)]
        await joined(customers, grandparent, "child", parent)
        await joined(customers, child, "parent", parent)
        asked = relation(child, "child", relative_id=grandparent.customer_id)
        assert ("/kind", "own_ancestor") in await broken(customers, asked)

    async def test_there_are_no_two_spouses_at_once_and_one_after_the_other(self, customers: CustomerService) -> None:
        known, _ = await two(customers)
        first = await customers.ask(relation(known, "spouse", relative=SISTER, valid_until="2020-01-01"))
        second = await customers.ask(relation(known, "spouse", relative=SISTER, valid_from="2020-01-02"))
        assert await broken(customers, relation(known, "spouse", relative=SISTER)) == 2 * [("/kind", "has_spouse")]
        assert await broken(customers, changing(second, valid_from="2019-01-01")) == [("/changes/kind", "has_spouse")]
        await customers.ask(ending(first, ended_on=date(2020, 1, 1)))
        await customers.ask(ending(second))
        await customers.ask(relation(known, "spouse", relative=SISTER))

    async def test_what_is_on_record_is_not_recorded_from_the_other_side(self, customers: CustomerService) -> None:
        parent, child = await two(customers)
        await joined(customers, parent, "child", child)
        asked = relation(child, "parent", relative_id=parent.customer_id)
        assert await broken(customers, asked) == [("/kind", "known_already")]

    @pytest.mark.parametrize(
        ("told", "error"),
        [
            ({"kind": "friend"}, ("/kind", "code_list")),
            ({"source": "hearsay"}, ("/source", "code_list")),
            ({"valid_from": "2026-01-02", "valid_until": "2026-01-01"}, ("/valid_until", "before_valid_from")),
            ({"relative": SISTER | {"lives_in": "QQQ"}}, ("/relative/lives_in", "code_list")),
            ({"relative": SISTER | {"year_of_birth": 2099}}, ("/relative/year_of_birth", "in_future")),
            ({"relative": SISTER | {"date_of_birth": "1991-01-01"}}, ("/relative/date_of_birth", "differs_from_year")),
        ],
    )
    async def test_a_field_that_breaks_a_rule_is_named(
        self, customers: CustomerService, told: dict[str, Any], error: tuple[str, str]
    ) -> None:
        known = await customers.ask(opening())
        assert await broken(customers, relation(known, **({"relative": SISTER} | told))) == [error]

    async def test_a_relation_does_not_end_in_the_future_or_before_it_began(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        recorded = await customers.ask(relation(known, relative=SISTER, valid_from="2026-02-01"))
        for day, rule in ((date(2026, 3, 3), "in_future"), (date(2026, 1, 31), "before_valid_from")):
            assert await broken(customers, ending(recorded, ended_on=day)) == [("/ended_on", rule)]

    async def test_a_relative_who_is_a_customer_is_not_changed_through_the_relation(
        self, customers: CustomerService
    ) -> None:
        parent, child = await two(customers)
        recorded = await joined(customers, parent, "child", child)
        assert await broken(customers, changing(recorded, relative=SISTER)) == [("/changes/relative", "not_a_person")]


class TestOnce:
    async def test_a_repeated_request_is_done_once(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        asked = relation(known, relative=SISTER)
        first, second = [await customers.ask(asked, key="k") for _ in range(2)]
        assert first == second
        assert len((await family(customers, known)).relations) == 1
        ended = [await customers.ask(ending(first), key="e") for _ in range(2)]
        assert ended[0] == ended[1]

    async def test_who_changes_an_old_version_learns_what_was_changed(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        recorded = await customers.ask(relation(known, relative=SISTER))
        await customers.ask(changing(recorded, same_household=True))
        with pytest.raises(ChangedMeanwhile) as refused:
            await customers.ask(ending(recorded))
        assert refused.value.extra["current_version"] == 2
        assert [each.field for each in refused.value.extra["changes"]] == ["same_household"]  # type: ignore[attr-defined]

    async def test_a_change_that_changes_nothing_makes_no_version(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        recorded = await customers.ask(relation(known, relative=SISTER))
        assert (await customers.ask(changing(recorded, same_household=False))).version == 1

    async def test_what_has_ended_does_not_end_again(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        ended = await customers.ask(ending(await customers.ask(relation(known, relative=SISTER))))
        with pytest.raises(Conflict):
            await customers.ask(ending(ended))

    async def test_every_change_is_kept_with_who_when_why_and_source(self, customers: CustomerService) -> None:
        known = await customers.ask(opening())
        recorded = await customers.ask(relation(known, relative=SISTER, why="Told so"))
        await customers.ask(ending(recorded, why="Not her sister", source="document"))
        rows = await customers.rows("SELECT * FROM family_relation_history ORDER BY version, id")
        assert [(row["version"], row["field"]) for row in rows] == [
            (1, "kind"),
            (1, "relative"),
            (2, "valid_until"),
            (2, "ended"),
        ]
        assert {(row["why"], row["source"], row["organisation"]) for row in rows} == {
            ("Told so", "customer", "837"),
            ("Not her sister", "document", "837"),
        }


async def test_erasing_one_leaves_nothing_of_the_relation_with_the_other(customers: CustomerService) -> None:
    parent, child = await two(customers)
    await joined(customers, parent, "child", child)
    await customers.ask(EraseCustomer(customer_id=child.customer_id), RECORDS_TAMPERE)
    assert (await family(customers, parent)).relations == ()
    left = await customers.rows("SELECT FROM family_relation_history")
    assert left == []


async def test_the_way_relations_are_found_does_not_depend_on_how_they_were_recorded(
    customers: CustomerService,
) -> None:
    ids: set[UUID] = set()
    for kind, one_first in (("child", True), ("parent", False)):
        parent, child = await two(customers)
        one, other = (parent, child) if one_first else (child, parent)
        ids.add((await joined(customers, one, kind, other)).relation_id)
        assert [each.kind for each in (await family(customers, parent)).relations] == ["child"]
    assert len(ids) == 2
