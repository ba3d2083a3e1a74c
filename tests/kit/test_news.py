"""What every process hears by itself, on a real broker."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import quote

import aio_pika
import pytest
import pytest_asyncio
from aio_pika.abc import AbstractIncomingMessage

from contracts.access.rights import RIGHTS_HEARTBEAT, RightsChanged
from contracts.topology import news_queue_prefix
from services.kit import connection
from services.kit.news import News
from tests.support import Vhost, eventually, settings_for

pytestmark = pytest.mark.broker


@dataclass
class Heard:
    """A process that hears, and what it has heard, in order; "begin" each time that its hearing began."""

    vhost: Vhost
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = settings_for("gateway", self.vhost)
        self.news = News("gateway", settings, begin=lambda: self.told.append("begin"), hear=self._hear)

    def _hear(self, message: AbstractIncomingMessage) -> None:
        self.told.append(message.body.decode())

    async def start(self) -> None:
        """Returns once it hears."""
        self.news.start()
        await self.becomes(["begin"])

    async def becomes(self, told: list[str]) -> None:
        """Returns when this is what it has heard."""

        async def is_so() -> bool:
            return self.told == told

        await eventually(is_so, what=f"hearing {told}")


@pytest_asyncio.fixture
async def heard(vhost: Vhost) -> AsyncIterator[Heard]:
    made = Heard(vhost)
    await made.start()
    yield made
    await made.news.stop()


async def publish(vhost: Vhost, *bodies: str, key: str = RIGHTS_HEARTBEAT) -> None:
    """Publishes as the access service does."""
    publisher = await aio_pika.connect(vhost.url("access"))
    async with publisher, publisher.channel() as channel:
        exchange = await channel.get_exchange("access.events", ensure=False)
        for body in bodies:
            await exchange.publish(aio_pika.Message(body.encode()), key, mandatory=False)


async def queues(vhost: Vhost) -> list[str]:
    """The queues of news that there are."""
    found = await vhost.api("GET", f"queues/{vhost.name}")
    return [each["name"] for each in found if each["name"].startswith(news_queue_prefix("gateway"))]


async def connections(vhost: Vhost) -> list[str]:
    """The connections of those who hear, once the management API has heard of them."""
    found = await vhost.api("GET", f"vhosts/{vhost.name}/connections") or []
    return [each["name"] for each in found if each.get("user_provided_name") == "koto-gateway-news"]


async def test_news_is_heard_in_order_and_nothing_else(vhost: Vhost, heard: Heard) -> None:
    await publish(vhost, "1")
    await publish(vhost, "2", key=RightsChanged.TYPE)
    await publish(vhost, "other", key="access.data_used.v1")
    await publish(vhost, *map(str, range(3, 100)))
    await heard.becomes(["begin", *map(str, range(1, 100))])


async def test_every_process_hears_it(vhost: Vhost, heard: Heard) -> None:
    other = Heard(vhost)
    await other.start()
    await publish(vhost, "news")
    await heard.becomes(["begin", "news"])
    await other.becomes(["begin", "news"])
    await other.news.stop()


async def test_a_process_that_was_cut_off_is_told_that_its_hearing_begins_anew(vhost: Vhost, heard: Heard) -> None:
    await publish(vhost, "1")
    await heard.becomes(["begin", "1"])
    [name] = await eventually(lambda: connections(vhost), what="the connection in the management API")
    await vhost.api("DELETE", f"connections/{quote(name, safe='')}")
    await heard.becomes(["begin", "1", "begin"])
    await publish(vhost, "2")
    await heard.becomes(["begin", "1", "begin", "2"])


async def test_a_process_that_ends_leaves_no_queue_behind(vhost: Vhost) -> None:
    ending = Heard(vhost)
    await ending.start()
    await ending.news.stop()

    async def is_gone() -> bool:
        return not await queues(vhost)

    await eventually(is_gone)


async def test_it_can_be_stopped_amid_an_attempt_to_connect(vhost: Vhost, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[str] = []

    async def takes_being_cancelled_for_a_refusal(*_: object, **__: object) -> None:
        attempts.append("begun")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionError from None  # as aiormq now and then does

    monkeypatch.setattr(connection.aio_pika, "connect", takes_being_cancelled_for_a_refusal)
    stuck = Heard(vhost)
    stuck.news.start()

    async def has_begun() -> bool:
        return bool(attempts)

    await eventually(has_begun)
    async with asyncio.timeout(30):
        await stuck.news.stop()
