"""The outermost layer: one span and one measurement a request, security headers, and no exception beyond it.

An own span and not the kept instrumentation's, which writes the raw path, the query and the caller's address into it.
"""

from time import perf_counter

from opentelemetry.trace import SpanKind, Status, StatusCode
from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.telemetry import METRICS, Telemetry, describe_error, log

_SECONDS = Histogram(
    "koto_http_seconds",
    "HTTP requests answered",
    ["service", "method", "route", "status"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=METRICS,
)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_HTTPS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}


class Observed:
    """The application, observed; only routes' templates are told, never a path as it came.

    `secure` says that browsers reach it by HTTPS, and is told to them to keep.
    """

    def __init__(self, app: ASGIApp, service: str, telemetry: Telemetry, *, secure: bool) -> None:
        self._app = app
        self._headers = _SECURITY | (_HTTPS_ONLY if secure else {})
        self._service = service
        self._telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        status = 0
        method = scope["method"] if scope["method"] in _METHODS else "other"
        parent = Headers(scope=scope).get("traceparent")
        with self._telemetry.span(method, SpanKind.SERVER, parent=parent) as span:
            trace_id = format(span.get_span_context().trace_id, "032x")

            async def send_on(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                    headers = MutableHeaders(scope=message)
                    for name, value in {**self._headers, "Trace-Id": trace_id}.items():
                        headers.setdefault(name, value)
                await send(message)

            try:
                await self._app(scope, receive, send_on)
            except Exception as error:  # answered already; the server would log its message too
                log.error("http.failed", service=self._service, **describe_error(error))
            route = getattr(scope.get("route"), "path_format", "unknown")
            span.update_name(f"{method} {route}")
            span.set_attributes(
                {"http.request.method": method, "http.route": route, "http.response.status_code": status}
            )
            if status >= 500:
                span.set_status(Status(StatusCode.ERROR))
        _SECONDS.labels(self._service, method, route, status).observe(perf_counter() - started)
