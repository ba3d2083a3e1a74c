"""Keeping and reading the integration programme."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from contracts.plan.programme import (
    AddProgrammeService,
    ChangeProgrammeService,
    GetProgrammeService,
    ImportProgramme,
    ListProgramme,
    ProgrammeServiceVersion,
)
from services.kit.actor import Actor, service_actor
from services.kit.errors import ChangedMeanwhile, Forbidden, InvalidInput, KeyReused, NotFound
from tests.plan.conftest import CAUSE, ELSEWHERE, SUPERVISOR, PlanService
from tests.plan.programmes import course, row
from tests.support import EXPERT_HELSINKI

pytestmark = pytest.mark.database


async def added(plans: PlanService, actor: Actor = SUPERVISOR, **told: Any) -> ProgrammeServiceVersion:
    return await plans.ask(AddProgrammeService(service=course(**told)), actor)


def changing(known: ProgrammeServiceVersion, **told: Any) -> ChangeProgrammeService:
    return ChangeProgrammeService(service_id=known.service_id, expected_version=known.version, service=course(**told))


async def names(plans: PlanService, **wanted: Any) -> list[str | None]:
    found = await plans.ask(ListProgramme.model_validate(wanted))
    return [each.service.name.fi for each in found.services]


async def imported(plans: PlanService, *rows: Any, **how: Any) -> tuple[int, int, int]:
    done = await plans.ask(ImportProgramme(rows=rows, **how), SUPERVISOR)
    return done.added, done.changed, done.unchanged


async def test_what_was_added_is_read_by_those_who_make_plans(plans: PlanService) -> None:
    known = await added(plans, places=20, target_groups=("family",))
    found = await plans.ask(GetProgrammeService(service_id=known.service_id))
    assert found.service == course(places=20, target_groups=("family",))
    assert (found.version, found.newest_version, found.municipality) == (1, 1, "837")


async def test_every_change_is_a_version_and_the_older_ones_stay_as_they_were(plans: PlanService) -> None:
    first = await added(plans, places=20)
    second = await plans.ask(changing(first, places=25), SUPERVISOR)
    third = await plans.ask(changing(second, places=30), SUPERVISOR)
    assert (second.version, third.version) == (2, 3)
    for version, places in ((1, 20), (2, 25), (3, 30), (None, 30)):
        found = await plans.ask(GetProgrammeService(service_id=first.service_id, version=version))
        assert (found.version, found.service.places, found.newest_version) == (version or 3, places, 3)
    with pytest.raises(NotFound):
        await plans.ask(GetProgrammeService(service_id=first.service_id, version=4))


async def test_a_change_that_changes_nothing_makes_no_version(plans: PlanService) -> None:
    first = await added(plans)
    assert (await plans.ask(changing(first), SUPERVISOR)).version == 1


async def test_a_change_of_an_outdated_version_is_refused(plans: PlanService) -> None:
    first = await added(plans)
    await plans.ask(changing(first, places=1), SUPERVISOR)
    with pytest.raises(ChangedMeanwhile) as raised:
        await plans.ask(changing(first, places=2), SUPERVISOR)
    assert raised.value.problem().current_version == 2


async def test_of_two_changes_at_once_the_second_finds_the_first(plans: PlanService) -> None:
    first = await added(plans)
    _, second = await plans.ask_while((changing(first, places=1), SUPERVISOR), (changing(first, places=2), SUPERVISOR))
    assert isinstance(second, ChangedMeanwhile)


async def test_a_repeated_act_is_done_once(plans: PlanService) -> None:
    adding = AddProgrammeService(service=course())
    once, again = [await plans.ask(adding, SUPERVISOR, key="same") for _ in range(2)]
    assert once == again
    change = changing(once, places=3)
    assert [(await plans.ask(change, SUPERVISOR, key="same")).version for _ in range(2)] == [2, 2]
    assert len(await names(plans)) == 1
    with pytest.raises(KeyReused):
        await plans.ask(AddProgrammeService(service=course(places=1)), SUPERVISOR, key="same")


async def test_a_service_that_breaks_rules_is_refused_with_all_of_them(plans: PlanService) -> None:
    with pytest.raises(InvalidInput) as raised:
        await added(plans, kind="knitting", languages=("xx",))
    assert [each.pointer for each in raised.value.errors] == ["/service/kind", "/service/languages/0"]


async def test_two_services_have_no_key_in_common_but_those_of_two_municipalities_may(plans: PlanService) -> None:
    first = await added(plans, external_key="a")
    await added(plans, ELSEWHERE, external_key="a")
    second = await added(plans, external_key="b")
    for act in (AddProgrammeService(service=course(external_key="a")), changing(second, external_key="a")):
        with pytest.raises(InvalidInput) as raised:
            await plans.ask(act, SUPERVISOR)
        assert [each.rule for each in raised.value.errors] == ["key_taken"]
    assert (await plans.ask(changing(first, external_key="a", places=1), SUPERVISOR)).version == 2


async def test_two_services_that_are_added_at_once_get_no_key_in_common(plans: PlanService) -> None:
    adding = AddProgrammeService(service=course(external_key="a")), SUPERVISOR
    _, second = await plans.ask_while(adding, adding)
    assert isinstance(second, InvalidInput)


async def test_another_municipalitys_services_do_not_exist(plans: PlanService) -> None:
    known = await added(plans)
    with pytest.raises(NotFound):
        await plans.ask(GetProgrammeService(service_id=known.service_id), EXPERT_HELSINKI)
    with pytest.raises(NotFound):
        await plans.ask(changing(known), ELSEWHERE)
    assert (await plans.ask(ListProgramme(), EXPERT_HELSINKI)).services == ()


async def test_the_border_of_the_database_alone_hides_another_municipalitys_services(plans: PlanService) -> None:
    await added(plans)
    actors = {"beyond": service_actor("records"), "837": SUPERVISOR, "091": ELSEWHERE}
    seen = {}
    for name, actor in actors.items():
        async with plans.unit_of_work.begin(actor, CAUSE) as work:
            for table in ("programme_service", "programme_service_version"):
                found = await work.connection.exec_driver_sql(f"SELECT count(*) FROM {table}")
                seen[name, table] = found.scalar()
    assert {key: count for key, count in seen.items() if not count} == {
        ("091", "programme_service"): 0,
        ("091", "programme_service_version"): 0,
    }


async def test_another_service_of_the_house_reads_any_municipalitys(plans: PlanService) -> None:
    known = await added(plans)
    found = await plans.ask(GetProgrammeService(service_id=known.service_id), service_actor("records"))
    assert found.service == course()


@pytest.mark.parametrize("role", ["integration_expert", "advisor", "records_manager", "provider_worker"])
async def test_only_those_who_keep_the_programme_change_it(plans: PlanService, role: str) -> None:
    known = await added(plans)
    actor = Actor(user="u", organisation="837", role=role)
    for act in (AddProgrammeService(service=course()), changing(known, places=1), ImportProgramme(rows=())):
        with pytest.raises(Forbidden):
            await plans.ask(act, actor)


async def test_a_list_is_by_name_and_in_pages(plans: PlanService) -> None:
    for name in ("c", "A", "b", "A"):
        await added(plans, name={"fi": name})
    await added(plans, name={"sv": "ab"})
    listed, cursor = [], None
    while True:
        page = await plans.ask(ListProgramme(cursor=cursor, limit=2))
        listed += [each.service.name.fi or each.service.name.sv for each in page.services]
        if (cursor := page.next_cursor) is None:
            break
    assert listed == ["A", "A", "ab", "b", "c"]


async def test_a_cursor_of_nothing_is_refused(plans: PlanService) -> None:
    with pytest.raises(InvalidInput):
        await plans.ask(ListProgramme(cursor=uuid4()))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["Luku", "Suomi", "Yö"]),
        ({"words": "fin COURSE"}, ["Suomi"]),
        ({"words": "esimerkkiopisto"}, ["Suomi", "Yö"]),
        ({"words": "yö"}, ["Yö"]),
        ({"words": "alkeet"}, ["Suomi"]),
        ({"words": "fi"}, ["Suomi"]),
        ({"words": "%"}, []),
        ({"kind": "literacy_training"}, ["Luku"]),
        ({"language": "so"}, ["Suomi"]),
        ({"target_group": "family"}, ["Yö"]),
        ({"on": date(2026, 3, 1)}, ["Suomi", "Yö"]),
        ({"on": date(2026, 6, 30)}, ["Luku", "Suomi", "Yö"]),
        ({"on": date(2026, 7, 1)}, ["Luku", "Suomi"]),
        ({"with_room": True}, ["Luku", "Suomi"]),
        ({"words": "suomi", "kind": "literacy_training"}, []),
    ],
)
async def test_services_are_found_by_words_kind_language_group_day_and_room(
    plans: PlanService, wanted: dict[str, Any], found: list[str]
) -> None:
    await added(
        plans,
        name={"fi": "Suomi", "en": "Finnish course"},
        description={"fi": "Alkeet"},
        languages=("so",),
        places=1,
    )
    literacy = {"kind": "literacy_training", "valid_from": "2026-03-02", "provider": {"name": "Kansalaisopisto"}}
    await added(plans, name={"fi": "Luku"}, **literacy)
    await added(plans, name={"fi": "Yö"}, target_groups=("family",), places=0, valid_to="2026-06-30")
    assert await names(plans, **wanted) == found


async def test_a_list_shows_what_the_newest_version_tells(plans: PlanService) -> None:
    known = await added(plans, name={"fi": "Vanha"})
    await plans.ask(changing(known, name={"fi": "Uusi"}), SUPERVISOR)
    assert await names(plans) == ["Uusi"]
    assert await names(plans, words="vanha") == []


async def test_a_file_adds_changes_and_leaves_alone(plans: PlanService) -> None:
    assert await imported(plans, row("a"), row("b")) == (2, 0, 0)
    assert await imported(plans, row("a"), row("b", places="5"), row("c")) == (1, 1, 1)
    found = {each.service.external_key: each for each in (await plans.ask(ListProgramme())).services}
    assert {key: (each.version, each.service.places) for key, each in found.items()} == {
        "a": (1, None),
        "b": (2, 5),
        "c": (1, None),
    }


async def test_a_dry_run_counts_and_writes_nothing(plans: PlanService) -> None:
    await imported(plans, row("a"))
    assert await imported(plans, row("a", places="5"), row("b"), dry_run=True) == (1, 1, 0)
    assert await imported(plans, row("a")) == (0, 0, 1)
    assert len(await names(plans)) == 1


async def test_one_wrong_row_refuses_the_whole_file_and_names_all_that_is_wrong(plans: PlanService) -> None:
    with pytest.raises(InvalidInput) as raised:
        await imported(plans, row("a"), row("b", kind="knitting"), row("c", valid_from=""), row("a"))
    assert [(each.pointer, each.rule) for each in raised.value.errors] == [
        ("/2/kind", "code_list"),
        ("/3/valid_from", "missing"),
        ("/4/external_key", "twice"),
    ]
    assert await names(plans) == []


async def test_a_file_that_comes_twice_is_taken_once(plans: PlanService) -> None:
    asked = ImportProgramme(rows=(row("a"),))
    once, again = [await plans.ask(asked, SUPERVISOR, key="same") for _ in range(2)]
    assert once == again
    assert len(await names(plans)) == 1


async def test_each_use_is_in_the_usage_log(plans: PlanService) -> None:
    known = await added(plans)
    await plans.ask(GetProgrammeService(service_id=known.service_id))
    assert [(each["act"], each["data"], each["relation"], each["customers"]) for each in await plans.uses()] == [
        ("administer", ["programme"], "none", []),
        ("view", ["programme"], "none", []),
    ]
