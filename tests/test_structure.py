"""Who knows one service knows all: the same files, a handler for every contract, a database for every owner."""

import importlib
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from contracts import topology
from contracts.customer.state import CustomerErased
from contracts.registry import requests

ROOT = Path(__file__).parents[1]
OWNERS = [each for each in topology.SERVICES if each.answers]
FILES = {
    "README.md",
    "rules.py",
    "tables.py",
    "repository.py",
    "handlers.py",
    "subscribers.py",
    "main.py",
    "migrations",
}


def test_every_service_folder_is_in_the_topology() -> None:
    folders = {path.parent.name for path in ROOT.glob("services/*/main.py")}
    assert folders == {each.name for each in topology.SERVICES}


@pytest.mark.parametrize("service", OWNERS, ids=lambda each: each.name)
def test_a_service_has_the_files_that_every_service_has(service: topology.Service) -> None:
    folder = ROOT / "services" / service.name
    packages = {f"{path.parent.name}.py" for path in folder.glob("*/__init__.py")}
    assert {path.name for path in folder.iterdir()} | packages >= FILES


@pytest.mark.parametrize("service", OWNERS, ids=lambda each: each.name)
def test_a_service_answers_every_request_it_owns_and_handles_every_event_it_hears(service: topology.Service) -> None:
    subscribers = importlib.import_module(f"services.{service.name}.subscribers")
    assert set(subscribers.REQUESTS) == {each for each in requests() if each.owner() == service.name}
    assert set(subscribers.INPUT) == set(service.input) - {CustomerErased}, "kit itself handles the erasure"


@pytest.mark.parametrize("service", OWNERS, ids=lambda each: each.name)
def test_a_service_that_hears_of_people_hears_of_their_erasure(service: topology.Service) -> None:
    if service.name != CustomerErased.owner():
        assert CustomerErased in service.input


@pytest.mark.parametrize("service", topology.SERVICES, ids=lambda each: each.name)
def test_every_table_can_be_erased_with_the_person_or_says_why_not(service: topology.Service) -> None:
    metadata: MetaData = importlib.import_module(f"services.{service.name}.tables").METADATA
    for table in metadata.sorted_tables:
        erasable = {"customer_id", "customer_ids"} & set(table.c.keys())
        assert erasable or table.info.get("not_erased"), f"{service.name}.{table.name}"
