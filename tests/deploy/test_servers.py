"""RabbitMQ and PostgreSQL as they are started here: real ones, killed and started again."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aio_pika
import asyncpg
import psutil
import pytest

from deploy.local import databases, postgres, rabbitmq, state
from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ


def addresses(pid: int | None) -> set[str]:
    """The addresses at which the process and its children listen."""
    assert pid
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    found = [connection for member in family for connection in member.net_connections("inet")]
    return {connection.laddr.ip for connection in found if connection.status == psutil.CONN_LISTEN}


def start_together(*servers: RabbitMQ | Postgres) -> None:
    """Both look for free ports in the same instant."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda server: server.start(), servers))


@pytest.fixture(scope="class")
def two_brokers(shared_home: Path) -> Iterator[tuple[RabbitMQ, RabbitMQ]]:
    """Two brokers side by side, started in the same instant."""
    brokers = RabbitMQ(shared_home / "one"), RabbitMQ(shared_home / "two")
    try:
        start_together(*brokers)
        yield brokers
    finally:
        for broker in brokers:
            broker.kill()


@pytest.mark.broker
class TestRabbitMQ:
    def test_two_side_by_side_share_no_port_and_both_answer(self, two_brokers: tuple[RabbitMQ, RabbitMQ]) -> None:
        assert not set(two_brokers[0].ports.values()) & set(two_brokers[1].ports.values())
        assert all(broker.version >= "3.10" for broker in two_brokers)

    def test_nothing_listens_but_on_this_machine(self, two_brokers: tuple[RabbitMQ, RabbitMQ]) -> None:
        for broker in two_brokers:
            assert addresses(broker.pid) == {"127.0.0.1"}
            assert addresses(broker.epmd_pid) <= {"127.0.0.1", "::1"}

    def test_an_acknowledged_message_survives_a_kill_and_the_addresses_stay(
        self, two_brokers: tuple[RabbitMQ, RabbitMQ]
    ) -> None:
        broker = two_brokers[0]
        asyncio.run(publish(broker.amqp_url, b"kept"))
        await_registration(broker)
        url, pid = broker.amqp_url, broker.pid

        broker.kill()
        assert broker.pid is None
        broker.start()

        assert (broker.amqp_url, broker.pid) != (url, pid)
        assert broker.amqp_url == url
        assert asyncio.run(fetch(url)) == b"kept"


@pytest.fixture(scope="class")
def two_databases(shared_home: Path) -> Iterator[tuple[Postgres, Postgres]]:
    """Two servers side by side, started in the same instant."""
    servers = Postgres(shared_home / "three"), Postgres(shared_home / "four", durable=False)
    try:
        start_together(*servers)
        yield servers
    finally:
        for server in servers:
            server.kill()


@pytest.mark.database
class TestPostgres:
    def test_two_side_by_side_have_their_own_ports(self, two_databases: tuple[Postgres, Postgres]) -> None:
        assert two_databases[0].url != two_databases[1].url
        assert [asyncio.run(value(server.url, "SHOW fsync")) for server in two_databases] == ["on", "off"]

    def test_nothing_listens_but_on_this_machine(self, two_databases: tuple[Postgres, Postgres]) -> None:
        assert addresses(two_databases[0].pid) == {"127.0.0.1"}

    def test_a_committed_row_survives_a_kill_and_the_address_stays(
        self, two_databases: tuple[Postgres, Postgres]
    ) -> None:
        server = two_databases[0]
        url = server.url
        asyncio.run(value(url, "CREATE TABLE kept AS SELECT 'kept' AS word"))

        server.kill()
        assert server.pid is None
        server.start()

        assert server.url == url
        assert asyncio.run(value(url, "SELECT word FROM kept")) == "kept"

    @pytest.mark.parametrize("extension", ["pg_trgm", "unaccent", "fuzzystrmatch", "btree_gist"])
    def test_a_service_may_add_the_extensions_it_will_need(
        self, two_databases: tuple[Postgres, Postgres], extension: str
    ) -> None:
        asyncio.run(databases.prepare(two_databases[1].url, ["customer"], lambda role: f"of_{role}"))

        owner = service_url(two_databases[1], "customer", "customer_owner")
        asyncio.run(value(owner, f"CREATE EXTENSION {extension}"))

    def test_a_service_reaches_its_own_database_and_no_other(self, two_databases: tuple[Postgres, Postgres]) -> None:
        services = ["customer", "assessment"]
        asyncio.run(databases.prepare(two_databases[1].url, services, lambda role: f"of_{role}"))
        asyncio.run(databases.prepare(two_databases[1].url, services, lambda role: f"of_{role}"))  # changes nothing

        for role in ("assessment", "assessment_owner"):
            own = service_url(two_databases[1], "assessment", role)
            assert asyncio.run(value(own, "SELECT current_user")) == f"koto_{role}"
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                asyncio.run(value(own.removesuffix("assessment") + "customer", "SELECT 1"))

    def test_a_database_from_before_there_were_owners_is_handed_over_with_what_is_in_it(
        self, two_databases: tuple[Postgres, Postgres]
    ) -> None:
        server = two_databases[1]
        asyncio.run(value(server.url, "CREATE ROLE koto_old LOGIN PASSWORD 'of_old'"))
        asyncio.run(value(server.url, "CREATE DATABASE koto_old OWNER koto_old"))
        asyncio.run(value(service_url(server, "old", "old"), "CREATE TABLE kept AS SELECT 'kept' AS word"))

        asyncio.run(databases.prepare(server.url, ["old"], lambda role: f"of_{role}"))

        assert asyncio.run(value(service_url(server, "old", "old_owner"), "SELECT word FROM kept")) == "kept"
        for refused in ("SELECT word FROM kept", "DROP TABLE kept", "CREATE TABLE mine (id int)"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                asyncio.run(value(service_url(server, "old", "old"), refused))

    def test_the_log_holds_no_value_of_a_row_that_is_refused(self, two_databases: tuple[Postgres, Postgres]) -> None:
        url = two_databases[1].url
        asyncio.run(value(url, "CREATE TABLE person (name text UNIQUE)"))
        asyncio.run(value(url, "INSERT INTO person VALUES ('Planted')"))

        with pytest.raises(asyncpg.UniqueViolationError):
            asyncio.run(value(url, "INSERT INTO person VALUES ('Planted')"))

        log = two_databases[1].log.read_text()
        assert "duplicate key" in log
        assert "Planted" not in log


class TestSources:
    def test_when_no_way_leads_to_rabbitmq_the_message_says_what_was_tried_and_what_to_do(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rabbitmq, "MACHINE", home / "none")
        monkeypatch.setenv("KOTO_RABBITMQ_SOURCE", "machine")

        with pytest.raises(state.LocalError, match=r"(?s)machine: .*install rabbitmq-server.*KOTO_RABBITMQ_URL"):
            rabbitmq.find()

    def test_data_of_one_major_version_is_not_given_to_another(self) -> None:
        with pytest.raises(state.LocalError, match=r"(?s)PostgreSQL 9 .*KOTO_POSTGRES_URL"):
            postgres.find("9")

    def test_somebody_elses_servers_are_used_when_they_are_named(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KOTO_POSTGRES_URL", "postgresql://admin:secret@db.example:5432/postgres")
        monkeypatch.setenv("KOTO_RABBITMQ_URL", "amqp://admin:secret@mq.example:5672")

        assert postgres.choose(home).url == "postgresql://admin:secret@db.example:5432/postgres"
        with pytest.raises(state.LocalError, match="KOTO_RABBITMQ_MANAGEMENT_URL"):
            rabbitmq.choose(home)


def await_registration(broker: RabbitMQ) -> None:
    """RabbitMQ writes the name of a new quorum queue to the disk a second late: until then a kill loses the queue."""
    (names,) = (broker.home / "data").glob("*/quorum/*/names.dets")
    deadline = time.monotonic() + 10
    while b"kept" not in names.read_bytes():
        assert time.monotonic() < deadline, "the queue is not on the disk"
        time.sleep(0.05)


async def publish(url: str, body: bytes) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, routing_key="kept")


async def fetch(url: str) -> bytes:
    async with await aio_pika.connect(url) as connection:
        queue = await (await connection.channel()).get_queue("kept")
        async with queue.iterator(timeout=10) as messages:
            async for message in messages:
                await message.ack()
                return bytes(message.body)
    raise AssertionError("nothing came")


async def value(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def service_url(server: Postgres, service: str, role: str) -> str:
    """The URL of the service's own database for the role koto_<role>, whose password is of_<role>."""
    where = server.url.rpartition("@")[2].partition("/")[0]
    return f"postgresql://koto_{role}:of_{role}@{where}/koto_{service}"
