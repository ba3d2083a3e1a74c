"""News: what each process of a service hears by itself, in an exclusive queue that is gone when its connection is.

What is published while a process is not connected it never hears. So it is told when its hearing begins, and must
then take for unknown whatever it knew by news.
"""

import asyncio
from collections.abc import Callable
from uuid import uuid4

from aio_pika.abc import AbstractConnection, AbstractIncomingMessage

from contracts import topology
from services.kit.connection import close_with, keep_connected
from services.kit.settings import ServiceSettings


class News:
    """Hears what the topology names as news for a service, in the order in which it was published."""

    def __init__(
        self,
        service: str,
        settings: ServiceSettings,
        *,
        begin: Callable[[], None],
        hear: Callable[[AbstractIncomingMessage], None],
    ) -> None:
        self._service = service
        self._settings = settings
        self._begin = begin
        self._hear = hear
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Connects, and keeps connected until stopped; waits for nothing."""
        name = f"koto-{self._service}-news"
        self._task = asyncio.create_task(
            keep_connected(self._settings.rabbitmq_url, name, self._prepare, lambda: None), name=name
        )

    async def stop(self) -> None:
        """Hears no more."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _prepare(self, connection: AbstractConnection) -> None:
        channel = await connection.channel(publisher_confirms=False)
        name = f"{topology.news_queue_prefix(self._service)}{uuid4()}"
        queue = await channel.declare_queue(name, exclusive=True, auto_delete=True)
        for exchange, key in topology.service(self._service).news:
            await queue.bind(await channel.get_exchange(exchange, ensure=False), key)
        self._begin()  # after the binding, before the first message: nothing falls between
        await queue.consume(self._receive, no_ack=True)
        await close_with(connection, channel)

    async def _receive(self, message: AbstractIncomingMessage) -> None:
        self._hear(message)
