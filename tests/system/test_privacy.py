"""What is known of a person shows nowhere but where it belongs: no log, trace, metric, key, header or refusal has it.

One person is entered, changed and closed over HTTP, rightly and wrongly, while parts beneath fail; whatever anybody
could look into is gathered meanwhile, and each test searches one place for what was entered.
"""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

import aio_pika
import aiohttp
import asyncpg
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from google.protobuf.json_format import MessageToJson  # type: ignore[import-untyped]
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from contracts.topology import MAX_MESSAGE_BYTES, SERVICES
from deploy.local import environment, issuer
from tests.gateway.support import API, Answer, compact
from tests.support import eventually, now, rows
from tests.system.conftest import WholeHouse, get

pytestmark = [pytest.mark.broker, pytest.mark.database, pytest.mark.timeout(300)]
CUSTOMERS = f"{API}/customers"

FAMILY, GIVEN, CHANGED_NAME = "Zzyzxläinen", "Qwoptimo", "Xyzzyvaara"
CODE, WRONG_CODE = "290268-913A", "290268-913B"
STREET, CITY, PHONE, EMAIL = "Plughkatu 7 B 42", "Frobozzlahti", "+358 45 739 614 8205", "qwop.zz@example.org"
WHY = "Gruemainen syy"
PLANTED = [
    *(
        FAMILY,
        GIVEN,
        CHANGED_NAME,
        CODE,
        WRONG_CODE,
        STREET,
        "Plughkatu",
        CITY,
        PHONE,
        "45 739 614 8205",
        "457396148205",
    ),
    "zzyzxlainen",  # as searches compare it
    *(EMAIL, WHY, "Gruemainen", "1968-02-29", "29.2.1968", "29.02.1968"),
]
STRANGER = "stranger"
"""The app_id of messages that somebody else puts into the broker: the bodies are theirs, what we make of them ours."""

PERSON: dict[str, Any] = {
    "name": {"family": FAMILY, "given": GIVEN},
    "date_of_birth": "1968-02-29",
    "personal_identity_code": CODE,
    "contact": {
        "phone": PHONE,
        "email": EMAIL,
        "address": {"street": STREET, "postal_code": "33100", "city": CITY},
    },
    "first_residence_permit": {
        "kind": "continuous",
        "ground": "international_protection_asylum",
        "granted_on": f"{now().year - 1}-03-01",
    },
}
WITHOUT_CODE = {field: value for field, value in PERSON.items() if field != "personal_identity_code"}


def spellings(value: str) -> set[str]:
    """A value as it may stand in a text, an address, JSON, hexadecimal or base64; in lower case."""
    bare = re.sub(r"[\W_]", "", value)
    forms = {value, bare} if len(bare) > 9 else {value}
    spelled = set(forms)
    for form in forms:
        spelled |= {quote(form, safe=""), quote_plus(form), json.dumps(form)[1:-1], form.encode().hex()}
        spelled |= {part for start in range(3) for part in _in_base64(form.encode(), start)}
    return {each.casefold() for each in spelled}


def _in_base64(value: bytes, start: int) -> set[str]:
    """The value's own characters when it begins at that byte of a group of three."""
    whole = slice((0, 2, 3)[start], (start + len(value)) * 8 // 6)
    padded = bytes(start) + value
    return {base64.b64encode(padded).decode()[whole], base64.urlsafe_b64encode(padded).decode()[whole]}


SPELLINGS = {value: spellings(value) for value in PLANTED}
Found = tuple[str, str]
"""A text, and where it was found."""


def leaks(found: Iterable[Found], values: Iterable[str] = PLANTED) -> list[str]:
    """Which of the values stand where, in any spelling."""
    return [
        f"{where}: {value} as {spelled}"
        for where, text in found
        for value in values
        for spelled in SPELLINGS[value]
        if spelled in text.casefold()
    ]


@dataclass
class Told:
    """All that could be seen from anywhere while the person was entered."""

    answers: list[tuple[str, Answer]] = field(default_factory=list)
    copies: list[AbstractIncomingMessage] = field(default_factory=list)
    """Of every message published to an exchange or delivered from a queue, as the broker's own tracing tells it."""
    logs: list[Found] = field(default_factory=list)
    spans: list[tuple[str, Span]] = field(default_factory=list)
    metrics: list[Found] = field(default_factory=list)
    tables: list[Found] = field(default_factory=list)


@dataclass
class Entering:
    """Enters the person, rightly and wrongly, and keeps every answer."""

    house: WholeHouse
    told: Told
    address: str = ""
    etag: str = ""

    async def send(self, method: str, path: str, **more: Any) -> Answer:
        answer = await self.house.send(method, path, **more)
        self.told.answers.append((f"{method} {answer.status}", answer))
        return answer

    async def open(self, person: dict[str, Any], **more: Any) -> Answer:
        return await self.send("POST", CUSTOMERS, json={"person": person, "arrival": "moved"}, **more)

    async def change(self, **body: Any) -> Answer:
        answer = await self.send("PATCH", self.address, json=body, headers={"If-Match": self.etag})
        self.etag = answer.headers.get("ETag", self.etag)
        return answer

    async def rightly(self) -> None:
        """Opened, read, changed, opened again, changed to a version that has passed."""
        opened = await self.open(PERSON)
        assert opened.status == 201, opened
        self.address, self.etag = opened.headers["Location"], opened.headers["ETag"]
        changed = await self.change(
            changes={"name": {"family": CHANGED_NAME, "given": GIVEN}, "service_language": "so"}, why=WHY
        )
        assert changed.status == 200, changed
        for path in (self.address, f"{self.address}/history"):
            assert CHANGED_NAME in (await self.send("GET", path)).text
        assert (await self.open(PERSON)).status == 409
        assert (await self.open(PERSON, user="expert@oulu")).status == 409
        late = {"changes": {"name": PERSON["name"]}, "why": WHY}
        assert (await self.send("PATCH", self.address, json=late, headers={"If-Match": '"1"'})).status == 412

    async def by_looking_for_the_person(self) -> None:
        """By every criterion, here and where the person is not known, rightly and wrongly."""
        for criteria in (
            {"name": f"{GIVEN} {FAMILY}"},
            {"name": CHANGED_NAME, "date_of_birth": PERSON["date_of_birth"]},
            {"phone": PHONE},
            {"personal_identity_code": CODE, "limit": 1},
        ):
            assert "Qwoptimo" in (await self.search(criteria, status=200)).text, criteria
        beyond = {"personal_identity_code": CODE, "purpose": "transfer"}
        elsewhere = await self.search(beyond, status=200, user="expert@oulu")
        assert elsewhere.json["known_elsewhere"]
        assert elsewhere.json["hits"] == []
        for wrong in ({"personal_identity_code": WRONG_CODE}, {"name": FAMILY, "cursor": CODE}, {"nimi": FAMILY}):
            await self.search(wrong, status=422)

    async def search(self, criteria: dict[str, Any], *, status: int, **more: Any) -> Answer:
        answer = await self.house.send("POST", f"{CUSTOMERS}/search", json=criteria, **more)
        self.told.answers.append((f"GET by search {answer.status}", answer))
        assert answer.status == status, (criteria, answer)
        return answer

    async def in_wrong_fields(self) -> None:
        """Each value where it does not belong, or in a form that is not its own."""
        permit = PERSON["first_residence_permit"]
        wrong = [
            PERSON | {"personal_identity_code": WRONG_CODE},
            PERSON | {"personal_identity_code": f"{CODE} {FAMILY}"},
            PERSON | {"date_of_birth": CODE},
            PERSON | {"citizenships": [FAMILY, CODE]},
            PERSON | {"mother_tongue": GIVEN, "service_language": CODE},
            PERSON | {"first_residence_permit": permit | {"ground": FAMILY, "kind": CODE}},
            PERSON | {"first_residence_permit": permit | {"granted_on": PHONE}},
            PERSON | {"interpreter": {"needed": FAMILY, "language": CODE}},
            PERSON | {"contact": {"phone": FAMILY, "email": CODE, "address": STREET}},
            PERSON | {"name": f"{FAMILY} {GIVEN}"},
            PERSON | {"name": {"family": f"{FAMILY}\0", "given": GIVEN}},
        ]
        for person in wrong:
            assert (await self.open(person)).status == 422, person
        body = {"person": PERSON, "arrival": FAMILY}
        assert (await self.send("POST", CUSTOMERS, json=body)).status == 422
        assert (await self.change(changes={"personal_identity_code": WRONG_CODE}, why=WHY)).status == 422
        assert (await self.change(changes={"date_of_birth": "1968-02-28"}, source=WHY)).status == 422

    async def in_addresses_and_headers(self) -> None:
        """Each value in the path, the query and every header that is read."""
        assert (await self.send("GET", f"{CUSTOMERS}/{CODE}")).status == 404
        assert (await self.send("GET", f"{CUSTOMERS}/{quote(FAMILY)}/history")).status == 404
        assert (await self.send("GET", f"/{quote(FAMILY)}/{CODE}")).status == 404
        assert (await self.send("DELETE", f"{CUSTOMERS}/{CODE}")).status == 404
        assert (await self.send("DELETE", self.address, params={"name": FAMILY})).status == 405
        query = {"name": FAMILY, "code": CODE, "email": EMAIL, "phone": PHONE}
        headers = {
            "User-Agent": f"{CODE} {EMAIL}",
            "Referer": f"https://example.org/{CODE}",
            "Origin": f"https://{CODE}.example.org",
            "X-Request-Id": CODE,
            "X-Correlation-Id": EMAIL,
            "Cookie": f"code={CODE}",
            "Forwarded": f"for={CODE}",
            "traceparent": f"01-{'a' * 32}-{'b' * 16}-01-{CODE}",
            "tracestate": f"koto={CODE},name={GIVEN}",
            "baggage": f"code={CODE},name={quote(FAMILY)}",
        }
        assert (await self.send("GET", self.address, params=query, headers=headers)).status == 200
        assert (await self.send("GET", self.address, headers={"traceparent": CODE})).status == 200
        headers |= {"Idempotency-Key": CODE}
        assert (await self.open(WITHOUT_CODE, headers=headers)).status == 201
        assert (await self.open(PERSON, headers={"Idempotency-Key": CODE})).status == 422  # used for another body
        assert (await self.open(PERSON, headers={"Idempotency-Key": f"{FAMILY} {GIVEN}"})).status == 400
        body = {"changes": {"name": PERSON["name"]}}
        assert (await self.send("PATCH", self.address, json=body, headers={"If-Match": CODE})).status == 400

    async def malformed(self) -> None:
        """Bodies that are not JSON, not declared as JSON, or too large, and what is not HTTP."""
        whole = json.dumps({"person": PERSON, "arrival": "moved"}, ensure_ascii=False)
        for text, kind, status in (
            (whole[:-2], "application/json", 400),
            (f"{CODE} {FAMILY}", "application/json", 400),
            (f'"{CODE}"', "application/json", 422),
            (whole, f"text/plain; name={CODE}", 415),
            (whole + FAMILY * 10_000, "application/json", 413),
        ):
            answer = await self.send("POST", CUSTOMERS, data=text.encode(), headers={"Content-Type": kind})
            assert answer.status == status, (kind, answer)
        gateway = urlsplit(self.house.stack.gateway_url)
        reader, writer = await asyncio.open_connection(gateway.hostname, gateway.port)
        writer.write(f"{CODE} /{EMAIL} HTTP\r\n{CODE}\r\n\r\n".encode())
        answered = (await reader.read()).decode()
        writer.close()
        assert " 400 " in answered
        self.told.logs.append(("answer to what is not HTTP", answered))

    async def by_those_who_are_not_let_in(self) -> None:
        """Tokens that have expired, that nobody signed, that are none."""
        claims = {"sub": EMAIL, "name": f"{GIVEN} {FAMILY}", "acr": FAMILY, issuer.IDENTITY_CODE: CODE}
        user, issuer_url = "advisor@oulu", self.house.stack.issuer_url
        async with aiohttp.ClientSession(issuer_url, raise_for_status=True) as session:
            await session.put(f"/users/{user}", json=claims | {"exp": 1_000_000_000})
        expired = await issuer.token(issuer_url, user)
        forged = compact({"alg": "RS256", "kid": CODE}, claims)
        for given in (f"Bearer {expired}", f"Bearer {forged}", f"Bearer {CODE}.{CODE}.{CODE}", f"Basic {CODE}"):
            assert (await self.open(PERSON, headers={"Authorization": given})).status == 401, given

    async def while_the_database_refuses(self) -> None:
        """A statement that fails, whose error would print the row; and one that is broken off."""
        async with self._refusing("customer", "customer"):
            assert (await self.open(WITHOUT_CODE)).status == 500
            assert (await self.change(changes={"name": PERSON["name"]}, why=WHY)).status == 500
        connection = await asyncpg.connect(self.house.database_url("customer"))
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE customer")
        opening = asyncio.create_task(self.open(WITHOUT_CODE))
        await eventually(self._broken_off, what="breaking off what waits for the lock")
        assert (await opening).status == 503
        await transaction.rollback()
        await connection.close()

    async def _broken_off(self) -> bool:
        waiting = "pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = 'koto_customer'"
        administrator = self.house.stack.database.url  # whom alone another role's wait is shown
        return bool(await rows(administrator, f"SELECT pg_cancel_backend(pid) FROM {waiting}"))

    async def while_a_reader_fails(self) -> None:
        """The second service can't keep what it heard: the event is tried again, and parked."""
        async with self._refusing("assessment", "assessment"):
            assert (await self.open(WITHOUT_CODE)).status == 201
            parked = "SELECT reason FROM parked WHERE type = 'customer.opened.v1'"
            assert (await eventually(lambda: self.house.rows("assessment", parked)))[0][0] == "IntegrityError"

    @asynccontextmanager
    async def _refusing(self, service: str, table: str) -> AsyncIterator[None]:
        await self.house.rows(service, f"ALTER TABLE {table} ADD CONSTRAINT refusing CHECK (false) NOT VALID")
        yield
        await self.house.rows(service, f"ALTER TABLE {table} DROP CONSTRAINT refusing")

    async def while_the_broker_refuses(self) -> None:
        """A request that reaches no queue, an event that finds no exchange, and one too large to publish."""
        await manage(self.house, "DELETE", f"bindings/{environment.VHOST}/e/requests/q/customer.requests/customer")
        assert (await self.open(PERSON)).status == 503
        await self.house.apply_topology()

        await manage(self.house, "DELETE", f"exchanges/{environment.VHOST}/customer.events")
        assert (await self.open(WITHOUT_CODE)).status == 201
        await eventually(lambda: self._broker_says("no exchange 'customer.events'"))
        await self.house.apply_topology()
        await eventually(self._all_published)

        columns = "id, fact_id, type, subject, sequence, occurred_at, correlation_id, causation_id, actor, data"
        ids = "gen_random_uuid(), gen_random_uuid(), 'customer.changed.v1', gen_random_uuid(), 1, now(), '', '', ''"
        large = json.dumps(PERSON | {"filling": "x" * MAX_MESSAGE_BYTES}, ensure_ascii=False)
        await self.house.rows("customer", f"INSERT INTO outbox ({columns}) VALUES ({ids}, $1)", large)
        await eventually(
            lambda: self.house.rows("customer", "DELETE FROM outbox WHERE failure = 'TooLarge' RETURNING 1")
        )

    async def _broker_says(self, text: str) -> bool:
        return text in self.house.broker.log.read_text()

    async def _all_published(self) -> bool:
        return not await self.house.rows("customer", "SELECT 1 FROM outbox WHERE published_at IS NULL")

    async def by_a_stranger_at_the_broker(self, channel: AbstractChannel) -> None:
        """Events and requests that are none of ours, full of what must not show."""
        data = PERSON | {"municipality": FAMILY, "customer_id": CODE}
        event = {"specversion": "1.0", "type": "customer.opened.v1", "source": "/koto/customer", "data": data}
        for body in (json.dumps(event, ensure_ascii=False), json.dumps(PERSON), f"{CODE} {FAMILY}"):
            message = aio_pika.Message(body.encode(), app_id=STRANGER, message_id=STRANGER)
            await (await channel.get_exchange("customer.events")).publish(message, "customer.opened.v1")
            asking = aio_pika.Message(
                body.encode(), app_id=STRANGER, message_id=STRANGER, type="customer.open_customer.v1"
            )
            await (await channel.get_exchange("requests")).publish(asking, "customer")
        # an event is parked by both its readers
        await eventually(lambda: self._parked("assessment", 2 * 3))
        await eventually(lambda: self._parked("customer", 3))

    async def _parked(self, service: str, times: int) -> bool:
        return len(await self.house.rows(service, "SELECT 1 FROM parked WHERE message_id = $1", STRANGER)) == times

    async def _open_matters(self) -> list[str]:
        found = await self.send("GET", f"{self.address}/open-matters")
        return [each["matter_id"] for each in found.json["matters"]]

    async def at_the_close(self) -> None:
        """Why the customer leaves is a code, not a story."""
        open_matters = await eventually(self._open_matters)  # the assessment is known a moment after it is made
        for reason, status in ((WHY, 422), (FAMILY, 422), (CHANGED_NAME, 422), (CODE, 422), ("moved_away", 200)):
            headers, body = {"If-Match": self.etag}, {"reason": reason, "acknowledged": open_matters}
            answer = await self.send("POST", f"{self.address}/close", json=body, headers=headers)
            assert answer.status == status, (reason, answer)


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


async def manage(house: WholeHouse, method: str, path: str, body: Any = None) -> None:
    """Calls the broker's management API."""
    url = urlsplit(house.broker.management_url)
    headers = {"Authorization": aiohttp.encode_basic_auth(url.username or "", url.password or "")}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
        await session.request(method, f"http://{url.hostname}:{url.port}/api/{path}", json=body)


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
