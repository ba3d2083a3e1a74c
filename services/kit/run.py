"""Runs services: one in a process of its own, or several in one process on a small machine. The same code."""

import asyncio
import contextlib
import importlib
import os
import signal
from collections.abc import Mapping
from typing import Any, Protocol

import uvloop
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.kit.settings import ServiceSettings
from services.kit.telemetry import METRICS, configure_logging, log, log_lost_error

CHECK_SECONDS, DEAD_CHECKS = 5.0, 6
"""How often a process looks whether its consumers live, and how many misses in a row end it."""
STOP_SECONDS = 25.0
"""How long an orderly stop may take; what hangs then is ended with the process, and nothing acknowledged is lost."""


class Runnable(Protocol):
    """What `build(settings)` of every service returns."""

    name: str

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def ready(self) -> bool: ...
    async def alive(self) -> bool: ...


def build(environment: Mapping[str, str]) -> Runnable:
    """Builds the service that KOTO_SERVICE names, told by this environment alone."""
    module = importlib.import_module(f"services.{environment['KOTO_SERVICE']}.main")
    settings_type: type[ServiceSettings] = getattr(module, "Settings", ServiceSettings)
    told = {key.removeprefix("KOTO_").lower(): value for key, value in environment.items() if key.startswith("KOTO_")}
    service: Runnable = module.build(settings_type(**told))  # pydantic parses the strings
    return service


class NotAlive(Exception):
    """A service has lost a consumer for good; ending the process lets its supervisor start it afresh."""


async def serve(environments: Mapping[str, Mapping[str, str]], operations_port: int, stop: asyncio.Event) -> None:
    """Runs these services in this process until `stop` is set, with /healthz, /readyz and /metrics on a port.

    Raises NotAlive when a service has been without a consumer of its own for half a minute.
    """
    asyncio.get_running_loop().set_exception_handler(log_lost_error)
    services = [build(environment) for environment in environments.values()]
    async with operations(services, operations_port):
        try:
            await asyncio.gather(*(service.start() for service in services))
            log.info("ready", services=[service.name for service in services])
            await _until_stopped_or_dead(services, stop)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await asyncio.gather(*(service.stop() for service in services), return_exceptions=True)


async def _until_stopped_or_dead(services: list[Runnable], stop: asyncio.Event) -> None:
    dead = 0
    while dead < DEAD_CHECKS:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await stop.wait()
                return
        except TimeoutError:
            alive = [await service.alive() for service in services]
            dead = 0 if all(alive) else dead + 1
    log.error("not_alive", services=[service.name for service in services])
    raise NotAlive


@contextlib.asynccontextmanager
async def operations(services: list[Runnable], port: int) -> Any:
    """Answers /healthz (every queue has its consumer), /readyz (database and broker answer) and /metrics."""
    if not port:
        yield
        return
    application = web.Application()
    application.router.add_get("/healthz", lambda _: _answer("alive", services))
    application.router.add_get("/readyz", lambda _: _answer("ready", services))
    application.router.add_get("/metrics", _metrics)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def _answer(question: str, services: list[Runnable]) -> web.Response:
    states = {service.name: await getattr(service, question)() for service in services}
    return web.json_response(states, status=200 if all(states.values()) else 503)


async def _metrics(_: web.Request) -> web.Response:
    return web.Response(body=generate_latest(METRICS), headers={"Content-Type": CONTENT_TYPE_LATEST})


def stop_at_signal() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets."""
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    return stop


async def main() -> None:
    """Runs the service that the process's environment names, until SIGTERM or SIGINT."""
    settings = ServiceSettings()
    environment = {"KOTO_SERVICE": settings.service, **os.environ}
    configure_logging(settings.log_file)
    await serve({settings.service: environment}, settings.operations_port, stop_at_signal())


if __name__ == "__main__":
    uvloop.run(main())
