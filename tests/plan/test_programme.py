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
from tests.plan.programmes import course, row
from tests.plan.support import CAUSE, SUPERVISOR, SUPERVISOR_HELSINKI, Desk
from tests.support import EXPERT_HELSINKI

pytestmark = pytest.mark.database


async def added(desk: Desk, actor: Actor = SUPERVISOR, **told: Any) -> ProgrammeServiceVersion:
    return await desk.ask(AddProgrammeService(service=course(**told)), actor)


def changing(known: ProgrammeServiceVersion, **told: Any) -> ChangeProgrammeService:
    return ChangeProgrammeService(service_id=known.service_id, expected_version=known.version, service=course(**told))


async def names(desk: Desk, **wanted: Any) -> list[str | None]:
    found = await desk.ask(ListProgramme.model_validate(wanted))
    return [each.service.name.fi for each in found.services]


async def imported(desk: Desk, *rows: Any, **how: Any) -> tuple[int, int, int]:
    done = await desk.ask(ImportProgramme(rows=rows, **how), SUPERVISOR)
    return done.added, done.changed, done.unchanged


async def test_what_was_added_is_read_by_those_who_make_plans(desk: Desk) -> None:
    known = await added(desk, places=20, target_groups=("family",))
    found = await desk.ask(GetProgrammeService(service_id=known.service_id))
    assert found.service == course(places=20, target_groups=("family",))
    assert (found.version, found.newest_version, found.municipality) == (1, 1, "837")


async def test_every_change_is_a_version_and_the_older_ones_stay_as_they_were(desk: Desk) -> None:
    first = await added(desk, places=20)
    second = await desk.ask(changing(first, places=25), SUPERVISOR)
    third = await desk.ask(changing(second, places=30), SUPERVISOR)
    assert (second.version, third.version) == (2, 3)
    for version, places in ((1, 20), (2, 25), (3, 30), (None, 30)):
        found = await desk.ask(GetProgrammeService(service_id=first.service_id, version=version))
        assert (found.version, found.service.places, found.newest_version) == (version or 3, places, 3)
    with pytest.raises(NotFound):
        await desk.ask(GetProgrammeService(service_id=first.service_id, version=4))


async def test_a_change_that_changes_nothing_makes_no_version(desk: Desk) -> None:
    first = await added(desk)
    assert (await desk.ask(changing(first), SUPERVISOR)).version == 1


async def test_a_change_of_an_outdated_version_is_refused(desk: Desk) -> None:
    first = await added(desk)
    await desk.ask(changing(first, places=1), SUPERVISOR)
    with pytest.raises(ChangedMeanwhile) as raised:
        await desk.ask(changing(first, places=2), SUPERVISOR)
    assert raised.value.problem().current_version == 2


async def test_of_two_changes_at_once_the_second_finds_the_first(desk: Desk) -> None:
    first = await added(desk)
    _, second = await desk.ask_while(
        changing(first, places=1), changing(first, places=2), by=SUPERVISOR, then_by=SUPERVISOR
    )
    assert isinstance(second, ChangedMeanwhile)


async def test_a_repeated_act_is_done_once(desk: Desk) -> None:
    adding = AddProgrammeService(service=course())
    once, again = [await desk.ask(adding, SUPERVISOR, key="same") for _ in range(2)]
    assert once == again
    change = changing(once, places=3)
    assert [(await desk.ask(change, SUPERVISOR, key="same")).version for _ in range(2)] == [2, 2]
    assert len(await names(desk)) == 1
    with pytest.raises(KeyReused):
        await desk.ask(AddProgrammeService(service=course(places=1)), SUPERVISOR, key="same")


async def test_a_service_that_breaks_rules_is_refused_with_all_of_them(desk: Desk) -> None:
    with pytest.raises(InvalidInput) as raised:
        await added(desk, kind="knitting", languages=("xx",))
    assert [each.pointer for each in raised.value.errors] == ["/service/kind", "/service/languages/0"]


async def test_two_services_have_no_key_in_common_but_those_of_two_municipalities_may(desk: Desk) -> None:
    first = await added(desk, external_key="a")
    await added(desk, SUPERVISOR_HELSINKI, external_key="a")
    second = await added(desk, external_key="b")
    for act in (AddProgrammeService(service=course(external_key="a")), changing(second, external_key="a")):
        with pytest.raises(InvalidInput) as raised:
            await desk.ask(act, SUPERVISOR)
        assert [each.rule for each in raised.value.errors] == ["key_taken"]
    assert (await desk.ask(changing(first, external_key="a", places=1), SUPERVISOR)).version == 2


async def test_two_services_that_are_added_at_once_get_no_key_in_common(desk: Desk) -> None:
    adding = AddProgrammeService(service=course(external_key="a"))
    _, second = await desk.ask_while(adding, adding, by=SUPERVISOR, then_by=SUPERVISOR)
    assert isinstance(second, InvalidInput)


async def test_another_municipalitys_services_do_not_exist(desk: Desk) -> None:
    known = await added(desk)
    with pytest.raises(NotFound):
        await desk.ask(GetProgrammeService(service_id=known.service_id), EXPERT_HELSINKI)
    with pytest.raises(NotFound):
        await desk.ask(changing(known), SUPERVISOR_HELSINKI)
    assert (await desk.ask(ListProgramme(), EXPERT_HELSINKI)).services == ()


async def test_the_border_of_the_database_alone_hides_another_municipalitys_services(desk: Desk) -> None:
    await added(desk)
    actors = {"beyond": service_actor("records"), "837": SUPERVISOR, "091": SUPERVISOR_HELSINKI}
    seen = {}
    for name, actor in actors.items():
        async with desk.unit_of_work.begin(actor, CAUSE) as work:
            for table in ("programme_service", "programme_service_version"):
                found = await work.connection.exec_driver_sql(f"SELECT count(*) FROM {table}")
                seen[name, table] = found.scalar()
    assert {key: count for key, count in seen.items() if not count} == {
        ("091", "programme_service"): 0,
        ("091", "programme_service_version"): 0,
    }


async def test_another_service_of_the_house_reads_any_municipalitys(desk: Desk) -> None:
    known = await added(desk)
    found = await desk.ask(GetProgrammeService(service_id=known.service_id), service_actor("records"))
    assert found.service == course()


@pytest.mark.parametrize("role", ["integration_expert", "advisor", "records_manager", "provider_worker"])
async def test_only_those_who_keep_the_programme_change_it(desk: Desk, role: str) -> None:
    known = await added(desk)
    actor = Actor(user="u", organisation="837", role=role)
    for act in (AddProgrammeService(service=course()), changing(known, places=1), ImportProgramme(rows=())):
        with pytest.raises(Forbidden):
            await desk.ask(act, actor)


async def test_a_list_is_by_name_and_in_pages(desk: Desk) -> None:
    for name in ("c", "A", "b", "A"):
        await added(desk, name={"fi": name})
    await added(desk, name={"sv": "ab"})
    listed, cursor = [], None
    while True:
        page = await desk.ask(ListProgramme(cursor=cursor, limit=2))
        listed += [each.service.name.fi or each.service.name.sv for each in page.services]
        if (cursor := page.next_cursor) is None:
            break
    assert listed == ["A", "A", "ab", "b", "c"]


async def test_a_cursor_of_nothing_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidInput):
        await desk.ask(ListProgramme(cursor=uuid4()))


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
    desk: Desk, wanted: dict[str, Any], found: list[str]
) -> None:
    await added(
        desk,
        name={"fi": "Suomi", "en": "Finnish course"},
        description={"fi": "Alkeet"},
        languages=("so",),
        places=1,
    )
    literacy = {"kind": "literacy_training", "valid_from": "2026-03-02", "provider": {"name": "Kansalaisopisto"}}
    await added(desk, name={"fi": "Luku"}, **literacy)
    await added(desk, name={"fi": "Yö"}, target_groups=("family",), places=0, valid_to="2026-06-30")
    assert await names(desk, **wanted) == found


async def test_a_list_shows_what_the_newest_version_tells(desk: Desk) -> None:
    known = await added(desk, name={"fi": "Vanha"})
    await desk.ask(changing(known, name={"fi": "Uusi"}), SUPERVISOR)
    assert await names(desk) == ["Uusi"]
    assert await names(desk, words="vanha") == []


async def test_a_file_adds_changes_and_leaves_alone(desk: Desk) -> None:
    assert await imported(desk, row("a"), row("b")) == (2, 0, 0)
    assert await imported(desk, row("a"), row("b", places="5"), row("c")) == (1, 1, 1)
    found = {each.service.external_key: each for each in (await desk.ask(ListProgramme())).services}
    assert {key: (each.version, each.service.places) for key, each in found.items()} == {
        "a": (1, None),
        "b": (2, 5),
        "c": (1, None),
    }


async def test_a_dry_run_counts_and_writes_nothing(desk: Desk) -> None:
    await imported(desk, row("a"))
    assert await imported(desk, row("a", places="5"), row("b"), dry_run=True) == (1, 1, 0)
    assert await imported(desk, row("a")) == (0, 0, 1)
    assert len(await names(desk)) == 1


async def test_one_wrong_row_refuses_the_whole_file_and_names_all_that_is_wrong(desk: Desk) -> None:
    with pytest.raises(InvalidInput) as raised:
        await imported(desk, row("a"), row("b", kind="knitting"), row("c", valid_from=""), row("a"))
    assert [(each.pointer, each.rule) for each in raised.value.errors] == [
        ("/2/kind", "code_list"),
        ("/3/valid_from", "missing"),
        ("/4/external_key", "twice"),
    ]
    assert await names(desk) == []


async def test_a_file_that_comes_twice_is_taken_once(desk: Desk) -> None:
    asked = ImportProgramme(rows=(row("a"),))
    once, again = [await desk.ask(asked, SUPERVISOR, key="same") for _ in range(2)]
    assert once == again
    assert len(await names(desk)) == 1


async def test_each_use_is_in_the_usage_log(desk: Desk) -> None:
    known = await added(desk)
    await desk.ask(GetProgrammeService(service_id=known.service_id))
    assert [(each["act"], each["data"], each["relation"], each["customers"]) for each in await desk.uses()] == [
        ("administer", ["programme"], "none", []),
        ("view", ["programme"], "none", []),
    ]
