"""The code lists: whole, unambiguous on every day, and readable by the day of the fact."""

import csv
from collections import Counter
from dataclasses import fields
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest
from pydantic import TypeAdapter

from contracts.types import Code, CountryCode, LanguageCode, MunicipalityCode
from services.kit import code_lists
from services.kit.code_lists import CodeList, PermitGround, PermitKind, UnknownCode

LISTS = list(code_lists.LISTS.values())
every_list = pytest.mark.parametrize("code_list", LISTS, ids=lambda code_list: code_list.name)
DAY = timedelta(days=1)
IN_2024, IN_2025 = date(2024, 6, 1), date(2025, 6, 1)


def days_of_change(code_list: CodeList[Any]) -> set[date]:
    """The days on which the list may differ from the day before, and one day before them all."""
    starts = {entry.valid_from for entry in code_list.entries if entry.valid_from}
    starts |= {entry.valid_to + DAY for entry in code_list.entries if entry.valid_to}
    return starts | {min(starts, default=date(2025, 1, 1)) - DAY}


class TestEveryList:
    @every_list
    def test_a_code_means_one_thing_on_every_day(self, code_list: CodeList[Any]) -> None:
        for day in days_of_change(code_list):
            repeated = [code for code, n in Counter(e.code for e in code_list.valid(day)).items() if n > 1]
            assert repeated == [], day

    @every_list
    def test_no_entry_ends_before_it_begins(self, code_list: CodeList[Any]) -> None:
        assert [e for e in code_list.entries if e.valid_from and e.valid_to and e.valid_to < e.valid_from] == []

    @every_list
    def test_a_column_of_the_file_is_a_field_of_the_entry(self, code_list: CodeList[Any]) -> None:
        text = files("services.kit.code_lists").joinpath(f"{code_list.name}.csv").read_text("utf-8")
        header, *rows = csv.reader(text.splitlines())
        assert sorted(header) == sorted(field.name for field in fields(code_list.entry_type))
        assert [row for row in rows if len(row) != len(header)] == []

    @every_list
    def test_no_text_has_a_blank_at_its_ends(self, code_list: CodeList[Any]) -> None:
        texts = [text for entry in code_list.entries for text in vars(entry).values() if isinstance(text, str)]
        assert [text for text in texts if text != text.strip() or not text] == []

    @every_list
    def test_no_entry_begins_after_the_version_of_its_list(self, code_list: CodeList[Any]) -> None:
        assert [e for e in code_list.entries if e.valid_from and e.valid_from > code_list.version] == []

    @every_list
    def test_the_entries_of_a_day_are_those_found_one_by_one(self, code_list: CodeList[Any]) -> None:
        for entry in code_list.entries:
            assert code_list.has(entry.code, IN_2025) == (entry in code_list.valid(IN_2025))
            if entry in code_list.valid(IN_2025):
                assert code_list.get(entry.code, IN_2025) == entry

    @every_list
    def test_its_codes_have_the_shape_that_contracts_carry(self, code_list: CodeList[Any]) -> None:
        shape = TypeAdapter[str](MunicipalityCode if code_list is code_lists.MUNICIPALITIES else Code)
        for entry in code_list.entries:
            shape.validate_python(entry.code)


class TestUnknownCode:
    def test_names_the_list_the_code_and_the_day(self) -> None:
        with pytest.raises(UnknownCode, match=r"^municipalities has no code '999' on 2024-06-01$") as raised:
            code_lists.municipality("999", IN_2024)
        assert (raised.value.code_list, raised.value.code, raised.value.on) == ("municipalities", "999", IN_2024)

    def test_is_raised_by_every_way_of_reading(self) -> None:
        for read in (
            lambda: code_lists.wellbeing_services_county("99", IN_2024),
            lambda: code_lists.permit_kind("none", IN_2024),
            lambda: code_lists.permit_ground("none", IN_2024),
            lambda: code_lists.language_level("D1.1"),
            lambda: code_lists.country_name("ABC", "en"),
            lambda: code_lists.language_name("fin", "en"),
        ):
            with pytest.raises(UnknownCode):
                read()


class TestMunicipalities:
    @pytest.mark.parametrize(("day", "count"), [(date(2020, 12, 31), 0), (date(2021, 1, 1), 309), (IN_2024, 309)])
    def test_there_were_309_from_2021(self, day: date, count: int) -> None:
        assert len(code_lists.municipalities(day)) == count

    def test_pertunmaa_was_a_municipality_until_the_end_of_2024(self) -> None:
        assert code_lists.municipality("588", date(2024, 12, 31)).name_fi == "Pertunmaa"
        assert not code_lists.is_valid_municipality("588", date(2025, 1, 1))
        assert len(code_lists.municipalities(IN_2025)) == 308

    @pytest.mark.parametrize(
        ("code", "name_fi", "name_sv", "languages", "county"),
        [
            ("091", "Helsinki", "Helsingfors", ("fi", "sv"), "90"),
            ("049", "Espoo", "Esbo", ("fi", "sv"), "03"),
            ("837", "Tampere", "Tammerfors", ("fi",), "08"),
            ("599", "Pedersören kunta", "Pedersöre", ("sv", "fi"), "17"),
            ("478", "Maarianhamina", "Mariehamn", ("sv",), "91"),
        ],
    )
    def test_one_is_read_with_all_that_is_known_of_it(
        self, code: str, name_fi: str, name_sv: str, languages: tuple[str, ...], county: str
    ) -> None:
        read = code_lists.municipality(code, IN_2024)
        assert (read.name_fi, read.name_sv, read.languages) == (name_fi, name_sv, languages)
        assert read.wellbeing_services_county == county

    def test_a_code_keeps_its_leading_zeros(self) -> None:
        assert code_lists.is_valid_municipality("091", IN_2024)
        assert not code_lists.is_valid_municipality("91", IN_2024)

    def test_their_languages_are_those_of_the_decree_for_2023_to_2032(self) -> None:
        assert Counter(entry.languages for entry in code_lists.municipalities(IN_2024)) == {
            ("fi",): 260,
            ("fi", "sv"): 18,
            ("sv", "fi"): 15,
            ("sv",): 16,
        }

    def test_only_the_sixteen_of_aland_are_swedish_alone(self) -> None:
        for entry in code_lists.municipalities(IN_2024):
            assert (entry.languages == ("sv",)) == (entry.wellbeing_services_county == "91"), entry

    def test_the_county_of_every_one_exists_on_every_day_since_counties_do(self) -> None:
        beginning = code_lists.COUNTIES.version
        for day in days_of_change(code_lists.MUNICIPALITIES) | days_of_change(code_lists.COUNTIES):
            counties = {county.code for county in code_lists.wellbeing_services_counties(day)}
            used = {entry.wellbeing_services_county for entry in code_lists.municipalities(day)}
            assert used == counties or day < beginning, day

    def test_no_two_have_the_same_name(self) -> None:
        names = Counter(entry.name_fi for entry in code_lists.municipalities(IN_2024))
        assert max(names.values()) == 1


class TestWellbeingServicesCounties:
    def test_there_are_21_and_helsinki_and_aland_from_2023(self) -> None:
        assert len(code_lists.wellbeing_services_counties(date(2023, 1, 1))) == 23
        assert code_lists.wellbeing_services_counties(date(2022, 12, 31)) == ()

    def test_helsinki_is_municipality_and_county_at_once(self) -> None:
        assert code_lists.wellbeing_services_county("90", IN_2024).name_en == "City of Helsinki"
        served = [e.code for e in code_lists.municipalities(IN_2024) if e.wellbeing_services_county == "90"]
        assert served == ["091"]


class TestLanguageLevels:
    def test_they_stand_in_order(self) -> None:
        levels = code_lists.language_levels(IN_2025)
        assert " ".join(level.code for level in levels) == (
            "alle_A1.1 A1.1 A1.2 A1.3 A2.1 A2.2 B1.1 B1.2 B2.1 B2.2 C1.1 C1.2 C2.1 C2.2"
        )
        assert [level.order for level in levels] == list(range(len(levels)))

    def test_a_better_skill_has_the_greater_order(self) -> None:
        assert code_lists.language_level("A2.2").order < code_lists.language_level("B1.1").order


class TestResidencePermits:
    def test_the_grounds_of_each_group_of_the_integration_act_are_these(self) -> None:
        grouped = [
            (entry.integration_act_group, entry.code, entry.integration_act_condition)
            for entry in code_lists.permit_grounds(IN_2025)
            if entry.integration_act_group
        ]
        assert grouped == [
            ("2.3.1", "international_protection_asylum", None),
            ("2.3.1", "subsidiary_protection", None),
            ("2.3.1", "quota_refugee", None),
            ("2.3.2", "removal_not_possible", "applied_for_protection"),
            ("2.3.2", "compassionate_grounds", "applied_for_protection"),
            ("2.3.2", "excluded_from_protection", "applied_for_protection"),
            ("2.3.3", "special_humanitarian_grounds", None),
            ("2.3.4", "victim_of_trafficking", "continuous_permit"),
            ("2.3.5", "temporary_protection", "municipality_of_residence"),
            ("2.4", "family_tie_to_beneficiary", "tie_before_arrival"),
        ]

    def test_a_condition_stands_only_beside_a_group(self) -> None:
        grounds = code_lists.permit_grounds(IN_2025)
        assert [e for e in grounds if e.integration_act_condition and not e.integration_act_group] == []

    def test_humanitarian_protection_is_granted_no_more(self) -> None:
        assert code_lists.is_valid_permit_ground("humanitarian_protection", date(2016, 5, 15))
        assert not code_lists.is_valid_permit_ground("humanitarian_protection", date(2016, 5, 16))

    def test_what_is_verified_names_its_section(self) -> None:
        entries: list[PermitKind | PermitGround] = [
            *code_lists.permit_kinds(IN_2025),
            *code_lists.permit_grounds(IN_2025),
        ]
        verified = [entry for entry in entries if entry.verified]
        assert 0 < len(verified) < len(entries)
        assert [entry for entry in verified if not entry.legal_basis] == []

    def test_the_letters_of_the_card_are_a_b_p_and_p_eu(self) -> None:
        letters = {entry.designation: entry.code for entry in code_lists.permit_kinds(IN_2025) if entry.designation}
        assert letters == {
            "B": "temporary",
            "A": "continuous",
            "P": "permanent",
            "P-EU": "long_term_resident_eu",
        }


class TestCountries:
    @pytest.mark.parametrize("code", ["FIN", "SYR", "UKR", "XKX", "XXA", "XXX"])
    def test_a_country_or_its_lack_has_a_code_of_three_letters(self, code: str) -> None:
        assert code_lists.is_country(code)

    @pytest.mark.parametrize("code", ["FI", "fin", "ABC", "", "Finland", "SUN"])
    def test_nothing_else_is_a_country(self, code: str) -> None:
        assert not code_lists.is_country(code)

    def test_every_code_has_the_shape_that_contracts_carry(self) -> None:
        for code in {*code_lists._countries(), *code_lists.USER_ASSIGNED_COUNTRIES}:
            TypeAdapter[str](CountryCode).validate_python(code)

    def test_iso_has_not_taken_a_code_that_we_assign(self) -> None:
        assert code_lists._countries().keys() & code_lists.USER_ASSIGNED_COUNTRIES.keys() == set()

    def test_a_name_is_told_in_finnish_swedish_and_english(self) -> None:
        assert [code_lists.country_name("SWE", language) for language in ("fi", "sv", "en")] == [
            "Ruotsi",
            "Sverige",
            "Sweden",
        ]
        assert code_lists.country_name("XXA", "fi") == "kansalaisuudeton"


class TestLanguages:
    @pytest.mark.parametrize("code", ["fi", "sv", "se", "ar", "so", "uk", "ckb", "prs"])
    def test_a_language_has_its_shortest_iso_639_code(self, code: str) -> None:
        assert code_lists.is_language(code)

    @pytest.mark.parametrize("code", ["fin", "ara", "FI", "und", "mul", "zxx", "mis", "", "suomi"])
    def test_a_second_code_of_a_language_or_a_code_of_none_is_refused(self, code: str) -> None:
        assert not code_lists.is_language(code)

    def test_every_code_has_the_shape_that_contracts_carry(self) -> None:
        for code in code_lists._languages():
            TypeAdapter[str](LanguageCode).validate_python(code)

    def test_a_name_is_told_in_english_where_there_is_no_translation(self) -> None:
        assert code_lists.language_name("ar", "fi") == "arabia"
        assert code_lists.language_name("prs", "fi") == "Dari"
