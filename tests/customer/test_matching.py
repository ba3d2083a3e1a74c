"""How names and phone numbers are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.types import PersonName
from services.customer.matching import phone_number, skeleton, words, words_on_record


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Mäkinen Åsa", ("makinen", "asa")),
        ("Nguyễn Thị Hương", ("nguyen", "thi", "huong")),
        ("Al-Hassan", ("al", "hassan")),
        ("O’Brien", ("obrien",)),
        ("Мар'яна Шевченко", ("maryana", "shevchenko")),
        ("محمد", ("mhmd",)),
        ("Ali Ali", ("ali",)),
        ("— ?", ()),
    ],
)
def test_a_name_is_taken_apart_into_plain_words(name: str, expected: tuple[str, ...]) -> None:
    assert words(name) == expected


@pytest.mark.parametrize(
    "spellings",
    [
        "Mohamed Muhammad Mohammed Mohamad Mahamed محمد",
        "Yusuf Youssef Jusuf Yousif",
        "Oleksandr Aleksandr Alexander Olexandr",
        "Shevchenko Ševtšenko Schewtschenko Шевченко",
        "Hussein Husayn Hossein Huseyin",
        "Chernov Tšernov Tschernow",
        "Qureshi Kureishi Quraishi",
        "Jamal Dzhamal Djamal",
        "Natalia Natalja Nataliya Наталія",
        "Fatima Fatimah Fatuma Фатіма فاطمة",
    ],
)
def test_usual_transliterations_of_a_name_sound_the_same(spellings: str) -> None:
    assert len({skeleton(*words(each)) for each in spellings.split()}) == 1


@pytest.mark.parametrize(("one", "other"), [("Mohamed", "Ahmed"), ("Ivanov", "Ivanenko")])
def test_different_names_sound_different(one: str, other: str) -> None:
    assert skeleton(*words(one)) != skeleton(*words(other))


@given(st.text(max_size=40))
def test_words_and_skeletons_are_plain_whatever_is_written(name: str) -> None:
    for word in words(name):
        assert word.isascii()
        assert word == word.lower()
        assert words(word) == (word,)
        assert skeleton(word).isalnum()


def test_a_word_of_the_present_name_is_not_a_former_one() -> None:
    recorded = words_on_record(
        PersonName(family="Virtanen", given="Aamu"), [PersonName(family="Esimerkki", given="Aamu")]
    )
    assert recorded == {"esimerkki": True, "aamu": False, "virtanen": False}


@pytest.mark.parametrize("written", ["040 123 4567", "+358 40 123 4567", "00358401234567", "040-1234567"])
def test_a_finnish_number_is_one_however_it_is_written(written: str) -> None:
    assert phone_number(written) == "+358401234567"


def test_a_foreign_number_keeps_its_country() -> None:
    assert phone_number("+252 61 5550123") == "+252615550123"


def test_what_is_no_number_is_compared_by_its_digits() -> None:
    assert phone_number("+99 999-99") == "9999999"
