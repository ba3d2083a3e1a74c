"""The groups of a customer's background: each read and changed on its own, protected by what it holds."""

import asyncio
import json
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from contracts.customer.background import (
    MOST_BACKGROUND_HISTORY,
    MOST_ENTRIES,
    Background,
    BackgroundGroup,
    BackgroundHistory,
    BackgroundVersion,
    ChangeBackground,
    GetBackground,
    GetBackgroundGroup,
    GetBackgroundHistory,
    Group,
    LifeSituation,
)
from contracts.customer.people import CustomerVersion, EraseCustomer, GetCustomer, GetCustomerHistory
from services.customer.rules.background import CIRCUMSTANCES, circumstances
from services.kit.actor import Actor
from services.kit.errors import ChangedMeanwhile, Forbidden, InvalidInput, NotFound
from tests.customer.conftest import CustomerService, changing, opening
from tests.customer.test_policy import PERMIT, UNMASKING, county_worker
from tests.support import EXPERT_HELSINKI, EXPERT_TAMPERE, RECORDS_TAMPERE

pytestmark = pytest.mark.database

SUPERVISOR = Actor("supervisor@tampere", "837", "supervisor")
NURSE = {"level": "6", "name": "Nursing", "country": "SOM", "completed": True, "year": 2019}
SECRET = "Planted illness of the back"
HEARD = {"found_out_by": "interview"}
CONTENTS: dict[Group, dict[str, Any]] = {
    "residence_permits": {"permits": [{"kind": "temporary", "ground": "study", "granted_on": "2025-01-15"}]},
    "education": {"studies": [NURSE]},
    "work_history": {"jobs": [{"occupation": {"name": "Nurse"}, "started_on": "2020-01-01", "tasks": "A ward"}]},
    "language_skills": {
        "languages": [
            {
                "language": "fi",
                "kind": "speaking",
                "scale": "cefr_finland",
                "level": "A2.1",
                "found_out_by": "interview",
            },
            {
                "language": "so",
                "kind": "writing",
                "scale": "literacy",
                "level": "literate",
                "found_out_by": "interview",
            },
        ]
    },
    "skills": {"skills": [{"name": "Sewing", "found_out_by": "self_assessment"}]},
    "goals": {"goals": [{"kind": "employment", "description": "To nurse again", "occupation": {"name": "Nurse"}}]},
    "life_situation": {"facts": [{"fact": "caring_for_children_at_home"}]},
    "benefits": {"benefits": [{"kind": "child_home_care_allowance", "received": True, "since": "2025-09-01"}]},
    "health": {"facts": [{"effect": "working", "description": SECRET}]},
}


def replacing(
    known: CustomerVersion, group: Group, to: dict[str, Any] | None = None, *, version: int = 0, **more: Any
) -> ChangeBackground:
    """The request to put this in the place of what the group holds."""
    content = {"group": group, **(CONTENTS[group] if to is None else to)}
    told = {"customer_id": known.customer_id, "expected_version": version, "content": content, **more}
    return ChangeBackground.model_validate(told)


async def whole(
    customers: CustomerService, known: CustomerVersion, actor: Actor = EXPERT_TAMPERE
) -> tuple[set[str], Background]:
    """The groups that the actor sees, and the answer."""
    found = await customers.ask(GetBackground(customer_id=known.customer_id), actor)
    return {each.content.group for each in found.groups}, found


async def one(
    customers: CustomerService, known: CustomerVersion, group: Group, actor: Actor = EXPERT_TAMPERE
) -> BackgroundGroup:
    return await customers.ask(GetBackgroundGroup(customer_id=known.customer_id, group=group), actor)


async def past(
    customers: CustomerService,
    known: CustomerVersion,
    group: Group,
    actor: Actor = EXPERT_TAMPERE,
    cursor: int | None = None,
) -> BackgroundHistory:
    asked = GetBackgroundHistory(customer_id=known.customer_id, group=group, cursor=cursor)
    return await customers.ask(asked, actor)


def held(group: BackgroundGroup) -> dict[str, Any]:
    """What a group holds, without what was not told."""
    content: dict[str, Any] = group.content.model_dump(mode="json", exclude_none=True, exclude={"group"})
    return content


@pytest.fixture(params=[group for group in CONTENTS if group != "residence_permits"])
def group(request: pytest.FixtureRequest) -> Group:
    chosen: Group = request.param
    return chosen


class TestAGroup:
    async def test_it_is_read_as_it_was_told_with_where_it_comes_from(
        self, customers: CustomerService, group: Group
    ) -> None:
        opened = await customers.ask(opening())
        changed = await customers.ask(replacing(opened, group, source="document", why="Was shown"))
        assert changed == BackgroundVersion(customer_id=opened.customer_id, group=group, version=1)
        found = await one(customers, opened, group)
        assert (found.version, held(found)) == (1, CONTENTS[group])
        assert found.provenance
        assert (found.provenance.source, found.provenance.recorded_by) == ("document", "expert@tampere")
        assert (found.provenance.organisation, found.provenance.recorded_at) == ("837", customers.clock.now())
        assert "§" in found.provenance.legal_basis

    async def test_of_which_nothing_is_known_has_version_zero_and_comes_from_nowhere(
        self, customers: CustomerService, group: Group
    ) -> None:
        found = await one(customers, await customers.ask(opening()), group)
        assert (found.version, found.provenance, [*held(found).values()]) == (0, None, [[]])

    async def test_two_people_change_two_groups_at_once(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening())
        told = await asyncio.gather(
            customers.ask(replacing(opened, "education")),
            customers.ask(replacing(opened, "goals"), SUPERVISOR),
        )
        assert [each.version for each in told] == [1, 1]

    async def test_of_two_who_change_one_at_once_the_second_learns_who_was_first(
        self, customers: CustomerService
    ) -> None:
        opened = await customers.ask(opening())
        first = (replacing(opened, "education"), EXPERT_TAMPERE)
        done, refused = await customers.ask_while(first, (replacing(opened, "education", {"studies": []}), SUPERVISOR))
        assert isinstance(done, BackgroundVersion)
        assert isinstance(refused, ChangedMeanwhile)
        problem = refused.problem()
        assert problem.current_version == 1
        assert [(each.field, each.version, each.changed_by) for each in problem.changes] == [
            ("education", 1, "expert@tampere")
        ]

    async def test_a_repeated_change_is_done_once(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening())
        asked = replacing(opened, "education")
        assert [(await customers.ask(asked, key="k")).version for _ in range(2)] == [1, 1]
        assert (await one(customers, opened, "education")).version == 1

    async def test_a_change_that_changes_nothing_makes_no_version(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening())
        await customers.ask(replacing(opened, "education"))
        assert (await customers.ask(replacing(opened, "education", version=1))).version == 1
        assert len((await past(customers, opened, "education")).entries) == 1

    async def test_a_change_tells_other_services_nothing_but_what_the_law_makes_of_it(
        self, customers: CustomerService, group: Group
    ) -> None:
        opened = await customers.ask(opening())
        await customers.ask(replacing(opened, group))
        consequences = ["customer.circumstances_changed.v1"] if group in CIRCUMSTANCES else []
        assert await customers.events(opened.customer_id) == ["customer.opened.v1", *consequences]

    async def test_its_history_tells_who_changed_what_and_why_a_page_at_a_time(
        self, customers: CustomerService, group: Group
    ) -> None:
        opened = await customers.ask(opening())
        contents = [CONTENTS[group], dict.fromkeys(CONTENTS[group], ())]
        for version in range(MOST_BACKGROUND_HISTORY + 1):
            asked = replacing(opened, group, contents[version % 2], version=version, why=f"{SECRET} {version}")
            await customers.ask(asked)
        page = await past(customers, opened, group)
        rest = await past(customers, opened, group, cursor=page.next_cursor)
        assert (page.next_cursor, rest.next_cursor) == (MOST_BACKGROUND_HISTORY, None)
        entries = page.entries + rest.entries
        assert [each.version for each in entries] == list(range(1, MOST_BACKGROUND_HISTORY + 2))
        assert [each.why for each in entries] == [f"{SECRET} {each}" for each in range(MOST_BACKGROUND_HISTORY + 1)]
        assert entries[0].previous is None
        assert [each.previous for each in entries[1:]] == [each.new for each in entries[:-1]]


@pytest.mark.parametrize(
    ("group", "entry", "broken"),
    [
        ("education", NURSE | {"level": "33"}, {("studies/0/level", "code_list")}),
        ("education", NURSE | {"country": "ZZZ"}, {("studies/0/country", "code_list")}),
        ("education", NURSE | {"year": 2027}, {("studies/0/year", "in_future")}),
        ("education", NURSE | {"source": "hearsay"}, {("studies/0/source", "code_list")}),
        ("work_history", {"occupation": {}}, {("jobs/0/occupation", "nothing_told")}),
        (
            "work_history",
            {"occupation": {"name": "Nurse"}, "started_on": "2020-01-02", "ended_on": "2020-01-01"},
            {("jobs/0/ended_on", "before_started_on")},
        ),
        (
            "language_skills",
            {"language": "qq", "kind": "singing", "scale": "cefr", "level": "A2.1", "found_out_by": "ear"},
            {
                ("languages/0/language", "code_list"),
                ("languages/0/kind", "code_list"),
                ("languages/0/level", "code_list"),
                ("languages/0/found_out_by", "code_list"),
            },
        ),
        (
            "language_skills",
            {"language": "fi", "kind": "speaking", "scale": "q", "level": "A1", "found_out_by": "interview"},
            {("languages/0/scale", "code_list")},
        ),
        ("skills", {"name": "Sewing", "found_out_by": "ear"}, {("skills/0/found_out_by", "code_list")}),
        ("goals", {"kind": "fame", "description": "-"}, {("goals/0/kind", "code_list")}),
        ("life_situation", {"fact": "rich"}, {("facts/0/fact", "code_list")}),
        (
            "benefits",
            {"kind": "housing", "received": True, "since": "2026-03-03"},
            {("benefits/0/kind", "code_list"), ("benefits/0/since", "in_future")},
        ),
        ("health", {"effect": "q", "description": "-"}, {("facts/0/effect", "code_list")}),
        (
            "residence_permits",
            {
                "kind": "q",
                "ground": "q",
                "granted_on": "2026-03-03",
                "valid_from": "2026-03-03",
                "valid_until": "2026-03-02",
            },
            {
                ("permits/0/kind", "code_list"),
                ("permits/0/ground", "code_list"),
                ("permits/0/granted_on", "in_future"),
                ("permits/0/valid_until", "before_valid_from"),
            },
        ),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_field_and_rule(
    customers: CustomerService, group: Group, entry: dict[str, Any], broken: set[tuple[str, str]]
) -> None:
    opened = await customers.ask(opening())
    [field] = CONTENTS[group]
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(replacing(opened, group, {field: [entry]}))
    assert {(each.pointer, each.rule) for each in refused.value.errors} == {
        (f"/content/{path}", rule) for path, rule in broken
    }
    assert await customers.rows("SELECT FROM background") == []


@pytest.mark.parametrize(("group", "more"), [("benefits", {}), ("residence_permits", {"first": True})])
async def test_a_benefit_and_a_first_permit_stand_once(
    customers: CustomerService, group: Group, more: dict[str, Any]
) -> None:
    opened = await customers.ask(opening())
    [(field, [entry])] = CONTENTS[group].items()
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(replacing(opened, group, {field: [entry | more] * 2}))
    assert [each.rule for each in refused.value.errors] == ["repeated"]


async def test_an_unknown_source_is_refused(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    with pytest.raises(InvalidInput) as refused:
        await customers.ask(replacing(opened, "goals", source="hearsay"))
    assert [(each.pointer, each.rule) for each in refused.value.errors] == [("/source", "code_list")]


WORK = {"kind": "continuous", "ground": "work", "granted_on": "2024-02-29"}
STUDIES = {"kind": "temporary", "ground": "study", "granted_on": "2025-01-15"}


class TestResidencePermits:
    async def test_the_person_s_first_permit_stands_among_them_with_the_last_day_of_three_years(
        self, customers: CustomerService
    ) -> None:
        opened = await customers.ask(opening(first_residence_permit=WORK))
        found = await one(customers, opened, "residence_permits")
        assert held(found) == {"permits": [WORK | {"first": True}]}
        assert found.time_limit
        assert (found.time_limit.last_day, found.time_limit.legal_basis) == (date(2027, 2, 28), "681/2023 14 § 1 mom.")
        assert found.provenance
        assert (found.version, found.provenance.source) == (1, "customer")

    async def test_others_are_kept_beside_it_and_change_nothing_of_the_person(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening(first_residence_permit=WORK))
        both = {"permits": [WORK | {"first": True}, STUDIES]}
        changed = await customers.ask(replacing(opened, "residence_permits", both, version=1))
        assert changed.version == 2
        found = await one(customers, opened, "residence_permits")
        assert held(found) == {"permits": [WORK | {"first": True}, STUDIES | {"first": False}]}
        assert (await customers.ask(GetCustomer(customer_id=opened.customer_id))).version == 1
        assert await customers.events(opened.customer_id) == ["customer.opened.v1"]

    async def test_another_first_one_is_a_change_of_the_person(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening(first_residence_permit=WORK))
        swapped = {"permits": [WORK, STUDIES | {"first": True}]}
        asked = replacing(opened, "residence_permits", swapped, version=1, source="immigration_service", why="Migri")
        assert (await customers.ask(asked)).version == 3, "the person's permit and the others"
        person = await customers.ask(GetCustomer(customer_id=opened.customer_id))
        assert person.version == 2
        assert person.person.first_residence_permit
        assert person.person.first_residence_permit.ground == "study"
        history = await customers.ask(GetCustomerHistory(customer_id=opened.customer_id))
        last = history.entries[-1]
        assert (last.field, last.source, last.why) == ("first_residence_permit", "immigration_service", "Migri")
        [_, event] = await customers.told()
        assert (event["type"], json.loads(event["data"])["first_permit_on"]) == ("customer.changed.v1", "2025-01-15")
        found = await one(customers, opened, "residence_permits")
        assert (found.version, found.time_limit and found.time_limit.last_day) == (3, date(2028, 1, 15))
        entries = (await past(customers, opened, "residence_permits")).entries
        assert [each.version for each in entries] == [1, 2, 3]

    async def test_a_first_permit_changed_with_the_person_meanwhile_is_not_overwritten(
        self, customers: CustomerService
    ) -> None:
        opened = await customers.ask(opening(first_residence_permit=WORK))
        await customers.ask(changing(opened, first_residence_permit=STUDIES), SUPERVISOR)
        with pytest.raises(ChangedMeanwhile) as refused:
            await customers.ask(replacing(opened, "residence_permits", {"permits": []}, version=1))
        problem = refused.value.problem()
        assert (problem.current_version, [each.changed_by for each in problem.changes]) == (2, [SUPERVISOR.user])

    @pytest.mark.parametrize("as_first", [True, False])
    async def test_a_reason_given_for_protected_and_other_permits_at_once_is_kept_with_the_protected_alone(
        self, customers: CustomerService, as_first: bool
    ) -> None:
        opened = await customers.ask(opening(first_residence_permit=WORK))
        mixed = {"permits": [PERMIT | {"first": as_first}, STUDIES | {"first": not as_first}]}
        await customers.ask(replacing(opened, "residence_permits", mixed, version=1, why=SECRET))
        plain = {"permits": [WORK | {"first": True}]}
        await customers.ask(replacing(opened, "residence_permits", plain, version=3, why=SECRET), UNMASKING)
        asked = GetCustomerHistory(customer_id=opened.customer_id)
        for actor, is_told in ((EXPERT_TAMPERE, False), (UNMASKING, True)):
            told = await past(customers, opened, "residence_permits", actor)
            assert (SECRET in told.model_dump_json()) is is_told
        assert SECRET not in (await customers.ask(asked)).model_dump_json()

    async def test_the_reason_of_a_permit_changed_with_other_fields_is_left_to_the_customer_s_history(
        self, customers: CustomerService
    ) -> None:
        opened = await customers.ask(opening(safety_non_disclosure=True))
        at_once = {"contact": {"phone": "040 123 4567"}, "first_residence_permit": WORK}
        known = await customers.ask(changing(opened, why=SECRET, **at_once), UNMASKING)
        await customers.ask(changing(known, first_residence_permit=STUDIES, why="Alone"))
        entries = (await past(customers, opened, "residence_permits")).entries
        assert [each.why for each in entries] == [None, "Alone"]

    async def test_there_is_always_room_for_a_first_one(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening())
        with pytest.raises(InvalidInput) as refused:
            await customers.ask(replacing(opened, "residence_permits", {"permits": [STUDIES] * MOST_ENTRIES}))
        assert [(each.pointer, each.rule) for each in refused.value.errors] == [
            (f"/content/permits/{MOST_ENTRIES - 1}/first", "too_many")
        ]
        most = {"permits": [STUDIES] * (MOST_ENTRIES - 1)}
        await customers.ask(replacing(opened, "residence_permits", most))
        await customers.ask(changing(opened, first_residence_permit=WORK))
        found = await one(customers, opened, "residence_permits")
        assert len(held(found)["permits"]) == MOST_ENTRIES

    async def test_without_a_first_one_and_for_victims_of_trafficking_no_last_day_is_told(
        self, customers: CustomerService
    ) -> None:
        without = await customers.ask(opening())
        await customers.ask(replacing(without, "residence_permits"))
        victim = await customers.ask(opening(first_residence_permit=PERMIT))
        for known in (without, victim):
            assert (await one(customers, known, "residence_permits", UNMASKING)).time_limit is None

    @pytest.mark.parametrize("as_first", [True, False])
    async def test_a_ground_that_may_tell_of_trafficking_hides_all_of_them(
        self, customers: CustomerService, as_first: bool
    ) -> None:
        opened = await customers.ask(opening(first_residence_permit=WORK))
        permits = {"permits": [WORK | {"first": not as_first}, PERMIT | {"first": as_first}]}
        changed = await customers.ask(replacing(opened, "residence_permits", permits, version=1, why=SECRET))
        groups, background = await whole(customers, opened)
        assert (background.masked, "residence_permits" in groups) == (("residence_permits",), False)
        for asked in (
            GetBackgroundGroup(customer_id=opened.customer_id, group="residence_permits"),
            GetBackgroundHistory(customer_id=opened.customer_id, group="residence_permits"),
            replacing(opened, "residence_permits", {"permits": []}, version=1),
        ):
            with pytest.raises(Forbidden):
                await customers.ask(asked)
        assert (await one(customers, opened, "residence_permits", UNMASKING)).version == changed.version
        assert "residence_permits" in (await whole(customers, opened, UNMASKING))[0]

    async def test_what_was_protected_then_is_masked_in_the_history(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening())
        await customers.ask(replacing(opened, "residence_permits", {"permits": [PERMIT]}, why=SECRET))
        asked = replacing(opened, "residence_permits", {"permits": [WORK]}, version=1, why="-")
        await customers.ask(asked, UNMASKING)
        entries = (await past(customers, opened, "residence_permits")).entries
        assert [(each.masked, each.previous, each.new, each.why) for each in entries] == [(True, None, None, None)] * 2
        unmasked = await past(customers, opened, "residence_permits", UNMASKING)
        assert [each.why for each in unmasked.entries] == [SECRET, "-"]


class TestHealth:
    async def test_it_cannot_be_read_from_the_database(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening())
        await customers.ask(replacing(opened, "health", why=f"Because: {SECRET}"))
        assert SECRET not in await customers.everything()
        assert SECRET in (await one(customers, opened, "health")).model_dump_json()

    async def test_reading_all_groups_logs_it_on_a_line_of_its_own(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening())
        before = len(await customers.uses())
        await whole(customers, opened)
        lines = [each["data"] for each in (await customers.uses())[before:]]
        assert sorted(lines) == [["benefits", "competence", "life_situation", "residence_permit"], ["health"]]

    async def test_each_change_of_it_is_a_line_of_its_own(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening())
        await customers.ask(replacing(opened, "health"))
        line = (await customers.uses())[-1]
        assert (line["data"], line["act"], line["relation"]) == (["health"], "change", "own")
        assert line["legal_basis"] == "73 § 1 mom. 8; 1050/2018 6 § 1 mom. 2 k"

    async def test_for_a_supervisor_there_is_none(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening())
        await customers.ask(replacing(opened, "health"))
        groups, background = await whole(customers, opened, SUPERVISOR)
        assert ("health" in groups, background.masked) == (False, ())
        with pytest.raises(NotFound):
            await one(customers, opened, "health", SUPERVISOR)
        with pytest.raises(NotFound):
            await customers.ask(replacing(opened, "health", version=1), SUPERVISOR)


COMPETENCE = {"education", "work_history", "language_skills"}
SITUATION = {"skills", "goals", "life_situation"}


class TestWhoSeesWhat:
    async def test_a_county_worker_who_takes_part_sees_what_the_assessment_is_made_of(
        self, customers: CustomerService
    ) -> None:
        opened = await customers.ask(opening())
        groups, background = await whole(customers, opened, county_worker(opened))
        assert groups == COMPETENCE | SITUATION | {"health"}
        assert background.masked == ("residence_permits", "benefits")

    async def test_a_provider_sees_what_94_lists(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening())
        provider = replace(county_worker(opened), role="provider_worker")
        groups, background = await whole(customers, opened, provider)
        assert (groups, background.masked) == (COMPETENCE, ())

    async def test_an_advisor_sees_that_there_are_permits_and_nothing_else(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening())
        groups, background = await whole(customers, opened, Actor("advisor@tampere", "837", "advisor"))
        assert (groups, background.masked) == (set(), ("residence_permits",))

    async def test_in_an_emergency_health_is_seen(self, customers: CustomerService) -> None:
        opened = await customers.ask(opening())
        await customers.ask(replacing(opened, "health"))
        helper = replace(EXPERT_HELSINKI, emergency=(opened.customer_id,))
        groups, background = await whole(customers, opened, helper)
        assert (groups, background.masked) == ({"health"}, ("residence_permits",))
        assert SECRET in background.model_dump_json()
        with pytest.raises(Forbidden):
            await customers.ask(replacing(opened, "health", version=1), helper)


async def test_an_erased_person_has_no_background(customers: CustomerService) -> None:
    opened = await customers.ask(opening())
    for group in CONTENTS:
        await customers.ask(replacing(opened, group))
    await customers.ask(EraseCustomer(customer_id=opened.customer_id), RECORDS_TAMPERE)
    assert await customers.rows("SELECT FROM background") == []


@pytest.mark.parametrize(
    ("fact", "unemployed", "registered"),
    [("unemployed_jobseeker", True, True), ("registered_jobseeker", False, True), ("employed", False, False)],
)
def test_others_hear_who_is_a_jobseeker_and_who_of_them_is_unemployed(
    fact: str, unemployed: bool, registered: bool
) -> None:
    situation = LifeSituation.model_validate({"group": "life_situation", "facts": [{"fact": fact}]})
    told = circumstances(uuid4(), [situation])
    assert (told.unemployed_jobseeker, told.registered_jobseeker) == (unemployed, registered)
