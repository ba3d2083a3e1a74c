"""The code lists and the rule book, for programs that offer codes to people."""

from urllib.parse import quote

import pytest

from contracts.law import Law, laws
from tests.gateway.support import API, Door


async def test_the_lists_are_named(door: Door) -> None:
    answer = await door.send("GET", f"{API}/code-lists")
    assert "client_relationship_end_reasons" in answer.json["names"]


async def test_a_list_tells_its_codes_on_a_day(door: Door) -> None:
    answer = await door.send("GET", f"{API}/code-lists/municipalities?on=2024-12-31")
    assert (answer.json["on"], answer.status) == ("2024-12-31", 200)
    names = {each["code"]: each["name_fi"] for each in answer.json["codes"]}
    assert names["837"] == "Tampere"
    later = await door.send("GET", f"{API}/code-lists/municipalities?on=2025-01-01")
    assert {each["code"] for each in later.json["codes"]} == names.keys() - {"588"}  # Pertunmaa joined Mäntyharju


async def test_a_list_that_is_not_there_is_not_found(door: Door) -> None:
    assert (await door.send("GET", f"{API}/code-lists/passwd")).status == 404


async def test_the_rule_book_tells_its_versions_and_each_of_them_whole(door: Door) -> None:
    told = (await door.send("GET", f"{API}/law")).json["versions"]
    assert {each["version"]: each["valid_from"] for each in told} == {
        each.version: each.valid_from and str(each.valid_from) for each in laws()
    }
    for version in (*(each["version"] for each in told), "2025-01-01+2011-09-01"):
        whole = await door.send("GET", f"{API}/law/{quote(version)}")
        assert Law.model_validate(whole.json) == laws().version(version)
    grounds = {each["code"]: each for each in whole.json["plan"]["extensions"]}
    assert grounds["special_measures"]["legal_basis"]


@pytest.mark.parametrize(
    "version",
    [
        "1918",
        "+",
        "2025-01-01+",
        "2025-01-01+1918",
        "2025-01-01+2025-01-01",
        "2025-01-01+2023",
        "2023+2011-09-01",
        "+".join(1000 * ["2025-01-01"]),
    ],
)
async def test_a_version_of_the_law_that_no_case_can_have_is_not_found(door: Door, version: str) -> None:
    (await door.send("GET", f"{API}/law/{quote(version)}")).problem(404, "not-found")


@pytest.mark.parametrize("day", ["yesterday", "0", "2024-12-31T00:00:00"])
async def test_a_day_that_is_none_is_refused_by_name(door: Door, day: str) -> None:
    answer = await door.send("GET", f"{API}/code-lists/municipalities?on={day}")
    assert answer.status == 400
    assert "query parameter on" in answer.text


async def test_nobody_reads_without_a_token(door: Door) -> None:
    assert (await door.send("GET", f"{API}/code-lists", token=None)).status == 401
