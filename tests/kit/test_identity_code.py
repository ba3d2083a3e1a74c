"""The personal identity code (decree 128/2010 2 §). Only test codes are written out: they belong to nobody."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from contracts.types import PersonalIdentityCode
from services.kit.identity_code import InvalidIdentityCode, Rule, check, date_of_birth

CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
SEPARATORS = {18: "+", 19: "-YXWVU", 20: "ABCDEF"}

# Fictional persons published by the Digital and Population Data Services Agency for testing the reform of 2023
AGENCY_CODES = [
    "010594Y9032",
    "010594Y9021",
    "020594X903P",
    "020594X902N",
    "030594W903B",
    "030694W9024",
    "040594V9030",
    "040594V902Y",
    "050594U903M",
    "050594U902L",
    "010516B903X",
    "010516B902W",
    "020516C903K",
    "020516C902J",
    "030516D9037",
    "030516D9026",
    "010501E9032",
    "020502E902X",
    "020503F9037",
    "020504A902E",
    "020504B904H",
]


def written(born: date, separator: str, individual: int) -> str:
    digits = f"{born:%d%m%y}{individual:03d}"
    return f"{digits[:6]}{separator}{digits[6:]}{CHECK_CHARACTERS[int(digits) % 31]}"


@st.composite
def births_and_codes(draw: st.DrawFn, lowest: int = 2, highest: int = 899) -> tuple[date, str]:
    born = draw(st.dates(date(1800, 1, 1), date(2099, 12, 31)))
    separator = draw(st.sampled_from(SEPARATORS[born.year // 100]))
    return born, written(born, separator, draw(st.integers(lowest, highest)))


def rule_against(code: str, *, allow_test_codes: bool = True) -> Rule | None:
    try:
        check(code, allow_test_codes=allow_test_codes)
    except InvalidIdentityCode as refused:
        return refused.rule
    return None


class TestAcceptedCodes:
    @pytest.mark.parametrize("code", AGENCY_CODES)
    def test_each_fictional_person_of_the_agency_has_one(self, code: str) -> None:
        assert check(code, allow_test_codes=True) == code

    @given(births_and_codes())
    def test_a_code_made_by_the_decree_passes_and_tells_the_day_of_birth(self, made: tuple[date, str]) -> None:
        born, code = made
        assert check(code, allow_test_codes=False) == code
        assert date_of_birth(code) == born

    @pytest.mark.parametrize(
        ("separators", "century"), [("+", 1800), ("-YXWVU", 1900), ("ABCDEF", 2000)], ids=["1800s", "1900s", "2000s"]
    )
    def test_every_separator_of_2023_tells_its_century(self, separators: str, century: int) -> None:
        for separator in separators:
            assert date_of_birth(written(date(century + 4, 2, 29), separator, 900)) == date(century + 4, 2, 29)

    @pytest.mark.parametrize("entered", ["010594y9021", " 010594Y9021 ", "010594Y9021\n"])
    def test_a_code_is_kept_in_upper_case_without_blanks_around(self, entered: str) -> None:
        assert check(entered, allow_test_codes=True) == "010594Y9021"

    def test_a_code_is_kept_whole_since_the_separator_tells_persons_apart(self) -> None:
        codes = {check(f"010594{separator}9021", allow_test_codes=True) for separator in "-YXWVU"}
        assert len(codes) == 6

    @given(births_and_codes(highest=999))
    def test_what_is_kept_has_the_shape_that_contracts_carry(self, made: tuple[date, str]) -> None:
        TypeAdapter[str](PersonalIdentityCode).validate_python(check(made[1], allow_test_codes=True))


class TestRefusedCodes:
    @pytest.mark.parametrize(
        ("code", "rule"),
        [
            ("", "form"),
            ("010594", "form"),
            ("010594Y902", "form"),
            ("010594Y90211", "form"),
            ("0105949021", "form"),
            ("010594G9021", "form"),
            ("010594Z9021", "form"),
            ("010594Y902G", "form"),
            ("0105 94Y9021", "form"),
            ("0\u0661" + "0594Y9021", "form"),
            ("\u0660\u0661\u0660\u0665\u0669\u0664Y9021", "form"),
            (written(date(1994, 5, 1), "Y", 0), "form"),
            (written(date(1994, 5, 1), "Y", 1), "form"),
            ("320194Y9021", "date"),
            ("000194Y9021", "date"),
            ("011394Y9021", "date"),
            ("290201A9021", "date"),
            ("290200-9021", "date"),
            ("010594Y9022", "check_character"),
            ("010594Y902A", "check_character"),
        ],
    )
    def test_each_is_refused_by_the_rule_it_breaks(self, code: str, rule: Rule) -> None:
        assert rule_against(code) == rule

    @given(births_and_codes(highest=999), st.integers(0, 10), st.sampled_from("+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    def test_one_wrong_character_is_found_and_another_separator_is_another_person(
        self, made: tuple[date, str], place: int, character: str
    ) -> None:
        code = made[1]
        changed = code[:place] + character + code[place + 1 :]
        if changed == code:
            return
        if place == 6 and rule_against(changed) is None:
            assert check(changed, allow_test_codes=True) == changed != code
        else:
            assert rule_against(changed) is not None

    @given(st.text(max_size=12))
    def test_no_text_breaks_the_check(self, text: str) -> None:
        assert rule_against(text) in (None, "form", "date", "check_character", "test_code")

    def test_its_digits_can_not_be_written_in_another_script(self) -> None:
        # stdnum alone accepts this one: the same person would be kept under two codes
        assert rule_against("010594Y90\u06621") == "form"

    def test_the_message_and_its_cause_never_contain_the_code(self) -> None:
        for code in ("010594G9021", "320194Y9021", "010594Y9022", "010594Y902"):
            with pytest.raises(InvalidIdentityCode, match=r"^not a personal identity code: [a-z_]+$") as raised:
                date_of_birth(code)
            assert code[:6] not in repr(raised.value) + repr(raised.value.__context__)
            assert raised.value.__cause__ is None
            assert raised.value.__suppress_context__


class TestTestCodes:
    @given(births_and_codes(lowest=900, highest=999))
    def test_they_pass_only_where_they_are_allowed(self, made: tuple[date, str]) -> None:
        assert rule_against(made[1], allow_test_codes=False) == "test_code"
        assert rule_against(made[1], allow_test_codes=True) is None

    def test_their_day_of_birth_can_be_told(self) -> None:
        assert date_of_birth("010516B903X") == date(2016, 5, 1)

    def test_a_wrong_one_is_first_of_all_wrong(self) -> None:
        assert rule_against("010594Y9022", allow_test_codes=False) == "check_character"
