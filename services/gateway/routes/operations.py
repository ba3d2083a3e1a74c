"""For operators and their tools: is it alive, is it ready, what does it measure."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from services.kit.errors import Unavailable
from services.kit.telemetry import METRICS

Check = Callable[[], Awaitable[bool]]


def operations(alive: Check, ready: Check) -> APIRouter:
    """/healthz (else restart it), /readyz (else send it nobody) and /metrics."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/healthz")
    async def healthz() -> Response:
        return await _checked(alive)

    @routes.get("/readyz")
    async def readyz() -> Response:
        return await _checked(ready)

    @routes.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(METRICS), media_type=CONTENT_TYPE_LATEST)

    return routes


async def _checked(check: Check) -> Response:
    if await check():
        return JSONResponse({"status": "ok"})
    raise Unavailable("Not now.")
