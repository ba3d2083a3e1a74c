"""The gateway, put together."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from services.gateway.caller import Callers
from services.gateway.issuer import Issuer
from services.gateway.observing import Observed
from services.gateway.problems import answer_problems
from services.gateway.rate_limit import RateLimit
from services.gateway.rights import KeptRights
from services.gateway.routes import (
    access,
    anomalies,
    assessments,
    background,
    code_lists,
    contacts,
    customers,
    docs,
    documents,
    due_dates,
    duplicates,
    families,
    findings,
    interviews,
    law,
    operations_on_many,
    outreach,
    participations,
    plans,
    plans_in_force,
    programme,
    referrals,
    session,
    teams,
    transfers,
    usage_log,
)
from services.gateway.routes.operations import operations
from services.gateway.sessions import Sessions
from services.gateway.settings import GatewaySettings as Settings
from services.gateway.sign_in import SignIn
from services.kit.actor import ActorTokens, signing_key
from services.kit.clock import Clock, SystemClock
from services.kit.database import create_engine
from services.kit.field_encryption import FieldEncryption
from services.kit.news import News
from services.kit.requests import Requests
from services.kit.rotation import Rotating
from services.kit.telemetry import Telemetry

__all__ = ["Gateway", "Settings", "build"]


class Gateway:
    """The HTTP door, started and stopped as one object, as services are."""

    def __init__(
        self,
        settings: Settings,
        requests: Requests,
        issuer: Issuer,
        sign_in: SignIn,
        sessions: Sessions,
        rights: KeptRights,
        telemetry: Telemetry,
    ) -> None:
        self.name = settings.service
        self.port = settings.port
        self._settings = settings
        self._requests = requests
        self._sessions = sessions
        self._rights = rights
        self._news = News(settings.service, settings, begin=rights.begin, hear=rights.hear)
        self._telemetry = telemetry
        self._tidying: asyncio.Task[None] | None = None
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self.app = FastAPI(
            openapi_url=None,  # served by routes/docs.py
            redirect_slashes=False,
            generate_unique_id_function=lambda route: route.name,
            telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},  # see Observed
        )
        self.app.state.callers = Callers(settings, issuer, sessions, rights, requests)
        self.app.state.sessions = sessions
        self.app.state.rights = rights
        self.app.state.sign_in = sign_in
        self.app.state.sign_in_limit = RateLimit(settings.sign_in_rate_limit)
        self.app.state.max_body_bytes = settings.max_body_bytes
        self.app.state.max_list_bytes = settings.max_list_bytes
        answer_problems(self.app)
        for routes in (
            customers.routes,
            families.routes,
            contacts.routes,
            background.routes,
            teams.routes,
            assessments.routes,
            interviews.routes,
            findings.routes,
            participations.routes,
            transfers.routes,
            operations_on_many.routes,
            outreach.routes,
            due_dates.routes,
            programme.routes,
            referrals.routes,
            documents.routes,
            plans.routes,
            plans_in_force.routes,
            duplicates.routes,
            access.routes,
            usage_log.routes,
            anomalies.routes,
            code_lists.routes,
            law.routes,
            session.routes,
            session.pages,
            session.back_channel,
            docs.routes,
            operations(self.alive, self.ready),
        ):
            self.app.include_router(routes)

    async def start(self) -> None:
        """Listens, and connects to the broker; raises OSError when the port is not to be had."""
        listener = _listen(self._settings.host, self._settings.port)
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            Observed(self.app, self.name, self._telemetry, secure=self._settings.public_url.startswith("https:")),
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,  # it would tell paths and queries
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=75,  # longer than a proxy in front keeps it, or the proxy sends into a closing one
            timeout_graceful_shutdown=15,
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name=f"{self.name} http")
        self._tidying = asyncio.create_task(self._sessions.tidy(), name=f"{self.name} tidying")
        self._news.start()
        with contextlib.suppress(TimeoutError):  # it goes on trying; until then callers get 503
            await self._requests.start()

    async def stop(self) -> None:
        """Takes no more, lets what is under way end, and closes."""
        if self._server and self._serving:
            self._server.should_exit = True
            await self._serving
        if self._tidying:
            self._tidying.cancel()
            await asyncio.gather(self._tidying, return_exceptions=True)
        await self._news.stop()
        await self._sessions.close()
        await self._requests.stop()
        self._telemetry.shutdown()

    async def ready(self) -> bool:
        """Whether replies can arrive, and news of rights has. Not whether sessions can be found: bearers do without."""
        return self._requests.connected and self._rights.has_heard

    async def alive(self) -> bool:
        """Whether it listens."""
        return self._serving is not None and not self._serving.done()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to the process, which may hold other services."""
        yield


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise OSError(error.errno, f"The gateway can't listen on {host} port {port}: {error.strerror}") from None
    # what it accepts inherits it; uvloop sets it anyway, asyncio's own loop not, and then a body comes 40 ms late
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def build(
    settings: Settings,
    clock: Clock | None = None,
    telemetry: Telemetry | None = None,
    requests: Requests | None = None,
) -> Gateway:
    """The gateway, not yet started."""
    clock = clock or SystemClock()
    telemetry = telemetry or Telemetry(settings.service, settings.otlp_endpoint)
    tokens = ActorTokens(Rotating(settings, "actor_signing_key", signing_key))
    requests = requests or Requests(settings.service, settings, tokens, clock, telemetry)
    engine = create_engine(settings)
    telemetry.trace_sql(engine)
    encryption = FieldEncryption(settings)
    issuer = Issuer(settings, clock)
    return Gateway(
        settings,
        requests,
        issuer,
        SignIn(settings, issuer, encryption, clock),
        Sessions(settings, engine, encryption, clock),
        KeptRights(requests, clock),
        telemetry,
    )
