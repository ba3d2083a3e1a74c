"""Traces, metrics and logs of one service. Nothing personal is in any of them, on error paths too.

One trace holds an act's whole road: HTTP, request, transaction, outbox, broker, consumer. Direct flow is parent and
child; what comes back after minutes (a retry, a replay) and a batch start a trace of their own that links to the first.
"""

import logging
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

log: structlog.stdlib.BoundLogger = structlog.get_logger("koto")

_TRACE_CONTEXT = TraceContextTextMapPropagator()
_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METRICS = CollectorRegistry()
"""The metrics of this process; each is labelled with its service, for one process may hold several."""
_REQUESTS = Histogram(
    "koto_request_seconds", "Requests answered", ["service", "type", "outcome"], buckets=_BUCKETS, registry=METRICS
)
_CONSUMED = Histogram(
    "koto_event_seconds", "Events handled", ["service", "type", "outcome"], buckets=_BUCKETS, registry=METRICS
)
_LAG = Histogram(
    "koto_event_lag_seconds", "From act to handled", ["service", "type"], buckets=(*_BUCKETS, 60, 900), registry=METRICS
)
_PUBLISHED = Counter("koto_outbox_published", "Events published", ["service", "type"], registry=METRICS)
_REFUSED = Counter("koto_outbox_refused", "Events the broker refused", ["service", "type"], registry=METRICS)
_PENDING = Gauge("koto_outbox_pending", "Events not yet published", ["service"], registry=METRICS)
_OLDEST = Gauge("koto_outbox_oldest_seconds", "Age of the oldest unpublished event", ["service"], registry=METRICS)
_PARKED = Gauge("koto_parked", "Messages waiting for a person", ["service"], registry=METRICS)


class Telemetry:
    """One service's tracer and metrics. Without an exporter nothing is recorded, but ids travel on."""

    def __init__(self, service: str, otlp_endpoint: str | None = None, exporter: SpanExporter | None = None) -> None:
        if exporter is None and otlp_endpoint:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter(endpoint=otlp_endpoint)
        # whether a span is recorded is ours to say, not the caller's: the default sampler would obey a traceparent
        self._provider = TracerProvider(
            ALWAYS_ON if exporter else ALWAYS_OFF, Resource.create({"service.name": f"koto-{service}"})
        )
        if exporter is not None:
            self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
        self.tracer = self._provider.get_tracer("koto")
        self.requests, self.consumed, self.lag = _REQUESTS, _CONSUMED, _LAG
        self.published, self.outbox_refused, self.parked = _PUBLISHED, _REFUSED, _PARKED
        self.outbox_pending, self.outbox_oldest_seconds = _PENDING, _OLDEST

    def flush(self) -> None:
        """Exports what has ended."""
        self._provider.force_flush()

    def shutdown(self) -> None:
        """Exports what is left."""
        self._provider.shutdown()

    @contextmanager
    def span(
        self,
        name: str,
        kind: SpanKind = SpanKind.INTERNAL,
        *,
        parent: str | None = None,
        links: Iterable[str] = (),
        attributes: Mapping[str, Any] | None = None,
    ) -> Iterator[Span]:
        """A span below the current one or below `parent`; or, linked to others, one that starts a trace of its own.

        Parent and links are W3C traceparents.

        An error sets the status and the error's class; never its message, which may repeat what somebody entered.
        """
        linked = [Link(trace.get_current_span(_context_of(each)).get_span_context()) for each in links]
        context = _context_of(parent) if parent else Context() if linked else None
        with self.tracer.start_as_current_span(
            name,
            context,
            kind,
            attributes=attributes,
            links=linked,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR))
                span.set_attribute("error.type", type(error).__name__)
                raise

    def trace_sql(self, engine: AsyncEngine) -> None:
        """A span for each SQL statement: its text without parameters.

        Own listeners, for the kept instrumentation is one per process, and one process may hold several services.
        """

        @event.listens_for(engine.sync_engine, "before_cursor_execute")
        def start(_conn: Any, _cursor: Any, statement: str, _params: Any, context: Any, _many: bool) -> None:
            context._koto_span = self.tracer.start_span(
                statement.split(None, 1)[0].upper(),
                kind=SpanKind.CLIENT,
                attributes={"db.system.name": "postgresql", "db.query.text": statement[:1000]},
            )

        @event.listens_for(engine.sync_engine, "after_cursor_execute")
        def end(_conn: Any, _cursor: Any, _statement: str, _params: Any, context: Any, _many: bool) -> None:
            context._koto_span.end()

        @event.listens_for(engine.sync_engine, "handle_error")
        def fail(context: Any) -> None:
            span = getattr(context.execution_context, "_koto_span", None)
            if span is not None:
                span.set_status(Status(StatusCode.ERROR))
                span.end()


def current_traceparent() -> str | None:
    """The current span as a W3C traceparent."""
    carrier: dict[str, str] = {}
    _TRACE_CONTEXT.inject(carrier)
    return carrier.get("traceparent")


def _context_of(traceparent: str | None) -> Context:
    return _TRACE_CONTEXT.extract({"traceparent": traceparent or ""}, Context())


def _where(error: BaseException) -> list[str]:
    """Where an error came from, innermost last: files, lines and functions, never values."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}" for frame in frames[-6:]]


def describe_error(error: BaseException) -> dict[str, Any]:
    """What may be logged of an error: its class and its place. Its message may repeat personal data."""
    return {"error": type(error).__name__, "where": _where(error)}


def _drop_messages_of_errors(_logger: Any, _name: str, fields: Any) -> Any:
    info = fields.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        fields.update(describe_error(error))
    return fields


def _add_trace(_logger: Any, _name: str, fields: Any) -> Any:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        fields["trace_id"] = format(context.trace_id, "032x")
    return fields


def log_lost_error(_loop: object, context: dict[str, Any]) -> None:
    """What the event loop does with an error that nobody awaited: its own way would log the error's text."""
    error = context.get("exception")
    log.error("error_nobody_awaited", **(describe_error(error) if error else {}))


def configure_logging(file: Path | None = None) -> None:
    """JSON lines to standard error or a file, ours and every library's."""
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        _drop_messages_of_errors,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler: logging.Handler = logging.FileHandler(file) if file else logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("koto").setLevel(logging.INFO)
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # an error a second while the broker is away; we say it once
