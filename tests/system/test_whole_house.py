"""What a municipal expert and an operator get from the running house, over HTTP."""

import re
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.parser import text_string_to_metric_families

from contracts.topology import SERVICES
from tests.gateway.support import API
from tests.support import eventually
from tests.system.conftest import ELSEWHERE, WholeHouse, get

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(300)]
CUSTOMERS = f"{API}/customers"
ROUTE = "/api/v1/customers"
LAST_IN_THEIR_PROCESSES = {f"POST {ROUTE}", "publish customer.opened.v1", "publish assessment.changed.v2"}
Person = dict[str, Any]


async def open_customer(house: WholeHouse, person: Person) -> str:
    """The address of a new customer."""
    return (await house.open(person)).headers["Location"]


async def test_opening_a_customer_puts_an_assessment_to_start(whole_house: WholeHouse, person: Person) -> None:
    opened = await whole_house.open(person)
    customer_id = opened.json["customer_id"]
    assert await eventually(lambda: whole_house.assessments(customer_id)) == ["to_start"]


async def test_what_was_opened_is_read(whole_house: WholeHouse, person: Person) -> None:
    answer = await whole_house.send("GET", await open_customer(whole_house, person))
    assert (answer.status, answer.headers["ETag"]) == (200, '"1"')
    assert {field: _without_empty(answer.json["person"][field]) for field in person} == person


def _without_empty(value: Any) -> Any:
    return {key: each for key, each in value.items() if each is not None} if isinstance(value, dict) else value


async def test_two_groups_of_a_customer_s_background_are_changed_on_their_own(
    whole_house: WholeHouse, person: Person
) -> None:
    background = f"{await open_customer(whole_house, person)}/background"
    education = {"group": "education", "studies": [{"level": "6", "completed": True}]}
    health = {"group": "health", "facts": [{"effect": "working", "description": "Poor sight"}]}
    for content in (education, health):
        path, first = f"{background}/{content['group']}", {"If-Match": '"0"'}
        changed = await whole_house.send("PUT", path, json={"content": content}, headers=first)
        assert (changed.status, changed.headers["ETag"]) == (200, '"1"'), changed
        outdated = await whole_house.send("PUT", path, json={"content": content}, headers=first)
        assert outdated.problem(412, "changed-meanwhile")["changes"][0]["version"] == 1
    answer = await whole_house.send("GET", background)
    found = {each["content"]["group"]: each for each in answer.json["groups"]}
    assert [found[each]["version"] for each in ("education", "health", "goals")] == [1, 1, 0]
    assert found["health"]["content"]["facts"][0]["description"] == "Poor sight"
    history = await whole_house.send("GET", f"{background}/health/history")
    assert [each["version"] for each in history.json["entries"]] == [1]
    elsewhere = await whole_house.send("GET", f"{background}/health", user=ELSEWHERE)
    assert elsewhere.problem(404, "not-found")


# Tracing


def road(spans: list[tuple[str, Span]], service: str, name: str) -> list[str]:
    """The last such span's way up to the trace's root, each step as `service: name`."""
    known = {span.span_id: (owner, span) for owner, span in spans}
    step = next(((owner, span) for owner, span in reversed(spans) if (owner, span.name) == (service, name)), None)
    found = []
    while step:
        found.append(f"{step[0]}: {step[1].name}")
        step = known.get(step[1].parent_span_id)
    return found


async def whole_trace(house: WholeHouse, trace_id: str) -> list[tuple[str, Span]]:
    """The spans of an opening, once the last of each process has come."""

    async def complete() -> list[tuple[str, Span]]:
        spans = house.collector.trace(trace_id)
        return spans if {span.name for _, span in spans} >= LAST_IN_THEIR_PROCESSES else []

    spans: list[tuple[str, Span]] = await eventually(complete, what="the whole trace")
    return spans


ON_THE_WAY = {"gateway", "customer", "assessment"}
"""Who is asked and reacts; others hear of it too, and tell their part of the trace a moment later."""


async def test_one_trace_holds_the_road_from_http_to_the_second_service(
    whole_house: WholeHouse, person: Person
) -> None:
    opened = await whole_house.open(person)
    spans = await whole_trace(whole_house, opened.headers["Trace-Id"])
    http = [f"gateway: POST {ROUTE}"]
    answered = ["customer: answer customer.open_customer.v1", "gateway: ask customer.open_customer.v1", *http]
    assert road(spans, "customer", "INSERT") == ["customer: INSERT", *answered]
    assert road(spans, "customer", "publish customer.opened.v1") == ["customer: publish customer.opened.v1", *answered]
    processed = ["assessment: process customer.opened.v1", *answered]
    assert road(spans, "assessment", "INSERT") == ["assessment: INSERT", *processed]
    on_the_way = [span for service, span in spans if service in ON_THE_WAY]
    assert {span.parent_span_id for span in on_the_way} - {span.span_id for span in on_the_way} == {b""}


async def test_the_spans_of_the_road_are_of_the_kinds_that_tools_draw_it_by(
    whole_house: WholeHouse, person: Person
) -> None:
    opened = await whole_house.open(person)
    spans = await whole_trace(whole_house, opened.headers["Trace-Id"])
    kinds = {span.name: span.kind for _, span in spans}
    assert kinds[f"POST {ROUTE}"] == kinds["answer customer.open_customer.v1"] == Span.SPAN_KIND_SERVER
    assert kinds["ask customer.open_customer.v1"] == kinds["INSERT"] == Span.SPAN_KIND_CLIENT
    assert kinds["publish customer.opened.v1"] == Span.SPAN_KIND_PRODUCER
    assert kinds["process customer.opened.v1"] == Span.SPAN_KIND_CONSUMER


async def test_a_trace_that_the_client_began_goes_on_to_the_second_service(
    whole_house: WholeHouse, person: Person
) -> None:
    trace_id, parent = uuid4().hex, uuid4().hex[:16]
    opened = await whole_house.open(person, headers={"traceparent": f"00-{trace_id}-{parent}-01"})
    assert opened.headers["Trace-Id"] == trace_id
    spans = [each for each in await whole_trace(whole_house, trace_id) if each[0] in ON_THE_WAY]
    assert {span.parent_span_id for _, span in spans} - {span.span_id for _, span in spans} == {bytes.fromhex(parent)}
    assert {service for service, _ in spans} == ON_THE_WAY


# Changing


async def test_a_change_is_made_to_the_version_that_was_read(whole_house: WholeHouse, person: Person) -> None:
    customer = await open_customer(whole_house, person)
    read = (await whole_house.send("GET", customer)).headers["ETag"]
    change = {"changes": {"service_language": "so"}}
    changed = await whole_house.send("PATCH", customer, json=change, headers={"If-Match": read})
    assert (changed.status, changed.headers["ETag"]) == (200, '"2"')
    assert (await whole_house.send("GET", customer)).json["person"]["service_language"] == "so"


async def test_a_change_to_a_version_that_has_passed_is_told_what_changed_meanwhile(
    whole_house: WholeHouse, person: Person
) -> None:
    customer = await open_customer(whole_house, person)
    first, second = {"changes": {"service_language": "so"}}, {"changes": {"service_language": "ar"}}
    await whole_house.send("PATCH", customer, json=first, headers={"If-Match": '"1"'})
    late = await whole_house.send("PATCH", customer, json=second, headers={"If-Match": '"1"'})
    problem = late.problem(412, "changed-meanwhile")
    assert problem["current_version"] == 2
    assert [each["field"] for each in problem["changes"]] == ["service_language"]
    assert (await whole_house.send("GET", customer)).json["person"]["service_language"] == "so"


async def test_an_opening_repeated_with_its_key_is_done_once(whole_house: WholeHouse, person: Person) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first, second = await whole_house.open(person, headers=key), await whole_house.open(person, headers=key)
    assert first.json == second.json
    family = person["name"]["family"]
    assert len(await whole_house.rows("customer", "SELECT 1 FROM customer WHERE family_name = $1", family)) == 1


async def test_another_municipality_finds_no_such_customer(whole_house: WholeHouse, person: Person) -> None:
    opened = await whole_house.open(person)
    await eventually(lambda: whole_house.assessments(opened.json["customer_id"]))
    customer = opened.headers["Location"]
    for path in (customer, f"{customer}/history", f"{customer}/assessments"):
        assert (await whole_house.send("GET", path)).status == 200
        (await whole_house.send("GET", path, user=ELSEWHERE)).problem(404, "not-found")
    for method, path, body in (
        ("PATCH", customer, {"changes": {"service_language": "so"}}),
        ("POST", f"{customer}/close", {"reason": "moved_away"}),
    ):
        refused = await whole_house.send(method, path, user=ELSEWHERE, json=body, headers={"If-Match": '"1"'})
        refused.problem(404, "not-found")
    assert (await whole_house.send("GET", customer)).headers["ETag"] == '"1"'


# The documentation


async def document(house: WholeHouse) -> list[tuple[str, str, Any]]:
    """Method, path and description of every operation of the served document, in its order."""
    served = (await get(f"{house.stack.gateway_url}{API}/openapi.json")).json
    return [
        (method.upper(), path, each) for path, methods in served["paths"].items() for method, each in methods.items()
    ]


async def test_every_example_works_as_it_stands_one_after_the_other(whole_house: WholeHouse) -> None:
    customer, worked = {"customer_id": "", "version": 0}, []
    for method, path, operation in await document(whole_house):
        if operation["operationId"] in ("open_customer", "search_customers", "change_customer", "close_customer"):
            example = operation["requestBody"]["content"]["application/json"]["example"]
            if operation["operationId"] == "close_customer":
                open_matters = await whole_house.send("GET", path.format(**customer).replace("/close", "/open-matters"))
                example = example | {"acknowledged": [each["matter_id"] for each in open_matters.json["matters"]]}
            headers = {"If-Match": f'"{customer["version"]}"'}
            answer = await whole_house.send(method, path.format(**customer), json=example, headers=headers)
            assert answer.status in (200, 201), (path, answer)
            customer = answer.json if "version" in answer.json else customer
            worked.append(operation["operationId"])
    assert worked == ["open_customer", "search_customers", "change_customer", "close_customer"]


async def test_everything_that_can_be_read_is_read(whole_house: WholeHouse, person: Person) -> None:
    opened = await whole_house.open(person)
    await eventually(lambda: whole_house.assessments(opened.json["customer_id"]))
    known = opened.json | {"name": "municipalities", "group": "education"}
    for method, path, operation in await document(whole_house):
        is_an_experts = operation["tags"][0] in ("customers", "code lists")
        is_known = set(re.findall(r"{(\w+)", path)) <= known.keys()
        if method == "GET" and is_an_experts and is_known and {"HTTPBearer": []} in operation["security"]:
            assert (await whole_house.send("GET", path.format(**known))).status == 200, path


async def test_the_documentation_s_page_reaches_nobody_else(whole_house: WholeHouse) -> None:
    page = await get(f"{whole_house.stack.gateway_url}/docs")
    parts = re.findall(r'(?:src|href)="(/[^"]*)"', page.text)
    assert len(parts) == 3
    for text in [
        page.text,
        *[(await get(f"{whole_house.stack.gateway_url}{part}")).text for part in parts if "start" in part],
    ]:
        assert "//" not in text
    for part in parts:
        assert (await get(f"{whole_house.stack.gateway_url}{part}")).status == 200
    policy = page.headers["Content-Security-Policy"]
    assert {source for rule in policy.split(";") for source in rule.split()[1:]} == {"'none'", "'self'", "data:"}


# Operating


async def test_the_gateway_says_at_its_door_that_it_is_alive_and_ready(whole_house: WholeHouse) -> None:
    for question in ("healthz", "readyz"):
        assert (await get(f"{whole_house.stack.gateway_url}/{question}")).status == 200


@pytest.mark.parametrize("service", [each.name for each in SERVICES])
async def test_every_service_tells_its_operators_that_it_is_alive_and_ready(
    whole_house: WholeHouse, service: str
) -> None:
    for question in ("healthz", "readyz"):
        answer = await get(f"{whole_house.operations_url(service)}/{question}")
        assert (answer.status, answer.json) == (200, {service: True})


MOVED_BY_AN_OPENING = [
    ("gateway", "koto_http_seconds_count", {"method": "POST", "route": ROUTE, "status": "201"}),
    ("customer", "koto_request_seconds_count", {"type": "customer.open_customer.v1", "outcome": "answered"}),
    ("customer", "koto_outbox_published_total", {"type": "customer.opened.v1"}),
    ("assessment", "koto_event_seconds_count", {"type": "customer.opened.v1", "outcome": "handled"}),
    ("assessment", "koto_event_seconds_count", {"type": "customer.opened.v1", "outcome": "kept"}),
    ("assessment", "koto_event_lag_seconds_count", {"type": "customer.opened.v1"}),
    ("assessment", "koto_outbox_published_total", {"type": "assessment.changed.v2"}),
]


@pytest.mark.parametrize(("service", "name", "labels"), MOVED_BY_AN_OPENING)
async def test_an_opening_moves_the_metric(
    whole_house: WholeHouse, person: Person, service: str, name: str, labels: dict[str, str]
) -> None:
    async def measured() -> float:
        page = (await get(f"{whole_house.operations_url(service)}/metrics")).text
        samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
        return sum(each.value for each in samples if (each.name, each.labels) == (name, labels | {"service": service}))

    async def moved() -> bool:
        return await measured() > before

    before = await measured()
    await whole_house.open(person)
    await eventually(moved, what=name)


async def test_the_gateway_s_metrics_are_at_its_door_too(whole_house: WholeHouse, person: Person) -> None:
    await whole_house.open(person)
    answer = await get(f"{whole_house.stack.gateway_url}/metrics")
    assert f'koto_http_seconds_count{{method="POST",route="{ROUTE}",service="gateway",status="201"}}' in answer.text
