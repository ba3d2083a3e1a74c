"""What is known of a person shows nowhere but where it belongs: no log, trace, metric, key, header or refusal has it.

One person is entered, changed and closed over HTTP, rightly and wrongly, while parts beneath fail; whatever anybody
could look into is gathered meanwhile, and each test searches one place for what was entered.
"""

import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote, quote_plus

import aio_pika
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractConnection, AbstractIncomingMessage
from google.protobuf.json_format import MessageToJson  # type: ignore[import-untyped]
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from contracts.topology import SERVICES
from deploy.local import environment
from tests.support import eventually
from tests.system.conftest import WholeHouse, get
from tests.system.entering import CUSTOMERS, STRANGER, Entering, Told, manage
from tests.system.planted import CODE, PHONE, PLANTED, WITHOUT_CODE, WRONG_CODE, Found, leaks

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(300)]


@pytest_asyncio.fixture(scope="module")
async def told(whole_house: WholeHouse) -> Told:
    """All that could be seen from anywhere while the person was entered in every way above."""
    told = Told()
    connection = await aio_pika.connect(f"{whole_house.broker.amqp_url}/{environment.VHOST}")
    async with connection, overheard(whole_house, connection, told):
        entering = Entering(whole_house, told)
        await entering.rightly()
        await entering.by_looking_for_the_person()
        await entering.in_wrong_fields()
        await entering.in_addresses_and_headers()
        await entering.malformed()
        await entering.by_those_who_are_not_let_in()
        await entering.while_the_database_refuses()
        await entering.while_a_reader_fails()
        await entering.while_the_broker_refuses()
        await entering.by_a_stranger_at_the_broker(await connection.channel())
        await entering.at_the_close()
        await all_is_told(whole_house)
    told.spans = list(whole_house.collector.spans)
    told.logs += logs(whole_house)
    told.metrics = await metrics(whole_house)
    told.tables = [row for service in ("customer", "assessment") for row in await tables(whole_house, service)]
    return told


@asynccontextmanager
async def overheard(house: WholeHouse, connection: AbstractConnection, told: Told) -> AsyncIterator[None]:
    """Keeps the copies that the broker makes of all messages when told to trace."""

    async def keep(copy: AbstractIncomingMessage) -> None:
        told.copies.append(copy)

    queue = await (await connection.channel()).declare_queue(exclusive=True)
    await queue.bind("amq.rabbitmq.trace", "#")
    await queue.consume(keep, no_ack=True)
    await manage(house, "PUT", f"vhosts/{environment.VHOST}", {"tracing": True})
    yield
    await manage(house, "PUT", f"vhosts/{environment.VHOST}", {"tracing": False})


async def all_is_told(house: WholeHouse) -> None:
    """Spans are exported in the order of their ends: once a last act's are there, so are those of all before it."""
    last = await house.open(WITHOUT_CODE)

    async def exported() -> bool:
        names = {span.name for _, span in house.collector.trace(last.headers["Trace-Id"])}
        return {f"POST {CUSTOMERS}", "publish customer.opened.v1", "publish assessment.changed.v2"} <= names

    await eventually(exported, what="the export of all spans")


def logs(house: WholeHouse) -> list[Found]:
    """What every process has written: ours, RabbitMQ's and PostgreSQL's."""
    files = [*house.stack.home.glob("log/*"), *house.broker.log.parent.iterdir(), house.database.log]
    return [(file.name, line) for file in files if file.is_file() for line in file.read_text().splitlines()]


async def metrics(house: WholeHouse) -> list[Found]:
    """What every process measures, RabbitMQ by queue and connection too."""
    broker = f"http://127.0.0.1:{house.broker.ports['prometheus']}/metrics"
    ours = [house.stack.gateway_url, *(house.operations_url(each.name) for each in SERVICES)]
    pages = [broker, f"{broker}/per-object", *(f"{url}/metrics" for url in ours)]
    return [(page, line) for page in pages for line in (await get(page)).text.splitlines()]


async def tables(house: WholeHouse, service: str) -> list[Found]:
    """Every row of a service's database as text; a parked message's body is searched as a message."""
    named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return [
        (f"{service} {table}", row[0])
        for (table,) in await house.rows(service, named)
        for row in await house.rows(service, f"SELECT (to_jsonb(t) - 'body')::text FROM {table} t")
    ]


def as_text(value: Any) -> str:
    """Whatever a message carries beside its body, as text that can be searched."""
    if isinstance(value, dict):
        return " ".join(f"{key}={as_text(each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return " ".join(map(as_text, value))
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


# What is searched, and how


@pytest.mark.parametrize("value", PLANTED)
def test_a_value_is_found_however_it_is_written(value: str) -> None:
    written = [
        *(value, value.upper(), quote(value), quote_plus(value), json.dumps(value), repr(value)),
        *(value.encode().hex(), json.dumps({"a": [value]}, ensure_ascii=False)),
        *(base64.b64encode(f"{before}{value}!".encode()).decode() for before in ("", "a", "ab")),
    ]
    for text in written:
        assert leaks([("here", f"...{text}...")], [value]), text
    assert not leaks([("here", "nothing of the kind 290268 45 739")])


@pytest.mark.parametrize("value", [CODE, PHONE])
def test_a_number_is_found_without_its_separators(value: str) -> None:
    assert leaks([("here", re.sub(r"[-+ ]", "", value))])


# Where nothing may be


@pytest.mark.parametrize(
    ("file", "sign"),
    [
        ("customer.log", "request.failed"),
        ("customer.log", "outbox.row_refused"),
        ("assessment.log", "event.parked"),
        ("assessment.log", "event.retried"),
        ("gateway.log", "Invalid HTTP request"),
        ("server.log", "violates check constraint"),
        ("server.log", "canceling statement"),
        ("koto@localhost.log", "no exchange 'customer.events'"),
    ],
)
def test_the_logs_tell_what_went_wrong(told: Told, file: str, sign: str) -> None:
    assert [line for name, line in told.logs if name == file and sign in line]


def test_no_log_line_holds_anything_of_the_person(told: Told) -> None:
    assert leaks(told.logs) == []


def test_no_span_holds_anything_of_the_person(told: Told) -> None:
    failed = {owner for owner, span in told.spans if span.status.code == Status.STATUS_CODE_ERROR}
    assert failed == {"gateway", "customer", "assessment"}
    whole = [(f"{owner} {span.name}", MessageToJson(span, ensure_ascii=False)) for owner, span in told.spans]
    assert leaks(whole) == []


def test_no_metric_holds_anything_of_the_person(told: Told) -> None:
    measured = " ".join(line for _, line in told.metrics)
    assert 'outcome="internal-error"' in measured
    assert 'queue="assessment.retry.5s"' in measured
    assert leaks(told.metrics) == []


def test_no_routing_key_header_or_property_of_a_message_holds_anything_of_the_person(told: Told) -> None:
    keys = {as_text(copy.headers["routing_keys"]) for copy in told.copies}
    assert {"customer", "customer.opened.v1", "customer.closed.v1", "retry.5s", "dead"} <= keys
    assert {"requests", "replies", "customer.events", "assessment.private"} <= {exchange(copy) for copy in told.copies}
    beside = [(f"{copy.routing_key} {exchange(copy)}", as_text(dict(copy.headers))) for copy in told.copies]
    assert leaks(beside) == []


def exchange(copy: AbstractIncomingMessage) -> str:
    """Where the message was published."""
    return as_text(copy.headers["exchange_name"])


def test_no_event_holds_anything_of_the_person(told: Told) -> None:
    ours = [copy for copy in told.copies if STRANGER not in as_text(copy.headers["properties"])]
    events = [(as_text(copy.headers["routing_keys"]), copy.body.decode()) for copy in ours if is_event(copy)]
    assert {"customer.opened.v1", "customer.changed.v1", "customer.closed.v1", "retry.5s", "dead"} <= dict(
        events
    ).keys()
    assert leaks(events) == []


def is_event(copy: AbstractIncomingMessage) -> bool:
    """Requests and replies carry what was entered and asked; nothing else does."""
    return exchange(copy) not in ("requests", "replies")


def test_requests_carry_what_was_entered_so_that_the_copies_are_whole(told: Told) -> None:
    assert leaks([("request", copy.body.decode()) for copy in told.copies if not is_event(copy)])


def test_no_header_of_an_answer_holds_anything_of_the_person(told: Told) -> None:
    assert (
        leaks((what, f"{name}: {value}") for what, answer in told.answers for name, value in answer.headers.items())
        == []
    )


def test_no_refusal_repeats_what_was_entered(told: Told) -> None:
    refused = [(what, answer.text) for what, answer in told.answers if answer.status >= 400]
    assert {400, 401, 404, 405, 409, 412, 413, 415, 422, 500, 503} == {answer.status for _, answer in told.answers} - {
        200,
        201,
    }
    assert leaks(refused) == []


def test_an_answer_to_a_change_repeats_nothing_either(told: Told) -> None:
    assert leaks((what, answer.text) for what, answer in told.answers if not what.startswith("GET")) == []


def test_the_identity_code_is_in_no_table_but_encrypted(told: Told) -> None:
    encrypted = re.compile(r'"personal_identity_code": "[\w-]+\.[\w+/]{40}')
    assert [row for table, row in told.tables if table == "customer customer" and encrypted.search(row)]
    assert leaks(told.tables, [CODE, WRONG_CODE]) == []


def test_only_the_tables_of_the_person_hold_anything_of_the_person(told: Told) -> None:
    assert {table for table, row in told.tables if leaks([(table, row)])} == {
        "customer client_relationship",
        "customer customer",
        "customer customer_history",
        "customer customer_name",
        "customer name_word",
    }
