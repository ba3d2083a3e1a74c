"""What the records service does by itself: it makes the documents that wait."""

import asyncio
from typing import Any

from contracts.envelope import Request
from services.kit.actor import service_actor
from services.kit.background import asking, work_off
from services.kit.parts import Parts
from services.records.handlers.making import make_next


async def make_documents(parts: Parts) -> None:
    """Makes what waits, one after another; several replicas do no harm."""
    async with asking(parts, waits="documents.asking_waits") as requests:

        async def ask(request: Request[Any]) -> Any:
            return await requests.ask(request, service_actor(parts.name))

        async def step() -> bool:
            return await make_next(parts.unit_of_work, ask)

        await work_off(parts, step, asyncio.Event(), waits="documents.wait")
