"""How every part is doing."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from deploy.local import environment, postgres, rabbitmq
from deploy.local.stack import Stack


@dataclass(frozen=True)
class PartStatus:
    """Whether a part is ready, not ready or stopped, and where it is (without its password)."""

    state: str
    address: str | None = None
    pid: int | None = None


def parts(stack: Stack) -> dict[str, PartStatus]:
    """The state of each part by name."""
    states = {}
    for program in stack.services():
        ready = program.is_ready()
        for service in environment.services() if program.name == "services" else [program.name]:
            address = stack.gateway_url if service == "gateway" else program.ready_urls[0].removesuffix("/readyz")
            states[service] = _state(program.pid, ready, address)
    issuer = stack.issuer()
    states["issuer"] = _state(issuer.pid, issuer.is_ready(), stack.issuer_url)
    broker, database = stack.broker, stack.database
    supervisor = stack.supervisor
    return states | {
        "supervisor": PartStatus("ready" if supervisor else "stopped", pid=supervisor.pid if supervisor else None),
        "amqp": _server(broker, broker.amqp_url),
        "management": _server(broker, broker.management_url),
        "postgresql": _server(database, database.url),
    }


def _state(pid: int | None, ready: bool, address: str) -> PartStatus:
    return PartStatus(("ready" if ready else "not ready") if pid else "stopped", address, pid)


def _server(server: object, url: str) -> PartStatus:
    pid = server.pid if isinstance(server, rabbitmq.RabbitMQ | postgres.Postgres) else None
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=2).close()
        ready = True
    except OSError:
        ready = False
    if isinstance(server, rabbitmq.RemoteRabbitMQ | postgres.RemotePostgres):
        return PartStatus("ready" if ready else "not ready", without_password(url))
    return _state(pid, ready, without_password(url))


def without_password(url: str) -> str:
    """The URL's scheme, host and port, and nothing of who signs in."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port}"
