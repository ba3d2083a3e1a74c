"""A stand-in service for kit's tests: the queues of `assessment`, an empty domain, and handlers that the test gives."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import aio_pika
import pytest
import pytest_asyncio
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import SecretStr
from sqlalchemy import ARRAY, BigInteger, Column, Identity, Integer, MetaData, Table, Text, Uuid
from sqlalchemy.ext.asyncio import create_async_engine
from uuid_utils.compat import uuid7

from contracts.customer.state import CustomerChanged, CustomerErased, RelationshipState
from contracts.envelope import Envelope, Event, Request, schema_urn
from contracts.topology import CUSTOMER_STATES, events_exchange
from services.kit import connection
from services.kit.migrate import grant
from services.kit.projection import Projection
from services.kit.service import Service
from services.kit.tables import backbone
from services.kit.telemetry import Telemetry
from services.kit.work import Handler, Work
from tests.support import TestDatabases, Vhost, now, owner_url, rows, settings_for

METADATA = MetaData()
BACKBONE = backbone(METADATA)
EFFECT = Table(
    "effect",
    METADATA,
    Column("number", Integer, Identity(always=True), primary_key=True),
    Column("customer_id", Uuid, nullable=False),
    Column("sequence", BigInteger, nullable=False),
)
VIEW = Table(
    "view",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("municipalities", ARRAY(Text), nullable=False),
)
PROJECTION = Projection(
    VIEW, lambda event: {"municipalities": [each.municipality for each in event.relationships]}, of=CUSTOMER_STATES
)


def customer_changed(customer_id: UUID | None = None, municipality: str = "837") -> CustomerChanged:
    """A state event."""
    return CustomerChanged(
        customer_id=customer_id or uuid4(),
        relationships=(RelationshipState(municipality=municipality, state="open", arrival="moved"),),
    )


def envelope_of(event: Event, *, sequence: int = 1, fact_id: UUID | None = None, **more: Any) -> Envelope:
    """An envelope as the event's owner would send it."""
    event_id = uuid7()
    return Envelope.model_validate(
        {
            "id": event_id,
            "source": f"/koto/{event.owner()}",
            "type": event.TYPE,
            "subject": event.subject(),
            "time": now(),
            "dataschema": schema_urn(event.TYPE),
            "subjectsequence": sequence,
            "factid": fact_id or event_id,
            "correlationid": "test",
            "causationid": "test",
            "actor": "837/test",
            "data": event.model_dump(mode="json"),
            **more,
        }
    )


@dataclass
class StandIn:
    """Starts stand-in services on one database and one vhost, and sends them what a test wants."""

    vhost: Vhost
    database_url: str
    services: list[Service] = field(default_factory=list)
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    _connection: aio_pika.abc.AbstractConnection | None = None

    async def start(
        self,
        input: Mapping[type[Event], Handler] | None = None,
        *,
        requests: Mapping[type[Request[Any]], Handler] | None = None,
        projection: Projection | None = None,
        name: str = "assessment",
        change: Callable[[Service], None] = lambda _: None,
    ) -> Service:
        """A running service; `change` may alter it before it starts."""
        service = Service(
            settings_for(name, self.vhost, self.database_url),
            BACKBONE,
            requests={asked: telling(handler) for asked, handler in (requests or {}).items()},
            input=input,
            projections=(projection,) if projection else (),
            telemetry=Telemetry(name, exporter=self.spans),
        )
        change(service)
        await service.start()
        self.services.append(service)
        return service

    async def send(self, *envelopes: Envelope, **properties: Any) -> None:
        """Publishes events on their owners' exchanges, as an administrator may."""
        for envelope in envelopes:
            await self.send_body(
                envelope.model_dump_json().encode(),
                events_exchange(envelope.source.rsplit("/", 1)[-1]),
                envelope.type,
                message_id=str(envelope.id),
                type=envelope.type,
                **properties,
            )

    async def send_body(self, body: bytes, exchange: str, routing_key: str, **properties: Any) -> None:
        """Publishes any bytes anywhere."""
        if self._connection is None:
            self._connection = await aio_pika.connect(self.vhost.url())
            self._channel = await self._connection.channel()
        target = await self._channel.get_exchange(exchange, ensure=False)
        await target.publish(aio_pika.Message(body, **properties), routing_key)

    async def rows(self, query: str, *values: Any) -> list[Any]:
        """Rows of the service's database."""
        return await rows(self.database_url, query, *values)

    async def effects(self) -> list[Any]:
        """What `record_effect` wrote, in its order."""
        return await self.rows("SELECT * FROM effect ORDER BY number")

    async def parked(self) -> list[Any]:
        """The parked messages."""
        return await self.rows("SELECT * FROM parked ORDER BY parked_at")

    async def stop(self) -> None:
        """Stops what was started."""
        await asyncio.gather(*(service.stop() for service in self.services))
        if self._connection:
            await self._connection.close()


class Frozen:
    """A proxy before the broker, whose connections can be frozen: open, and nothing comes through."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._gates: list[asyncio.Event] = []
        self.port = 0

    async def start(self) -> asyncio.Server:
        """Listens."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    def go_through(self, service: Service) -> None:
        """Makes a service's publisher connect through the proxy."""
        publisher = service.parts.publisher
        url = publisher._url.get_secret_value()
        publisher._url = SecretStr(url.replace(f":{self._target[1]}/", f":{self.port}/"))

    def freeze(self) -> None:
        """Freezes what is connected; new connections are not frozen."""
        for gate in self._gates:
            gate.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gate = asyncio.Event()
        gate.set()
        self._gates.append(gate)
        to_reader, to_writer = await asyncio.open_connection(*self._target)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                while data := await source.read(65536):
                    await gate.wait()
                    sink.write(data)
                    await sink.drain()

        await asyncio.gather(pump(reader, to_writer), pump(to_reader, writer))


@pytest_asyncio.fixture
async def frozen(vhost: Vhost, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Frozen]:
    """A proxy before the broker, and heartbeats short enough to wait for."""
    monkeypatch.setattr(connection, "HEARTBEAT_SECONDS", 2)
    parts = urlsplit(vhost.amqp_url)
    made = Frozen(parts.hostname or "", parts.port or 0)
    server = await made.start()
    yield made
    server.close()


def telling(handler: Handler) -> Handler:
    """The handler, which tells the usage log of each request as every handler must."""

    async def tell(request: Any, work: Work) -> Any:
        work.record_use()
        return await handler(request, work)

    return tell


async def record_effect(event: Any, work: Any) -> None:
    """A handler whose effect can be counted."""
    await work.connection.execute(EFFECT.insert().values(customer_id=event.customer_id, sequence=work.sequence))


@pytest_asyncio.fixture
async def stand_in(vhost: Vhost, databases: TestDatabases) -> AsyncIterator[StandIn]:
    """A place to start stand-in services."""
    url = await databases.empty("assessment")
    engine = create_async_engine(owner_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.run_sync(grant, METADATA.sorted_tables, "koto_assessment")
    await engine.dispose()
    made = StandIn(vhost, url)
    yield made
    await made.stop()


__all__ = ["CustomerErased", "StandIn", "customer_changed", "envelope_of", "json", "record_effect"]
