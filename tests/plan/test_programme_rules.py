"""What a service of the programme must say."""

from datetime import date
from typing import Any

import pytest

from contracts.plan.programme import ServiceContent
from services.plan.law import civic_orientation
from services.plan.rules.programme import broken_rules, read
from tests.plan.programmes import course, orientation, row

TODAY = date(2026, 3, 2)


def broken(service: ServiceContent) -> list[tuple[str, str]]:
    return [(each.pointer.removeprefix("/service/"), each.rule) for each in broken_rules(service, TODAY)]


@pytest.mark.parametrize(
    ("told", "rules"),
    [
        ({}, []),
        ({"name": {"sv": "Kurs i finska"}}, []),
        ({"name": {"en": "Course in Finnish"}}, [("name/fi", "missing")]),
        ({"kind": "knitting"}, [("kind", "code_list")]),
        ({"target_groups": ["family", "everybody"]}, [("target_groups/1", "code_list")]),
        ({"languages": ["so", "xx"]}, [("languages/1", "code_list")]),
        ({"starts_on": "2026-08-17", "ends_on": "2026-08-17"}, []),
        ({"starts_on": "2026-08-17", "ends_on": "2026-08-16"}, [("ends_on", "order")]),
        ({"valid_to": "2026-01-01"}, []),
        ({"valid_to": "2025-12-31"}, [("valid_to", "order")]),
        ({"kind": "civic_orientation"}, [("civic_orientation", "missing")]),
    ],
)
def test_a_service_is_checked_field_by_field(told: dict[str, Any], rules: list[tuple[str, str]]) -> None:
    assert broken(course(**told)) == rules


@pytest.mark.parametrize(
    ("told", "rules"),
    [
        ({}, []),
        ({"hours": 69}, [("hours", "few_hours")]),
        ({"topics": [each.code for each in civic_orientation().topics[1:]]}, [("topics", "topic_missing")]),
        ({"mode": "by_post"}, [("mode", "code_list")]),
        ({"mode": "self_study"}, [("mode_ground", "mode_ground")]),
        ({"mode": "self_study", "mode_ground": "rare_language"}, []),
        ({"mode": "self_study", "mode_ground": "own_language_unreasonable"}, [("mode_ground", "mode_ground")]),
        ({"mode": "interpreted", "mode_ground": "own_language_unreasonable"}, []),
        ({"mode": "classroom", "mode_ground": "rare_language"}, [("mode_ground", "mode_ground")]),
    ],
)
def test_civic_orientation_has_seventy_hours_nine_topics_and_a_ground_where_it_is_given_otherwise(
    told: dict[str, Any], rules: list[tuple[str, str]]
) -> None:
    assert broken(orientation(**told)) == [(f"civic_orientation/{field}", rule) for field, rule in rules]


def test_no_other_service_has_the_fields_of_civic_orientation() -> None:
    told = orientation().model_copy(update={"kind": "guidance"})
    assert broken(told) == [("civic_orientation", "not_of_kind")]


def test_the_decree_names_nine_topics_and_each_ground_of_a_way_to_give_it() -> None:
    law = civic_orientation()
    assert len(law.topics) == 9
    assert {ground for mode in law.modes for ground in mode.grounds} == {each.code for each in law.grounds}


def test_all_that_is_wrong_with_a_row_is_told_by_its_columns() -> None:
    told = row(
        "", kind="knitting", languages="fi xx", valid_from="2026-05-01", valid_to="2026-04-30", target_groups="family"
    )
    service, errors = read(told, 7, TODAY)
    assert service is None
    assert {(each.pointer, each.rule) for each in errors} == {
        ("/7/external_key", "missing"),
        ("/7/kind", "code_list"),
        ("/7/languages", "code_list"),
        ("/7/valid_to", "order"),
    }


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"valid_from": "1.1.2026"}, ("/1/valid_from", "date_parsing")),
        ({"places": "some"}, ("/1/places", "int_parsing")),
        ({"ptv_id": "x"}, ("/1/ptv_id", "uuid_parsing")),
        ({"name_fi": ""}, ("/1/name_fi", "missing")),
        ({"provider_name": ""}, ("/1/provider_name", "missing")),
        ({"description_sv": "x" * 2001}, ("/1/description_sv", "string_too_long")),
        ({"hours": "70"}, ("/1/topics", "missing")),
    ],
)
def test_a_cell_in_another_form_is_told_by_its_row_and_column(told: dict[str, str], error: tuple[str, str]) -> None:
    service, errors = read(row(**told), 1, TODAY)
    assert service is None
    assert (errors[0].pointer, errors[0].rule) == error


def test_a_whole_row_is_read_as_the_service_that_it_tells() -> None:
    topics = [each.code for each in civic_orientation().topics]
    told = row(
        kind="civic_orientation",
        name_fi="Yhteiskuntaorientaatio",
        hours=" 70 ",
        topics=" ".join(topics),
        mode="interpreted",
        mode_ground="own_language_unreasonable",
        places="20",
        languages="so  ar",
    )
    service, errors = read(told, 1, TODAY)
    assert not errors
    assert service is not None
    assert (service.places, service.languages) == (20, ("so", "ar"))
    assert service.civic_orientation is not None
    assert (service.civic_orientation.hours, service.civic_orientation.topics) == (70, tuple(topics))
