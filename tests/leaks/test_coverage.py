"""Nobody can forget: what is not tried here fails here."""

from collections import Counter

from contracts.partners import ToPartner
from contracts.policy import policy
from contracts.registry import events, requests
from tests.gateway.issuer import FakeIssuer
from tests.gateway.support import Door as Gateway
from tests.leaks.doors import DOORS, WITHOUT_CUSTOMERS
from tests.leaks.standings import OWN_RECORD, ROLES, STANDINGS


def test_every_request_is_a_door() -> None:
    assert {each.TYPE for each in requests()} - {door.request.TYPE for door in DOORS} == set()


def test_every_operation_of_the_api_asks_by_a_door_or_has_nothing_of_customers() -> None:
    told = Gateway(FakeIssuer()).document
    operations = {each["operationId"] for methods in told["paths"].values() for each in methods.values()}
    assert operations - {door.operation for door in DOORS} == WITHOUT_CUSTOMERS


def test_doors_have_names_of_their_own() -> None:
    assert [name for name, count in Counter(door.name for door in DOORS).items() if count > 1] == []


def test_every_role_and_every_relation_to_a_customer_is_tried() -> None:
    tried = {each.relation for each in (*STANDINGS, *OWN_RECORD)} | {"none"}
    assert set(policy().text.relations) - tried == set()
    assert set(ROLES) == set(policy().text.roles)


def test_every_event_is_told_by_some_door() -> None:
    """Their contents are looked at after each request."""
    owners = {door.service for door in DOORS}
    to_services = {each.owner() for each in events() if not issubclass(each, ToPartner)}
    assert to_services <= owners  # what partners are told: tests/integration
