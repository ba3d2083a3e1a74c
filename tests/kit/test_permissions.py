"""The broker's permissions: a service's user can do what the topology says and nothing else."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import aio_pika
import aiormq
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from contracts import topology
from contracts.access.rights import RIGHTS_HEARTBEAT
from services.kit import topology_apply
from tests.support import TIME_SCALE, Vhost

pytestmark = pytest.mark.broker
USERS = [each.name for each in topology.SERVICES]
QUEUES = [queue.name for queue in topology.queues()]
EXCHANGES = [*topology.exchanges(), "amq.topic", "amq.direct", "amq.fanout", "amq.headers"]

READS = {
    "customer": {"customer.requests", "customer.dead", "customer.projection"},
    "assessment": {"assessment.requests", "assessment.dead", "assessment.input", "assessment.projection"},
    "plan": {"plan.requests", "plan.dead", "plan.input", "plan.projection"},
    "records": {"records.requests", "records.dead", "records.input", "records.projection"},
    "access": {"access.requests", "access.dead", "access.input", "access.projection", "access.usage"},
    "integration": {"integration.requests", "integration.dead", "integration.input", "integration.partners"},
    "gateway": set(),
}
WRITES = {
    "customer": {
        ("customer.events", "customer.changed.v1"),
        ("customer.events", "customer.data_used.v1"),
        ("customer.private", "input"),
        ("customer.replay", "q"),
        ("replies", "replies.gateway.q"),
    },
    "assessment": {
        ("assessment.events", "assessment.changed.v1"),
        ("assessment.events", "assessment.data_used.v1"),
        ("assessment.private", "input"),
        ("assessment.replay", "q"),
        ("replies", "replies.gateway.q"),
    },
    "plan": {
        ("plan.events", "plan.changed.v1"),
        ("plan.events", "plan.data_used.v1"),
        ("plan.private", "input"),
        ("plan.replay", "q"),
        ("replies", "replies.gateway.q"),
    },
    "records": {
        ("records.events", "records.document_kept.v1"),
        ("records.events", "records.data_used.v1"),
        ("records.private", "input"),
        ("records.replay", "q"),
        ("replies", "replies.gateway.q"),
        ("requests", "customer"),
        ("requests", "assessment"),
        ("requests", "plan"),
    },
    "access": {
        ("access.events", "access.rights_changed.v1"),
        ("access.events", "access.data_used.v1"),
        ("access.private", "input"),
        ("access.replay", "q"),
        ("replies", "replies.gateway.q"),
    },
    "integration": {
        ("integration.events", "integration.told.v1"),
        ("integration.private", "input"),
        ("integration.replay", "q"),
        ("partners.out", "q"),
        ("replies", "replies.gateway.q"),
        ("requests", "customer"),
        ("requests", "assessment"),
        ("requests", "plan"),
    },
    "gateway": {("requests", each) for each in ("customer", "assessment", "plan", "records", "access")},
}
KEYS = [
    "integration.told.v1",
    "customer.changed.v1",
    "assessment.changed.v1",
    "plan.changed.v1",
    "plan.data_used.v1",
    "records.document_kept.v1",
    "records.data_used.v1",
    "access.rights_changed.v1",
    "customer.data_used.v1",
    "assessment.data_used.v1",
    "access.data_used.v1",
    "news.gateway.q",
    "input",
    "q",
    "replies.gateway.q",
    "customer",
    "assessment",
    "access",
    "plan",
    "records",
    "guidance",
]


async def ignore(_: AbstractIncomingMessage) -> None:
    """Consumes nothing."""


async def allowed(url: str, act: Callable[[AbstractChannel], Awaitable[object]]) -> bool:
    """Whether the broker lets this user do it: a refusal is ACCESS_REFUSED, anything else is an error of the test."""
    connection = await aio_pika.connect(url)
    try:
        channel = await connection.channel(publisher_confirms=True)
        await act(channel)
    except aiormq.exceptions.ChannelAccessRefused:
        return False
    finally:
        await connection.close()
    return True


@pytest.mark.parametrize("user", USERS)
async def test_a_service_reads_its_own_queues_and_no_other(vhost: Vhost, user: str) -> None:
    async def consume(channel: AbstractChannel, queue: str) -> None:
        await (await channel.get_queue(queue, ensure=False)).consume(ignore)

    readable = {name for name in QUEUES if await allowed(vhost.url(user), lambda c, name=name: consume(c, name))}
    assert readable == READS[user]


@pytest.mark.parametrize("user", USERS)
async def test_a_service_writes_its_own_exchanges_and_keys_and_no_other(vhost: Vhost, user: str) -> None:
    async def publish(channel: AbstractChannel, exchange: str, key: str) -> None:
        target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
        await target.publish(aio_pika.Message(b""), key, mandatory=False)

    written = set()
    for exchange in ["", *EXCHANGES]:
        for key in KEYS:
            if await allowed(vhost.url(user), lambda c, e=exchange, k=key: publish(c, e, k)):
                written.add((exchange, key))
    direct = {(exchange, key) for exchange, key in written if topology.exchanges().get(exchange) == "direct"}
    assert {(e, k) for e, k in written - direct} == {
        (e, k) for e, k in WRITES[user] if topology.exchanges().get(e) != "direct"
    }
    assert {e for e, _ in direct} == {e for e, _ in WRITES[user] if topology.exchanges().get(e) == "direct"}


@pytest.mark.parametrize("user", USERS)
async def test_a_service_declares_and_deletes_nothing_but_its_own_queues_of_replies_and_news(
    vhost: Vhost, user: str
) -> None:
    url = vhost.url(user)

    async def declare_exchange(channel: AbstractChannel) -> None:
        await channel.declare_exchange(f"{user}.events2")

    async def delete_exchange(channel: AbstractChannel) -> None:
        await channel.exchange_delete(f"{user}.events" if user != "gateway" else "requests")

    async def declare_queue(channel: AbstractChannel, name: str) -> None:
        await channel.declare_queue(name, exclusive=True)

    async def delete_queue(channel: AbstractChannel) -> None:
        await channel.queue_delete("customer.requests")

    async def bind(channel: AbstractChannel, queue: str, exchange: str, key: str) -> None:
        declared = await channel.declare_queue(queue, exclusive=True)
        await declared.bind(exchange, key)

    own, news = f"replies.{user}.{uuid4()}", f"news.{user}.{uuid4()}"
    assert not await allowed(url, declare_exchange)
    assert not await allowed(url, delete_exchange)
    assert not await allowed(url, delete_queue)
    asks = bool(topology.service(user).asks)
    assert not await allowed(url, lambda c: declare_queue(c, f"{user}.input2"))
    assert not await allowed(url, lambda c: declare_queue(c, f"replies.other.{uuid4()}"))
    assert await allowed(url, lambda c: declare_queue(c, own)) == asks
    assert await allowed(url, lambda c: bind(c, own, "replies", own)) == asks
    assert not await allowed(url, lambda c: bind(c, own, "replies", "replies.other.1"))
    assert not await allowed(url, lambda c: bind(c, own, "replies", "#"))
    assert not await allowed(url, lambda c: bind(c, own, "customer.events", "#"))
    assert await allowed(url, lambda c: declare_queue(c, news)) == (user == "gateway")
    assert not await allowed(url, lambda c: declare_queue(c, f"news.other.{uuid4()}"))
    for key in ("access.rights_changed.v1", RIGHTS_HEARTBEAT):
        assert await allowed(url, lambda c, key=key: bind(c, news, "access.events", key)) == (user == "gateway")
    for exchange, key in [
        ("access.events", "#"),
        ("access.events", "access.data_used.v1"),
        ("customer.events", "customer.changed.v1"),
        ("customer.events", "customer.data_used.v1"),
        ("replies", "replies.other.1"),
    ]:
        assert not await allowed(url, lambda c, exchange=exchange, key=key: bind(c, news, exchange, key))


async def test_the_topology_applied_again_changes_nothing(vhost: Vhost) -> None:
    before = await vhost.api("GET", f"definitions/{vhost.name}")
    await topology_apply.apply(vhost.management_url, vhost.name, vhost.passwords, TIME_SCALE)
    after = await vhost.api("GET", f"definitions/{vhost.name}")
    for part in ("exchanges", "queues", "bindings", "policies"):
        assert sorted(map(str, before[part])) == sorted(map(str, after[part]))
