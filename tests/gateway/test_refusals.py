"""Everything that is refused is refused as a problem, and says what to mend without repeating what was entered."""

import asyncio
import json
from typing import Any

import pytest

from contracts.envelope import FieldChange, FieldError, Problem
from services.kit.errors import Forbidden, ProblemReply, Unavailable
from tests.gateway.issuer import FakeIssuer
from tests.gateway.replies.ids import CUSTOMER_ID
from tests.gateway.support import API, Door, opening
from tests.support import eventually

CUSTOMERS = f"{API}/customers"
CUSTOMER = f"{CUSTOMERS}/{CUSTOMER_ID}"
JSON = {"Content-Type": "application/json", "Idempotency-Key": "k1"}


@pytest.mark.parametrize("body", [b"", b"{", b'{"person": }', b"\xff", b"[" * 5000, b'{"arrival": "\\ud800"}'])
async def test_what_is_not_json_is_malformed(door: Door, body: bytes) -> None:
    answer = await door.send("POST", CUSTOMERS, data=body, headers=JSON)
    answer.problem(400, "malformed-request")
    assert not door.requests.asked


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/merge-patch+json"]
)
async def test_a_body_of_another_media_type_is_refused(door: Door, kind: str) -> None:
    headers = JSON | {"Content-Type": kind}
    answer = await door.send("POST", CUSTOMERS, data=json.dumps(opening()), headers=headers)
    answer.problem(415, "unsupported-media-type")


async def test_a_media_type_may_have_parameters(door: Door) -> None:
    headers = JSON | {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await door.send("POST", CUSTOMERS, data=json.dumps(opening()), headers=headers)).status == 201


async def test_unknown_fields_are_refused_at_every_depth(door: Door) -> None:
    body = opening(nickname="Essi", contact={"fax": "1"}) | {"a/b~c": 1}
    problem = (await door.open(body)).problem(422, "invalid-input")
    assert {(error["pointer"], error["rule"]) for error in problem["errors"]} == {
        ("/person/nickname", "extra_forbidden"),
        ("/person/contact/fax", "extra_forbidden"),
        ("/a~1b~0c", "extra_forbidden"),
    }
    assert not door.requests.asked


async def test_every_broken_rule_is_named_and_no_value_is_repeated(door: Door) -> None:
    body = {
        "person": {
            "name": {"given": "Aamu"},
            "date_of_birth": "1.5.1994",
            "personal_identity_code": "010594-PLANTED",
            "citizenships": ["SOM", "planted"],
            "interpreter": {"needed": "planted"},
            "contact": {"email": "planted"},
        },
        "arrival": "planted",
    }
    answer = await door.open(body)
    errors = {error["pointer"]: error["rule"] for error in answer.problem(422, "invalid-input")["errors"]}
    assert errors == {
        "/person/name/family": "missing",
        "/person/date_of_birth": "date_parsing",
        "/person/personal_identity_code": "string_pattern_mismatch",
        "/person/citizenships/1": "string_pattern_mismatch",
        "/person/interpreter/needed": "bool_type",
        "/person/contact/email": "string_pattern_mismatch",
        "/arrival": "literal_error",
    }
    assert "planted" not in answer.text.lower()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("date_of_birth", 767750400),
        ("date_of_birth", "767750400"),
        ("date_of_birth", "19940501"),
        ("service_language", 1),
        ("interpreter", {"needed": 1}),
    ],
)
async def test_a_value_of_another_type_than_documented_is_not_bent_into_shape(
    door: Door, field: str, value: Any
) -> None:
    (await door.open(opening(**{field: value}))).problem(422, "invalid-input")


async def test_a_flood_of_errors_is_cut(door: Door) -> None:
    answer = await door.open(opening() | {f"unknown{number}": 1 for number in range(500)})
    assert len(answer.problem(422, "invalid-input")["errors"]) == 100


@pytest.mark.parametrize("body", ["[]", "null", "7", '"text"'])
async def test_json_that_is_no_object_breaks_the_rule_of_the_whole_body(door: Door, body: str) -> None:
    answer = await door.send("POST", CUSTOMERS, data=body, headers=JSON)
    assert [error["pointer"] for error in answer.problem(422, "invalid-input")["errors"]] == [""]


async def test_a_body_as_large_as_allowed_is_read(door: Door) -> None:
    body = json.dumps(opening()).ljust(door.settings.max_body_bytes)
    assert (await door.send("POST", CUSTOMERS, data=body, headers=JSON)).status == 201


async def test_a_larger_body_is_refused(door: Door) -> None:
    body = json.dumps(opening()).ljust(door.settings.max_body_bytes + 1)
    answer = await door.send("POST", CUSTOMERS, data=body, headers=JSON)
    answer.problem(413, "body-too-large")
    assert not door.requests.asked


async def test_a_body_without_a_stated_length_is_refused_before_its_end(door: Door) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.gateway.port)
    head = f"POST {CUSTOMERS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {door.issuer.token()}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    for _ in range(door.settings.max_body_bytes // 1024 + 1):
        writer.write(b"400\r\n" + b" " * 1024 + b"\r\n")
    async with asyncio.timeout(30):
        assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


async def test_a_caller_who_leaves_amid_the_body_is_no_defect(door: Door, capfd: pytest.CaptureFixture[str]) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", door.gateway.port)
    head = f"POST {CUSTOMERS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {door.issuer.token()}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
    await asyncio.sleep(0.1)
    writer.close()

    async def has_ended() -> bool:
        door.telemetry.flush()
        return bool(door.spans.get_finished_spans())

    await eventually(has_ended)
    assert "http.failed" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CUSTOMERS, opening()),
        ("PATCH", CUSTOMER, {"changes": {}}),
        ("POST", f"{CUSTOMER}/close", {"reason": "moved_away"}),
    ],
)
async def test_a_changing_request_without_an_idempotency_key_is_refused_by_name(
    door: Door, method: str, path: str, body: Any
) -> None:
    answer = await door.send(method, path, json=body, headers={"If-Match": '"1"'})
    assert "Idempotency-Key" in answer.problem(400, "malformed-request")["detail"]
    assert not door.requests.asked


@pytest.mark.parametrize("key", ["", "two words", "k" * 201, "ä"])
async def test_an_idempotency_key_of_a_wrong_form_is_refused_by_name(door: Door, key: str) -> None:
    answer = await door.open(headers={"Idempotency-Key": key})
    assert "Idempotency-Key" in answer.problem(400, "malformed-request")["detail"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("PATCH", CUSTOMER, {"changes": {}}), ("POST", f"{CUSTOMER}/close", {"reason": "moved_away"})],
)
async def test_a_change_to_no_stated_version_is_refused(door: Door, method: str, path: str, body: Any) -> None:
    answer = await door.send(method, path, json=body, headers={"Idempotency-Key": "k1"})
    answer.problem(428, "precondition-required")
    assert not door.requests.asked


@pytest.mark.parametrize("version", ["1", 'W/"1"', "*", '"0"', '"-1"', '"1", "2"', '"planted"', f'"{10**20}"', '"١"'])
async def test_an_if_match_of_a_wrong_form_is_refused_by_name(door: Door, version: str) -> None:
    answer = await door.change(headers={"If-Match": version})
    assert "If-Match" in answer.problem(400, "malformed-request")["detail"]
    assert "planted" not in answer.text


async def test_an_id_that_is_none_is_not_found(door: Door) -> None:
    answer = await door.send("GET", f"{CUSTOMERS}/010594Y9032")
    answer.problem(404, "not-found")
    assert "010594Y9032" not in answer.text


async def test_an_unknown_path_is_not_found(door: Door) -> None:
    (await door.send("GET", "/api/v2/customers")).problem(404, "not-found")


async def test_a_wrong_method_is_told_the_right_ones(door: Door) -> None:
    answer = await door.send("DELETE", CUSTOMERS)
    answer.problem(405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, POST"
    assert (await door.send("DELETE", CUSTOMER)).headers["Allow"] == "GET, PATCH"


async def test_an_address_of_its_own_is_never_taken_for_a_customer_s(door: Door) -> None:
    answer = await door.send("PATCH", f"{CUSTOMERS}/search", json={})
    answer.problem(405, "method-not-allowed")
    assert answer.headers["Allow"] == "POST"


async def test_nothing_is_allowed_across_origins(door: Door) -> None:
    answer = await door.send("GET", CUSTOMER, headers={"Origin": "https://other.example"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


async def test_who_asks_too_often_is_told_when_to_go_on_and_others_are_not_held_up(issuer: FakeIssuer) -> None:
    async with Door(issuer, rate_limit="3/hour") as door:
        eager = issuer.token(sub="eager")
        assert [(await door.send("GET", CUSTOMER, token=eager)).status for _ in range(3)] == [200, 200, 200]
        answer = await door.send("GET", CUSTOMER, token=eager)
        answer.problem(429, "too-many-requests")
        assert 3500 < int(answer.headers["Retry-After"]) <= 3600
        assert len(door.requests.asked) == 3
        assert (await door.send("GET", CUSTOMER)).status == 200


async def test_a_service_s_problem_is_passed_on_as_it_is(door: Door) -> None:
    problem = Problem(
        type="urn:koto:problem:changed-meanwhile",
        title="Somebody changed this meanwhile",
        status=412,
        detail="Look at the changes.",
        errors=(FieldError(pointer="/changes/name", rule="stale", detail="Changed."),),
        current_version=7,
        changes=(FieldChange(field="name", version=7, changed_at="2026-03-02T08:15:00Z", changed_by="091/u"),),
    )
    door.requests.fails_by = ProblemReply(problem)
    answer = await door.change()
    answer.problem(412, "changed-meanwhile")
    assert answer.json == problem.model_dump(mode="json", exclude_defaults=True)


async def test_what_a_service_forbids_is_forbidden(door: Door) -> None:
    door.requests.fails_by = ProblemReply(Forbidden("Not yours.").problem())
    assert (await door.send("GET", CUSTOMER)).problem(403, "forbidden")["detail"] == "Not yours."


@pytest.mark.parametrize("failure", [Unavailable(retry_after=9), ProblemReply(Unavailable(retry_after=9).problem())])
async def test_when_something_beneath_is_away_the_caller_is_told_when_to_repeat(door: Door, failure: Exception) -> None:
    door.requests.fails_by = failure
    answer = await door.open()
    answer.problem(503, "unavailable")
    assert answer.headers["Retry-After"] == "9"


async def test_of_a_defect_the_caller_learns_nothing_but_that_it_is_ours(door: Door) -> None:
    door.requests.fails_by = RuntimeError("planted")
    answer = await door.send("GET", CUSTOMER)
    assert set(answer.problem(500, "internal-error")) == {"type", "title", "status"}
    door.requests.fails_by = None
    assert (await door.send("GET", CUSTOMER)).status == 200
