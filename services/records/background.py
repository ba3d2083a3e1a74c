"""What the records service does by itself: it makes the documents that wait."""

from typing import Any

from prometheus_client import Gauge

from contracts.envelope import Request
from services.kit.actor import service_actor
from services.kit.background import asking, work_off
from services.kit.parts import Parts
from services.kit.telemetry import METRICS
from services.kit.work import Cause
from services.records import repository
from services.records.handlers.making import make_next

_WAITING = Gauge("koto_documents_waiting", "Documents still to be made", ["service"], registry=METRICS)


async def make_documents(parts: Parts) -> None:
    """Makes what waits, one after another; several replicas do no harm."""
    actor = service_actor(parts.name)
    async with asking(parts, waits="documents.asking_waits") as requests:

        async def ask(request: Request[Any]) -> Any:
            return await requests.ask(request, actor)

        async def step() -> bool:
            made = await make_next(parts.unit_of_work, ask)
            if not made:
                async with parts.unit_of_work.begin(actor, Cause("counting", "counting")) as work:
                    _WAITING.labels(parts.name).set(await repository.waiting(work))
            return made

        await work_off(parts, step, waits="documents.wait")
