"""An OpenTelemetry collector that takes spans and keeps none: `python -m tests.bench.collector <<<'{"port": 4318}'`."""

import asyncio
import json
import sys

import uvloop
from aiohttp import web


async def _receive(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(content_type="application/x-protobuf")


async def main() -> None:
    """Receives until it is ended."""
    application = web.Application(client_max_size=100_000_000)
    application.router.add_post("/v1/traces", _receive)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", json.loads(sys.stdin.readline())["port"]).start()
    print("ready", flush=True)  # noqa: T201
    await asyncio.Future()


if __name__ == "__main__":
    uvloop.run(main())
