"""Each route is one request to one service, in the caller's name."""

from typing import Any

import pytest

from contracts.assessment.cases import GetAssessmentsOfCustomer
from contracts.customer.people import ChangeCustomer, CloseCustomer, GetCustomer, GetCustomerHistory, OpenCustomer
from contracts.customer.search import SearchCustomers
from services.kit.work import canonical_json
from tests.gateway.replies import REPLIES
from tests.gateway.replies.ids import CUSTOMER_ID
from tests.gateway.support import API, Door, opening

CUSTOMER = f"{API}/customers/{CUSTOMER_ID}"


async def test_a_customer_is_opened(door: Door) -> None:
    answer = await door.open(opening(service_language="so"), headers={"Idempotency-Key": "act-1"})
    assert (answer.status, answer.headers["ETag"]) == (201, '"1"')
    assert answer.json == {"customer_id": str(CUSTOMER_ID), "version": 1}
    [asked] = door.requests.asked
    assert asked.request == OpenCustomer.model_validate(opening(service_language="so"))
    assert asked.key == "act-1"


async def test_what_was_opened_is_found_where_the_answer_says(door: Door) -> None:
    opened = await door.open()
    found = await door.send("GET", opened.headers["Location"])
    assert found.json["customer_id"] == str(CUSTOMER_ID)


async def test_a_customer_is_read_with_its_version(door: Door) -> None:
    answer = await door.send("GET", CUSTOMER)
    assert (answer.status, answer.headers["ETag"]) == (200, '"3"')
    assert answer.json == REPLIES[GetCustomer].model_dump(mode="json")
    [asked] = door.requests.asked
    assert (asked.request, asked.key) == (GetCustomer(customer_id=CUSTOMER_ID), None)


async def test_a_change_passes_on_only_the_fields_that_were_set(door: Door) -> None:
    body = {"changes": {"service_language": "en", "contact": None, "interpreter": {"needed": True}}, "why": "Told"}
    answer = await door.change(body, headers={"If-Match": '"3"', "Idempotency-Key": "act-2"})
    assert (answer.status, answer.headers["ETag"]) == (200, '"4"')
    [asked] = door.requests.asked
    told = {"customer_id": str(CUSTOMER_ID), "expected_version": 3, **body}
    assert asked.request == ChangeCustomer.model_validate(told)
    assert canonical_json(asked.request) == canonical_json(ChangeCustomer.model_validate(told))
    assert asked.key == "act-2"


async def test_a_customer_relationship_is_closed(door: Door) -> None:
    headers = {"If-Match": '"4"', "Idempotency-Key": "act-3"}
    answer = await door.send("POST", f"{CUSTOMER}/close", json={"reason": "moved_away"}, headers=headers)
    assert (answer.status, answer.headers["ETag"]) == (200, '"5"')
    [asked] = door.requests.asked
    assert asked.request == CloseCustomer(customer_id=CUSTOMER_ID, expected_version=4, reason="moved_away")
    assert asked.key == "act-3"


async def test_customers_are_looked_for_by_what_stands_in_the_body_and_no_key_is_needed(door: Door) -> None:
    criteria = {"name": "Aamu Esim", "date_of_birth": "1994-05-01", "limit": 5}
    answer = await door.send("POST", f"{API}/customers/search", json=criteria)
    assert (answer.status, answer.json) == (200, REPLIES[SearchCustomers].model_dump(mode="json"))
    [asked] = door.requests.asked
    assert (asked.request, asked.key) == (SearchCustomers.model_validate(criteria), None)


@pytest.mark.parametrize(
    ("criteria", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"phone": "Esimerkki"}, "/phone"),
        ({"personal_identity_code": "010594"}, "/personal_identity_code"),
        ({"name": "Aamu", "limit": 51}, "/limit"),
        ({"name": "Aamu", "cursor": "Esimerkki"}, "/cursor"),
        ({"nimi": "Aamu"}, "/nimi"),
    ],
)
async def test_a_search_that_can_not_be_is_refused_by_field(door: Door, criteria: Any, pointer: str) -> None:
    answer = await door.send("POST", f"{API}/customers/search", json=criteria)
    assert [error["pointer"] for error in answer.problem(422, "invalid-input")["errors"]] == [pointer]
    assert not door.requests.asked


@pytest.mark.parametrize("query", ["limit=0", "limit=51", "limit=many", "cursor=1", "cursor=Meikalainen"])
async def test_a_page_that_cannot_be_is_refused_by_name(door: Door, query: str) -> None:
    answer = await door.send("GET", f"{CUSTOMER}/history?{query}")
    assert answer.status == 400
    assert query.partition("=")[0] in answer.text
    assert "Meikalainen" not in answer.text


async def test_the_history_is_read(door: Door) -> None:
    answer = await door.send("GET", f"{CUSTOMER}/history")
    assert answer.json == {"customer_id": str(CUSTOMER_ID), "entries": [], "next_cursor": None}
    assert door.requests.asked[0].request == GetCustomerHistory(customer_id=CUSTOMER_ID)


async def test_the_assessments_are_read(door: Door) -> None:
    answer = await door.send("GET", f"{CUSTOMER}/assessments")
    assert answer.json == {"assessments": []}
    assert door.requests.asked[0].request == GetAssessmentsOfCustomer(customer_id=CUSTOMER_ID)


async def test_every_answer_says_how_browsers_are_to_treat_it(door: Door) -> None:
    for path, token in ((CUSTOMER, ""), (CUSTOMER, None), ("/nowhere", ""), ("/healthz", None)):
        headers = (await door.send("GET", path, token=token)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert "Server" not in headers


async def test_the_content_of_another_group_than_the_path_names_is_refused(door: Door) -> None:
    answer = await door.send(
        "PUT",
        f"{API}/customers/{CUSTOMER_ID}/background/health",
        json={"content": {"group": "education", "studies": []}},
        headers={"Idempotency-Key": "k", "If-Match": '"0"'},
    )
    [error] = answer.problem(422, "invalid-input")["errors"]
    assert (error["pointer"], error["rule"]) == ("/content/group", "differs_from_path")
    assert door.requests.asked == []


async def test_a_field_in_the_content_of_a_group_is_named_as_it_stands_in_the_body(door: Door) -> None:
    answer = await door.send(
        "PUT",
        f"{API}/customers/{CUSTOMER_ID}/background/education",
        json={"content": {"group": "education", "studies": [{"level": "?", "extra": 1}]}},
        headers={"Idempotency-Key": "k", "If-Match": '"0"'},
    )
    errors = {(each["pointer"], each["rule"]) for each in answer.problem(422, "invalid-input")["errors"]}
    assert errors == {
        ("/content/studies/0/level", "string_pattern_mismatch"),
        ("/content/studies/0/completed", "missing"),
        ("/content/studies/0/extra", "extra_forbidden"),
    }


async def test_a_group_that_there_is_not_is_refused(door: Door) -> None:
    answer = await door.send("GET", f"{API}/customers/{CUSTOMER_ID}/background/wealth")
    answer.problem(400, "malformed-request")
