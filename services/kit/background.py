"""What services do by themselves beside answering and hearing: working off rows that wait, and asking others."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from services.kit.actor import ActorTokens, signing_key
from services.kit.parts import Parts
from services.kit.requests import Requests
from services.kit.rotation import Rotating
from services.kit.settings import AskingSettings
from services.kit.telemetry import describe_error, log

_LONGEST_PAUSE = 60.0


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts in vain."""
    return timedelta(seconds=min(_LONGEST_PAUSE, 2.0**attempts))


async def work_off(
    parts: Parts,
    step: Callable[[], Awaitable[bool | None]],
    more: asyncio.Event | None = None,
    *,
    waits: str,
    every: float | None = None,
) -> None:
    """Takes steps for as long as there is one to take, then waits for `more` or the next look; until cancelled.

    It looks `every` so many seconds, unless told otherwise as often as the service polls. A step that fails is logged
    as `waits`, and taken again at the next look.
    """
    more = more or asyncio.Event()
    while True:
        try:
            while await step():
                pass
        except Exception as error:
            log.warning(waits, service=parts.name, **describe_error(error))
        more.clear()
        try:
            async with asyncio.timeout(every or parts.settings.poll_seconds):
                await more.wait()
        except TimeoutError:
            pass


@asynccontextmanager
async def asking(parts: Parts, *, waits: str) -> AsyncIterator[Requests]:
    """A way to ask other services in the service's own name; it connects by itself, and until then every call fails."""
    assert isinstance(parts.settings, AskingSettings)
    tokens = ActorTokens(Rotating(parts.settings, "actor_signing_key", signing_key))
    requests = Requests(parts.name, parts.settings, tokens, parts.clock, parts.telemetry)

    async def start() -> None:
        try:
            await requests.start()
        except TimeoutError:
            log.warning(waits, service=parts.name)  # it goes on trying

    starting = asyncio.create_task(start())
    try:
        yield requests
    finally:
        starting.cancel()
        await requests.stop()
