"""Sessions of browsers: who is signed in by a cookie, for how long, and how that ends.

The cookie holds 256 random bits, the store a keyed hash of them. Each request looks the session up, and nothing is kept
in memory: what one replica ends has ended for all.
"""

import asyncio
import base64
import hmac
import re
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.gateway import repository
from services.gateway.issuer import Identity
from services.gateway.settings import GatewaySettings
from services.gateway.sign_in import Logout
from services.kit.clock import Clock
from services.kit.errors import NotAuthenticated, Unavailable, is_infrastructure
from services.kit.field_encryption import FieldEncryption
from services.kit.telemetry import describe_error, log

COOKIE = "__Host-koto-session"
_ID = re.compile(r"[\w-]{43}", re.ASCII)
_TIDY_SECONDS = 600


@dataclass(frozen=True)
class Session:
    """A browser that is signed in."""

    id: str = field(repr=False)
    user: str
    name: str
    assurance: str
    grant_id: UUID | None
    """The right to act under that was chosen; None: that to one's own data."""
    idle_ends_at: datetime
    """When it ends unless something is done in it."""
    ends_at: datetime
    """When it ends whatever is done."""


class Sessions:
    """Opens, finds and ends sessions. Every method raises Unavailable while the store is away."""

    def __init__(
        self, settings: GatewaySettings, engine: AsyncEngine, encryption: FieldEncryption, clock: Clock
    ) -> None:
        self._idle = timedelta(minutes=settings.session_idle_minutes)
        self._longest = timedelta(hours=settings.session_hours)
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")  # each act is one statement
        self._encryption = encryption
        self._clock = clock

    async def open(self, user: Identity, grant_id: UUID | None) -> str:
        """The id of a new session, in which the user acts under that right."""
        id, now = secrets.token_urlsafe(32), self._clock.now()
        async with self._connected() as connection:
            await repository.add(
                connection,
                id_hash=self._hashes(id)[0],
                user_id=user.user,
                issuer_session=user.session,
                name=user.name or "",
                assurance=user.assurance,
                grant_id=grant_id,
                seen_at=now,
                ends_at=now + self._longest,
            )
        return id

    async def find(self, id: str, *, in_use: bool) -> Session:
        """The session; raises NotAuthenticated when there is none. Only one in use is kept from ending idle."""
        row = None
        if _ID.fullmatch(id):
            async with self._connected() as connection:
                row = await repository.find(connection, self._hashes(id), self._clock.now(), self._idle, in_use=in_use)
        if row is None:
            raise NotAuthenticated("The session has ended: sign in again.")
        return Session(
            id=id,
            user=row.user_id,
            name=row.name,
            assurance=row.assurance,
            grant_id=row.grant_id,
            idle_ends_at=min(row.seen_at + self._idle, row.ends_at),
            ends_at=row.ends_at,
        )

    async def choose(self, id: str, grant_id: UUID | None) -> None:
        """From now on the user acts under that right in the session."""
        async with self._connected() as connection:
            await repository.choose(connection, self._hashes(id), grant_id)

    async def end(self, id: str) -> None:
        """Ends one session."""
        async with self._connected() as connection:
            await repository.remove(connection, self._hashes(id))

    async def end_all(self, user: str) -> None:
        """Ends all sessions of a user."""
        async with self._connected() as connection:
            await repository.remove_of_user(connection, user)

    async def end_by_issuer(self, logout: Logout) -> None:
        """Ends the sessions that the issuer named."""
        async with self._connected() as connection:
            await repository.remove_of_issuer(connection, logout.user, logout.session)

    def csrf_token(self, id: str) -> str:
        """What a changing request must carry besides the cookie: who knows it can't tell the cookie from it."""
        return self._csrf_tokens(id)[0]

    def is_csrf_token(self, token: str, id: str) -> bool:
        """Whether the token belongs to the session."""
        return any(hmac.compare_digest(token.encode(), known.encode()) for known in self._csrf_tokens(id))

    async def tidy(self) -> None:
        """Forgets, for ever, what has ended by itself."""
        while True:
            try:
                async with self._connected() as connection:
                    await repository.remove_ended(connection, self._clock.now(), self._idle)
            except Exception as error:
                log.warning("sessions.not_tidied", **describe_error(error))
            await asyncio.sleep(_TIDY_SECONDS)

    async def close(self) -> None:
        """Closes the connections to the store."""
        await self._engine.dispose()

    def _hashes(self, id: str) -> list[bytes]:
        """By all keys, the present one's first: a session begun before keys were rotated goes on."""
        return self._encryption.search_hashes(id)

    def _csrf_tokens(self, id: str) -> list[str]:
        return [base64.urlsafe_b64encode(each).decode().rstrip("=") for each in self._hashes(f"csrf {id}")]

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._engine.connect() as connection:
                yield connection
        except Exception as error:
            if not is_infrastructure(error):
                raise
            log.warning("sessions.store_away", **describe_error(error))
            raise Unavailable("The session store can't be reached.") from None
