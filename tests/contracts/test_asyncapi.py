"""The AsyncAPI document, against the standards and against the code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from contracts import topology
from contracts.envelope import Envelope, Event
from contracts.export.asyncapi import asyncapi
from contracts.registry import events, requests
from services.kit import answering

SPECS = Path(__file__).parent / "specs"
DOCUMENT = asyncapi()


def standard(name: str) -> Draft7Validator:
    schema = json.loads((SPECS / name).read_text(encoding="utf-8"))
    return Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER)


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from references(each)


def test_the_document_is_valid_asyncapi_3() -> None:
    standard("asyncapi-3.0.0.schema.json").validate(DOCUMENT)


def test_every_reference_leads_somewhere() -> None:
    for reference in set(references(DOCUMENT)):
        node = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_every_message_of_the_registry_is_published_asked_or_answered() -> None:
    operations = set(DOCUMENT["operations"])

    assert {f"{event.owner()}.publishes.{event.TYPE}" for event in events()} <= operations
    assert {f"{request.owner()}.answers.{request.TYPE}" for request in requests()} <= operations


def test_every_queue_and_exchange_of_the_document_is_declared_in_the_topology() -> None:
    declared = {queue.name for queue in topology.queues()}
    bindings = [channel["bindings"]["amqp"] for channel in DOCUMENT["channels"].values()]

    assert {binding["queue"]["name"] for binding in bindings if binding["is"] == "queue"} <= declared
    for exchange in (binding["exchange"] for binding in bindings if binding["is"] == "routingKey"):
        assert topology.exchanges()[exchange["name"]] == exchange["type"]


@pytest.mark.parametrize("event", events(), ids=lambda event: event.TYPE)
def test_the_example_of_an_event_is_a_cloudevent_that_we_read(event: type[Event]) -> None:
    (example,) = DOCUMENT["components"]["messages"][event.TYPE]["examples"]

    standard("cloudevents-1.0.schema.json").validate(example["payload"])
    envelope = Envelope.model_validate(example["payload"])
    assert event.model_validate(envelope.data).subject() == envelope.subject


@pytest.mark.parametrize("event", events(), ids=lambda event: event.TYPE)
def test_an_event_as_we_write_it_is_a_cloudevent(event: type[Event]) -> None:
    (example,) = DOCUMENT["components"]["messages"][event.TYPE]["examples"]
    written = Envelope.model_validate(example["payload"]).model_dump_json(exclude_none=True)

    standard("cloudevents-1.0.schema.json").validate(json.loads(written))


def test_the_envelope_adds_only_attribute_names_that_cloudevents_allows() -> None:
    assert all(name.isalnum() and name.islower() and len(name) <= 20 for name in Envelope.model_fields)


def test_the_headers_of_a_request_are_those_that_the_services_use() -> None:
    headers = [DOCUMENT["components"]["messages"][request.TYPE]["headers"]["properties"] for request in requests()]
    used = {answering.ACTOR, answering.DEADLINE, answering.IDEMPOTENCY_KEY, "traceparent"}

    assert set().union(*headers) == used
