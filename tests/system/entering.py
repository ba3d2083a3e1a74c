"""Enters the planted person in every way, rightly and wrongly, and keeps what was answered."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import aio_pika
import aiohttp
import asyncpg
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from contracts.topology import MAX_MESSAGE_BYTES
from deploy.local import environment, issuer
from tests.gateway.issuer import compact
from tests.gateway.support import API, Answer
from tests.support import eventually, rows
from tests.system.conftest import WholeHouse
from tests.system.planted import (
    CHANGED_NAME,
    CODE,
    EMAIL,
    FAMILY,
    GIVEN,
    PERSON,
    PHONE,
    STREET,
    WHY,
    WITHOUT_CODE,
    WRONG_CODE,
    Found,
)

CUSTOMERS = f"{API}/customers"
STRANGER = "stranger"
"""The app_id of messages that somebody else puts into the broker: the bodies are theirs, what we make of them ours."""


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


async def manage(house: WholeHouse, method: str, path: str, body: Any = None) -> None:
    """Calls the broker's management API."""
    url = urlsplit(house.broker.management_url)
    headers = {"Authorization": aiohttp.encode_basic_auth(url.username or "", url.password or "")}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
        await session.request(method, f"http://{url.hostname}:{url.port}/api/{path}", json=body)
