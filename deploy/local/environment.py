"""The environment variables of each service on this machine."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from joserfc.jwk import OKPKey

from deploy.local import issuer, state

VHOST = "koto"


def services() -> list[str]:
    """The services of this checkout: the folders with a main.py."""
    return sorted(path.parent.name for path in (state.CHECKOUT / "services").glob("*/main.py"))


def has_database(service: str) -> bool:
    """Whether the service owns a database: it has migrations."""
    return (state.CHECKOUT / "services" / service / "migrations").is_dir()


class Secrets:
    """Passwords and keys, made at their first asking and kept in secrets.json, which its owner alone can read."""

    def __init__(self, home: Path) -> None:
        self._path = home / "secrets.json"

    def broker_password(self, service: str) -> str:
        """The password of the service's user in RabbitMQ."""
        return str(state.kept(self._path, f"rabbitmq.{service}", state.password))

    def database_password(self, service: str) -> str:
        """The password of the service's role in PostgreSQL."""
        return str(state.kept(self._path, f"postgres.{service}", state.password))

    def actor_key(self) -> dict[str, Any]:
        """The private JWK that actor tokens are signed with."""
        return dict(state.kept(self._path, "actor", state.actor_key))

    def client_secret(self) -> str:
        """The gateway's secret at the issuer."""
        return str(state.kept(self._path, "issuer.gateway", state.password))

    def field_keys(self, service: str) -> dict[str, str]:
        """The service's keys of encrypted fields by key id; the first encrypts."""
        return dict(state.kept(self._path, f"fields.{service}", lambda: {"1": state.key()}))

    def search_key(self, service: str) -> str:
        """The service's key of search hashes."""
        return str(state.kept(self._path, f"search.{service}", state.key))


def database_url(service: str, administrator_url: str, secrets: Secrets) -> str:
    """Where the service finds its own database."""
    server = urlsplit(administrator_url)
    where = f"{server.hostname}:{server.port or 5432}"
    return f"postgresql+asyncpg://koto_{service}:{secrets.database_password(service)}@{where}/koto_{service}"


def of(service: str, *, amqp_url: str, postgres_url: str, secrets: Secrets, ports: dict[str, int]) -> dict[str, str]:
    """What the service is told: its own addresses and secrets, and nothing of another's."""
    broker = urlsplit(amqp_url)
    user = f"{service}:{secrets.broker_password(service)}"
    private_key = secrets.actor_key()
    public_keys = {"keys": [OKPKey.import_key(private_key).as_dict(private=False)]}
    told = {
        "KOTO_SERVICE": service,
        "KOTO_RABBITMQ_URL": f"{broker.scheme}://{user}@{broker.hostname}:{broker.port or 5672}/{VHOST}",
        "KOTO_ACTOR_KEYS": json.dumps(public_keys),
        "KOTO_ALLOW_TEST_IDENTITY_CODES": "true",
        "KOTO_OPERATIONS_PORT": str(ports.get(f"operations_{service}") or ports.get("operations", 0)),
    }
    if has_database(service):
        told |= {
            "KOTO_DATABASE_URL": database_url(service, postgres_url, secrets),
            "KOTO_FIELD_KEYS": json.dumps(secrets.field_keys(service)),
            "KOTO_SEARCH_KEY": secrets.search_key(service),
        }
    if service == "gateway":
        told |= {
            "KOTO_PORT": str(ports["gateway"]),
            "KOTO_ACTOR_SIGNING_KEY": json.dumps(private_key),
            "KOTO_OIDC_ISSUER": f"http://127.0.0.1:{ports['issuer']}",
            "KOTO_OIDC_AUDIENCE": issuer.AUDIENCE,
            "KOTO_OIDC_CLIENT_ID": issuer.AUDIENCE,
            "KOTO_OIDC_CLIENT_SECRET": secrets.client_secret(),
            "KOTO_PUBLIC_URL": f"http://127.0.0.1:{ports['gateway']}",
        }
    return told
