"""The OpenAPI document is true, and the page that shows it asks nobody else."""

import csv
import re
from collections.abc import Iterator
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts.access.rights import AppointDeputy, ChangeGrantEnd, EndGrant
from contracts.access.safeguards import OpenEmergencyAccess, ReleaseCustomer
from contracts.customer.people import ChangeCustomer, CloseCustomer
from contracts.customer.transfers import (
    AcceptTransfer,
    AskMoreOfTransfer,
    OfferTransfer,
    RejectTransfer,
    ReplyToTransfer,
)
from contracts.plan.plans import DraftPlan, DropPlan, EndPlan, WithdrawGuardianConsent
from services import kit
from services.gateway.routes.access import DeputyAppointment, Emergency, GrantEnding, NewEnd, Release
from services.gateway.routes.customers import CustomerChanges, CustomerClosing
from services.gateway.routes.documents import PDF
from services.gateway.routes.plans import NewPlan, PlanDropping, PlanEnding, WithdrawnConsent
from services.gateway.routes.transfers import Acceptance, Message, Rejection, TransferOffer
from services.kit import identity_code
from tests.gateway.replies.ids import CUSTOMER_ID
from tests.gateway.support import Door

CODE_LISTS = Path(kit.__file__).parent / "code_lists"
EXPRESSION = re.compile(r"\$(request\.path\.|response\.header\.|response\.body#/)([\w-]+)")


def operations(door: Door) -> Iterator[tuple[str, str, Any]]:
    for path, methods in door.document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def examples(door: Door) -> Iterator[tuple[str, str, Any, Any]]:
    for method, path, operation in operations(door):
        if content := operation.get("requestBody", {}).get("content", {}).get("application/json"):
            yield method, path, content["schema"], content["example"]


def values(part: Any, name: str) -> Iterator[Any]:
    """Every value of that name in a document."""
    for key, value in part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ():
        if key == name:
            yield value
        yield from values(value, name)


async def test_the_document_is_served(door: Door) -> None:
    answer = await door.send("GET", "/api/v1/openapi.json", token=None)
    assert answer.json == door.document
    assert answer.json["openapi"].startswith("3.1")


async def test_every_example_is_accepted(door: Door) -> None:
    sent = [each for each in examples(door) if "/session/" not in each[1]]
    assert sent
    for method, path, _, example in sent:
        headers = {"Idempotency-Key": "k1", "If-Match": '"1"'}
        address = (
            re.sub(r"{\w+_id}", str(CUSTOMER_ID), path).replace("{group}", "education").replace("{topic}", "literacy")
        )
        address = address.replace("{edition}", "1")
        answer = await door.send(method, address, json=example, headers=headers)
        assert answer.status in (200, 201, 202), answer
    assert len(door.requests.asked) == len(sent)


def test_every_example_fits_its_schema(shared_door: Door) -> None:
    for _, _, schema, example in examples(shared_door):
        Draft202012Validator({**schema, "components": shared_door.document["components"]}).validate(example)


def test_a_body_with_an_unknown_field_does_not_fit_its_schema(shared_door: Door) -> None:
    for _, _, schema, example in examples(shared_door):
        validator = Draft202012Validator({**schema, "components": shared_door.document["components"]})
        assert not validator.is_valid(example | {"unknown": 1})


def test_the_examples_are_about_nobody(shared_door: Door) -> None:
    codes = list(values([example for *_, example in examples(shared_door)], "personal_identity_code"))
    assert codes
    for code in codes:
        assert identity_code.check(code, allow_test_codes=True)[7] == "9"


def test_the_examples_identity_code_states_their_day_of_birth(shared_door: Door) -> None:
    for *_, example in examples(shared_door):
        if "person" in example:
            stated = identity_code.date_of_birth(example["person"]["personal_identity_code"])
            assert example["person"]["date_of_birth"] == stated.isoformat()


@pytest.mark.parametrize("name", ["kind", "ground"])
def test_the_examples_permit_codes_are_of_the_code_lists(shared_door: Door, name: str) -> None:
    with (CODE_LISTS / f"residence_permit_{name}s.csv").open(encoding="utf-8") as lines:
        known = {row["code"] for row in csv.DictReader(lines)}
    permits = values([example for *_, example in examples(shared_door)], "first_residence_permit")
    found = {permit[name] for permit in permits}
    assert found
    assert found <= known


def test_every_reference_leads_somewhere_and_nothing_is_left_over(shared_door: Door) -> None:
    places = {tuple(each.removeprefix("#/").split("/")) for each in values(shared_door.document, "$ref")}
    assert all(reduce(getitem, place, shared_door.document) for place in places)
    assert set(shared_door.document["components"]["schemas"]) == {place[2] for place in places}


def test_every_object_in_a_body_is_closed(shared_door: Door) -> None:
    bodies = {name: each for name, each in shared_door.document["components"]["schemas"].items() if name[-4:] == "Body"}
    parts = [part for body in bodies.values() for part in body.get("$defs", {}).values()]
    assert "PersonName" in bodies["OpenCustomerBody"]["$defs"]
    assert all(each["additionalProperties"] is False for each in (*bodies.values(), *parts))


def test_parts_of_two_bodies_with_one_name_are_told_apart(shared_door: Door) -> None:
    schemas = shared_door.document["components"]["schemas"]
    goals = [set(schemas[f"{body}Body"]["$defs"]["Goal"]["properties"]) for body in ("PlanContent", "NewContent")]
    assert ("need_ids" in goals[0], "description" in goals[1]) == (True, True)


def test_every_operation_needs_a_bearer_token_or_a_session_and_documents_its_problems(shared_door: Door) -> None:
    schemes = shared_door.document["components"]["securitySchemes"]
    for _, path, operation in operations(shared_door):
        allowed = [schemes[scheme].get("scheme") or schemes[scheme]["in"] for [scheme] in operation["security"]]
        assert allowed == (["cookie"] if path.startswith("/api/v1/session") else ["bearer", "cookie"])
        for status, response in operation["responses"].items():
            found = PDF if path.endswith("/documents/{document_id}/content") else "application/json"
            expected = found if status in ("200", "201", "202") else "application/problem+json"
            assert list(response["content"]) == [expected]


def links(door: Door) -> Iterator[tuple[Any, Any, Any]]:
    """Every link, with the operation and the response that it is of."""
    for _, _, operation in operations(door):
        for response in operation["responses"].values():
            for link in response.get("links", {}).values():
                yield operation, response, link


def test_every_link_gives_an_operation_s_parameters_values_that_are_there(shared_door: Door) -> None:
    known = {each["operationId"]: each for _, _, each in operations(shared_door)}
    assert list(links(shared_door))
    for operation, response, link in links(shared_door):
        reference = response["content"]["application/json"]["schema"]["$ref"]
        there = {
            "request.path.": {each["name"] for each in operation.get("parameters", ())},
            "response.header.": response.get("headers", {}),
            "response.body#/": shared_door.document["components"]["schemas"][reference.split("/")[-1]]["properties"],
        }
        for parameter, expression in link["parameters"].items():
            place, name = EXPRESSION.match(expression).groups()
            assert parameter in {each["name"] for each in known[link["operationId"]]["parameters"]}
            assert name in there[place], expression


@pytest.mark.parametrize(
    ("body", "contract"),
    [
        (CustomerChanges, ChangeCustomer),
        (CustomerClosing, CloseCustomer),
        (DeputyAppointment, AppointDeputy),
        (NewEnd, ChangeGrantEnd),
        (GrantEnding, EndGrant),
        (Release, ReleaseCustomer),
        (Emergency, OpenEmergencyAccess),
        (TransferOffer, OfferTransfer),
        (Acceptance, AcceptTransfer),
        (Rejection, RejectTransfer),
        (Message, AskMoreOfTransfer),
        (Message, ReplyToTransfer),
        (NewPlan, DraftPlan),
        (PlanDropping, DropPlan),
        (PlanEnding, EndPlan),
        (WithdrawnConsent, WithdrawGuardianConsent),
    ],
)
def test_a_body_of_the_gateway_s_own_says_what_its_contract_says(body: Any, contract: Any) -> None:
    taken_from_the_address_and_headers = {
        *("customer_id", "grant_id", "withheld_id", "transfer_id", "plan_id", "consent_id", "expected_version"),
    }
    assert set(body.model_fields) == set(contract.model_fields) - taken_from_the_address_and_headers
    for name, field in body.model_fields.items():
        told = contract.model_fields[name]
        assert (field.annotation, field.metadata, field.default) == (told.annotation, told.metadata, told.default)


async def test_the_page_loads_from_here_alone(door: Door) -> None:
    page = await door.send("GET", "/docs", token=None)
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(addresses) == 4
    for address in addresses:
        assert address.startswith("/docs/") or address == "data:,"
    kinds = {"css": "text/css", "js": "text/javascript"}
    for address in addresses:
        if address.startswith("/"):
            part = await door.send("GET", address, token=None)
            assert part.status == 200
            assert part.headers["Content-Type"].startswith(kinds[address.rpartition(".")[2]])


async def test_the_page_asks_no_validator_on_the_internet(door: Door) -> None:
    start = (await door.send("GET", "/docs/start.js", token=None)).text
    assert "validatorUrl: null" in start
    assert "//" not in start


async def test_the_browser_is_told_to_let_the_page_reach_nobody_else(door: Door) -> None:
    policy = (await door.send("GET", "/docs", token=None)).headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    allowed = {source for directive in policy.split(";") for source in directive.split()[1:]}
    assert allowed == {"'none'", "'self'", "data:"}


@pytest.mark.parametrize("name", ["swagger-initializer.js", "index.html", "..%2f..%2f__init__.py", "nothing.css"])
async def test_no_other_file_is_served(door: Door, name: str) -> None:
    (await door.send("GET", f"/docs/{name}", token=None)).problem(404, "not-found")
