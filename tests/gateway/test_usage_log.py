"""The usage log's doors: what identifies comes in bodies, and languages as browsers tell them."""

from datetime import date
from typing import Any

import pytest

from contracts.access.usage_log import FindSearches, FindUsageByUser, FindUsageOfCustomer, GetOwnUsage
from services.gateway.routes.usage_log import accepted
from tests.gateway.replies.ids import CUSTOMER_ID
from tests.gateway.support import API, Door


def asked(door: Door) -> Any:
    (one,) = door.requests.asked
    return one.request


async def test_who_saw_a_customer_is_asked(door: Door) -> None:
    answer = await door.send("GET", f"{API}/customers/{CUSTOMER_ID}/usage?cursor=17.3&limit=5")
    assert answer.status == 200
    assert answer.json == {"lines": [], "next_cursor": None}
    assert asked(door) == FindUsageOfCustomer(customer_id=CUSTOMER_ID, cursor="17.3", limit=5)


async def test_what_a_user_saw_is_asked_with_the_user_in_the_body(door: Door) -> None:
    answer = await door.send("POST", f"{API}/usage-log/by-user", json={"user": "a"})
    assert answer.status == 200
    assert asked(door) == FindUsageByUser(user="a")


async def test_who_searched_a_person_is_asked_with_the_person_in_the_body(door: Door) -> None:
    body = {"name": "Aamu", "date_of_birth": "1994-05-01"}
    answer = await door.send("POST", f"{API}/usage-log/searches", json=body)
    assert answer.status == 200
    assert asked(door) == FindSearches(name="Aamu", date_of_birth=date(1994, 5, 1))


@pytest.mark.parametrize("body", [{"who": "a"}, {"user": ""}, {}])
async def test_a_body_that_is_not_the_question_is_refused(door: Door, body: dict[str, str]) -> None:
    answer = await door.send("POST", f"{API}/usage-log/by-user", json=body)
    assert answer.problem(422, "invalid-input")["errors"]


@pytest.mark.parametrize("query", ["cursor=first", "limit=0", "limit=41"])
async def test_a_page_that_can_not_be_is_refused(door: Door, query: str) -> None:
    assert (await door.send("GET", f"{API}/me/usage?{query}")).status == 400


async def test_the_own_view_is_asked_in_the_languages_of_the_browser(door: Door) -> None:
    answer = await door.send("GET", f"{API}/me/usage", headers={"Accept-Language": "so-SO, en;q=0.3, fi;q=0.7"})
    assert answer.status == 200
    assert asked(door) == GetOwnUsage(languages=("so", "fi", "en"))


@pytest.mark.parametrize(
    ("header", "languages"),
    [
        ("fi", ("fi",)),
        ("en;q=0.1,sv", ("sv", "en")),
        ("fi-FI,fi;q=0.9,en;q=0", ("fi",)),
        ("*, ;q=x, q=1, fi;q=2, \t, en ; q=0.5", ("en",)),
        ("", ()),
        (",".join(f"{a}{b}" for a in "abcdef" for b in "abcdef"), tuple(f"{a}{b}" for a in "abc" for b in "abcdef")),
    ],
)
def test_what_is_no_language_is_left_out(header: str, languages: tuple[str, ...]) -> None:
    assert accepted(header)[:18] == languages
    assert len(accepted(header)) <= 20
