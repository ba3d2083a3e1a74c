"""Who acts. The gateway signs an actor token for each request; services believe nothing else.

A service that asks has a key of its own, whose id begins with `<service>.`: it signs for that service and nobody else.

The token is a JWS (Ed25519) that lives at most 30 s and is bound to one request: its type, its idempotency key and its
body. Whoever can only write to the broker cannot pretend to be anybody, nor send again as another act what was sent.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from services.kit.errors import NotAuthenticated

TOKEN_LIFETIME = timedelta(seconds=30)
RIGHTS_GOOD_FOR = timedelta(seconds=10)
"""How old the news of rights may be that a change, or a look at protected data, rests on."""
_ALGORITHM = "Ed25519"
_CLOCK_SKEW = timedelta(seconds=5)


@dataclass(frozen=True)
class Actor:
    """A person acting for an organisation under one granted right, or a service acting by itself.

    `user` is an opaque id. What the right is limited to travels along, so that services need not know any grants.
    """

    user: str
    organisation: str
    role: str
    task: str = ""
    purpose: str = ""
    assurance: str = ""
    grant: UUID | None = None
    granted_by: str = ""
    """The municipality whose customers the right is for, where it is not the organisation itself."""
    customers: tuple[UUID, ...] | None = None
    """These alone; None: all of the municipality."""
    data: tuple[str, ...] | None = None
    """These data groups alone; None: as the role."""
    powers: tuple[str, ...] = ()
    withheld: tuple[UUID, ...] = ()
    """Customers whom this user may not handle."""
    emergency: tuple[UUID, ...] = ()
    """Customers opened by emergency access."""
    own_record: UUID | None = None
    """The customer that the user is."""
    rights_as_of: datetime | None = None
    """Up to when the news of rights is known; None: now."""

    @property
    def is_service(self) -> bool:
        """Whether no person acts."""
        return self.role.startswith("service_")

    @property
    def municipality(self) -> str:
        """Whose customers the actor may handle."""
        return self.granted_by or self.organisation

    def __str__(self) -> str:
        return f"{self.organisation}/{self.user}"


def service_actor(service: str) -> Actor:
    """The identity under which a service handles events."""
    return Actor(user=service, organisation="koto", role=f"service_{service}")


def signing_key(told: str) -> OKPKey:
    """The private key of a JWK."""
    return OKPKey.import_key(json.loads(told))


def public_keys(told: str) -> KeySet:
    """The keys of a JWK set."""
    return KeySet.import_key_set(json.loads(told))


class ActorTokens:
    """Signs tokens: the gateway's side."""

    def __init__(self, key: Callable[[], OKPKey]) -> None:
        self._key = key

    def sign(self, actor: Actor, *, request_type: str, key: str | None, body: bytes, now: datetime) -> str:
        """A token for one request: its type, and so the service that answers it, its idempotency key and its body."""
        key_now = self._key()
        claims = {
            "sub": actor.user,
            "org": actor.organisation,
            "role": actor.role,
            "task": actor.task,
            "purpose": actor.purpose,
            "acr": actor.assurance,
            "rights": _rights(actor),
            "asof": (actor.rights_as_of or now).timestamp(),
            "aud": request_type,
            "key": key,
            "body": hashlib.sha256(body).hexdigest(),
            "iat": int(now.timestamp()),
            "exp": int((now + TOKEN_LIFETIME).timestamp()),
        }
        return jwt.encode({"alg": _ALGORITHM, "kid": key_now.kid}, claims, key_now, algorithms=[_ALGORITHM])


class ActorVerifier:
    """Verifies tokens, by any of the keys: every service's side."""

    def __init__(self, keys: Callable[[], KeySet]) -> None:
        self._keys = keys

    def verify(self, token: str | None, *, request_type: str, key: str | None, body: bytes, now: datetime) -> Actor:
        """The actor of a request; raises NotAuthenticated when anything about the token does not hold."""
        if not token:
            raise NotAuthenticated("no actor token")
        try:
            decoded = jwt.decode(token, self._keys(), algorithms=[_ALGORITHM])
            claims = decoded.claims
        except (JoseError, ValueError, KeyError, TypeError):
            raise NotAuthenticated("the actor token is not signed by a known key") from None
        service, is_of_service, _ = str(decoded.header.get("kid", "")).partition(".")
        if is_of_service and claims.get("role") != f"service_{service}":
            raise NotAuthenticated("the key of a service signs for the service alone")
        issued, expires = claims.get("iat", 0), claims.get("exp", 0)
        latest = issued + int(TOKEN_LIFETIME.total_seconds())
        moment, skew = now.timestamp(), _CLOCK_SKEW.total_seconds()
        if not issued - skew <= moment <= min(expires, latest) + skew:
            raise NotAuthenticated("the actor token has expired")
        told = (claims.get("aud"), claims.get("key"), claims.get("body"))
        if told != (request_type, key, hashlib.sha256(body).hexdigest()):
            raise NotAuthenticated("the actor token belongs to another request")
        return _actor(claims)


def _rights(actor: Actor) -> dict[str, Any]:
    """What limits the right, as the token carries it: what does not limit it is left out."""
    told = {
        "grant": actor.grant and str(actor.grant),
        "by": actor.granted_by,
        "customers": None if actor.customers is None else [str(each) for each in actor.customers],
        "data": None if actor.data is None else list(actor.data),
        "powers": list(actor.powers) or None,
        "withheld": [str(each) for each in actor.withheld] or None,
        "emergency": [str(each) for each in actor.emergency] or None,
        "own": actor.own_record and str(actor.own_record),
    }
    return {name: value for name, value in told.items() if value not in (None, "")}


def _actor(claims: dict[str, Any]) -> Actor:
    rights = claims["rights"]
    return Actor(
        user=claims["sub"],
        organisation=claims["org"],
        role=claims["role"],
        task=claims.get("task", ""),
        purpose=claims.get("purpose", ""),
        assurance=claims.get("acr", ""),
        grant=UUID(rights["grant"]) if "grant" in rights else None,
        granted_by=rights.get("by", ""),
        customers=_ids(rights["customers"]) if "customers" in rights else None,
        data=tuple(rights["data"]) if "data" in rights else None,
        powers=tuple(rights.get("powers", ())),
        withheld=_ids(rights.get("withheld", ())),
        emergency=_ids(rights.get("emergency", ())),
        own_record=UUID(rights["own"]) if "own" in rights else None,
        rights_as_of=datetime.fromtimestamp(claims["asof"], UTC),
    )


def _ids(told: Iterable[str]) -> tuple[UUID, ...]:
    return tuple(map(UUID, told))
