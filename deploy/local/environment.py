"""The environment variables of each service on this machine."""

import json
import os
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import uuid4

from joserfc.jwk import OKPKey

from contracts.topology import SERVICES
from deploy.local import issuer, state

VHOST = "koto"
INTEGRATION = "integration"
ASKING = tuple(each.name for each in SERVICES if each.asks and each.answers)
"""Services that ask others in their own name: each has a key of its own for that."""
KeyKind = Literal["actor", "fields", "search"]


def services() -> list[str]:
    """The services of this checkout: the folders with a main.py."""
    return sorted(path.parent.name for path in (state.CHECKOUT / "services").glob("*/main.py"))


def partners_file() -> Path:
    """The file that names the partners."""
    return Path(os.environ.get("KOTO_PARTNERS_FILE") or Path(__file__).with_name("partners.toml")).resolve()


def has_database(service: str) -> bool:
    """Whether the service owns a database: it has migrations."""
    return (state.CHECKOUT / "services" / service / "migrations").is_dir()


class Secrets:
    """Passwords and keys, made at their first asking and kept in secrets.json, which its owner alone can read."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._path = home / "secrets.json"

    def broker_password(self, service: str) -> str:
        """The password of the service's user in RabbitMQ."""
        return str(state.kept(self._path, f"rabbitmq.{service}", state.password))

    def database_password(self, role: str) -> str:
        """The password of the role koto_<role> in PostgreSQL: a service, or <service>_owner."""
        return str(state.kept(self._path, f"postgres.{role}", state.password))

    def service_signing_key(self, service: str) -> dict[str, Any]:
        """The private JWK that signs for one service which asks others, and for nobody else: its id says for which."""
        return dict(state.kept(self._path, f"actor.{service}", lambda: _named(state.actor_key(), service)))

    def client_secret(self) -> str:
        """The gateway's secret at the issuer."""
        return str(state.kept(self._path, "issuer.gateway", state.password))

    def usage_key(self) -> dict[str, Any]:
        """The private JWK that opens what services seal for the usage log."""
        return dict(state.kept(self._path, "usage", state.sealing_key))

    def usage_hash_key(self) -> str:
        """The key of hashes of words in the usage log."""
        return str(state.kept(self._path, "usage.words", state.key))

    def checkpoint_key(self) -> dict[str, Any]:
        """The private JWK that signs the checkpoints of the usage log."""
        return dict(state.kept(self._path, "checkpoints", state.actor_key))

    def keys(self, kind: KeyKind, service: str = "") -> dict[str, Any]:
        """The keys of a set by key id, the present one first; of fields and searches each service has its own.

        Those of actor tokens are private JWKs.
        """
        kept = state.kept(self._path, _set_name(kind, service), lambda: dict([_new_key(kind)]))
        if isinstance(kept, str):  # as it was kept when there was one for ever
            return {"1": kept}
        return {kept["kid"]: kept} if "kty" in kept else dict(kept)

    def add_key(self, kind: KeyKind, service: str = "") -> None:
        """Adds a new key to a set, as its last."""
        self._keep(kind, service, self.keys(kind, service) | dict([_new_key(kind)]))

    def put_newest_first(self, kind: KeyKind, service: str = "") -> None:
        """Makes the key added last the present one."""
        *older, newest = self.keys(kind, service).items()
        self._keep(kind, service, dict([newest, *older]))

    def remove_older(self, kind: KeyKind, service: str = "") -> None:
        """Leaves the present key alone."""
        present, *_ = self.keys(kind, service).items()
        self._keep(kind, service, dict([present]))

    def _keep(self, kind: KeyKind, service: str, keys: dict[str, Any]) -> None:
        with state.locked(self._path.with_suffix(".lock")):
            state.write(self._path, state.read(self._path) | {_set_name(kind, service): keys})

    def key_files(self, service: str) -> Path:
        """The folder with the files that tell a service its keys as they are now."""
        actor = self.keys("actor")
        told: dict[str, Any] = {"koto_actor_keys": _public(*actor.values(), *map(self.service_signing_key, ASKING))}
        if has_database(service):
            told["koto_field_keys"] = self.keys("fields", service)
            told["koto_search_keys"] = self.keys("search", service)
        if service == "gateway":
            told["koto_actor_signing_key"] = next(iter(actor.values()))
        if service in ASKING:
            told["koto_actor_signing_key"] = self.service_signing_key(service)
        folder = self.home / "secrets" / service
        for name, value in told.items():
            # dictionaries with the same keys in another order are equal, and order is what says which is the present
            if json.dumps(state.read(folder / name)) != json.dumps(value):
                state.write(folder / name, value)
        return folder


def database_url(service: str, role: str, administrator_url: str, secrets: Secrets) -> str:
    """Where the role koto_<role> finds the service's database."""
    server = urlsplit(administrator_url)
    where = f"{server.hostname}:{server.port or 5432}"
    return f"postgresql+asyncpg://koto_{role}:{secrets.database_password(role)}@{where}/koto_{service}"


def of(service: str, *, amqp_url: str, postgres_url: str, secrets: Secrets, ports: dict[str, int]) -> dict[str, str]:
    """What the service is told: its own addresses and secrets, and nothing of another's."""
    broker = urlsplit(amqp_url)
    user = f"{service}:{secrets.broker_password(service)}"
    told = {
        "KOTO_SERVICE": service,
        "KOTO_RABBITMQ_URL": f"{broker.scheme}://{user}@{broker.hostname}:{broker.port or 5672}/{VHOST}",
        "KOTO_SECRETS_DIR": str(secrets.key_files(service)),
        "KOTO_ALLOW_TEST_IDENTITY_CODES": "true",
        "KOTO_OPERATIONS_PORT": str(ports.get(f"operations_{service}") or ports.get("operations", 0)),
    }
    if has_database(service):
        told |= {
            "KOTO_DATABASE_URL": database_url(service, service, postgres_url, secrets),
            "KOTO_USAGE_KEYS": json.dumps(_public(secrets.usage_key())),
            "KOTO_USAGE_HASH_KEY": secrets.usage_hash_key(),
        }
    if service == "access":
        told |= {
            "KOTO_USAGE_PRIVATE_KEYS": json.dumps({"keys": [secrets.usage_key()]}),
            "KOTO_CHECKPOINT_KEYS": json.dumps({"keys": [secrets.checkpoint_key()]}),
            "KOTO_CHECKPOINT_FOLDER": str(secrets.home / "checkpoints"),
        }
    if service == INTEGRATION:
        told["KOTO_PARTNERS_FILE"] = str(partners_file())
    if service == "gateway":
        told |= {
            "KOTO_PORT": str(ports["gateway"]),
            "KOTO_OIDC_ISSUER": f"http://127.0.0.1:{ports['issuer']}",
            "KOTO_OIDC_AUDIENCE": issuer.AUDIENCE,
            "KOTO_OIDC_CLIENT_ID": issuer.AUDIENCE,
            "KOTO_OIDC_CLAIMS": json.dumps({"identity_code": issuer.IDENTITY_CODE}),
            "KOTO_OIDC_CLIENT_SECRET": secrets.client_secret(),
            "KOTO_PUBLIC_URL": f"http://127.0.0.1:{ports['gateway']}",
        }
    return told


def _public(*private_keys: dict[str, Any]) -> dict[str, Any]:
    """The set that holds their public halves alone."""
    return {"keys": [OKPKey.import_key(each).as_dict(private=False) for each in private_keys]}


def _named(key: dict[str, Any], service: str) -> dict[str, Any]:
    return key | {"kid": f"{service}.{key['kid']}"}


def _set_name(kind: KeyKind, service: str) -> str:
    return f"{kind}.{service}" if service else kind


def _new_key(kind: KeyKind) -> tuple[str, Any]:
    """A new key and its id, which no key of its set has had before."""
    if kind == "actor":
        made = state.actor_key()
        return made["kid"], made
    return uuid4().hex[:8], state.key()
