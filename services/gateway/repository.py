"""All SQL of the gateway. Each function is one statement."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.gateway.tables import session

SEEN_EVERY = timedelta(minutes=1)
"""How often at most the use of a session is written down."""
_READ = [session.c[name] for name in ("user_id", "name", "assurance", "grant_id", "seen_at", "ends_at")]


async def add(connection: AsyncConnection, **values: Any) -> None:
    """Opens a session."""
    await connection.execute(insert(session).values(**values))


async def find(
    connection: AsyncConnection, id_hashes: Sequence[bytes], now: datetime, idle: timedelta, *, in_use: bool
) -> Row[Any] | None:
    """A session that has not ended; in use, it is from now on idle for that long at most."""
    alive = and_(session.c.id_hash.in_(id_hashes), session.c.seen_at > now - idle, session.c.ends_at > now)
    found = select(*_READ).where(alive)
    if in_use:
        seen = update(session).where(alive, session.c.seen_at <= now - SEEN_EVERY).values(seen_at=now)
        found = found.add_cte(seen.cte("seen"))
    return (await connection.execute(found)).one_or_none()


async def choose(connection: AsyncConnection, id_hashes: Sequence[bytes], grant_id: UUID | None) -> None:
    """Notes the right that the user acts under in a session."""
    await connection.execute(update(session).where(session.c.id_hash.in_(id_hashes)).values(grant_id=grant_id))


async def remove(connection: AsyncConnection, id_hashes: Sequence[bytes]) -> None:
    """Ends one session."""
    await _remove(connection, session.c.id_hash.in_(id_hashes))


async def remove_of_user(connection: AsyncConnection, user_id: str) -> None:
    """Ends all sessions of a user."""
    await _remove(connection, session.c.user_id == user_id)


async def remove_of_issuer(connection: AsyncConnection, user_id: str, issuer_session: str) -> None:
    """Ends what the issuer names: all sessions of a user, one of its own sessions, or that one of that user."""
    if not issuer_session:
        await remove_of_user(connection, user_id)
    elif not user_id:
        await _remove(connection, session.c.issuer_session == issuer_session)
    else:  # a session of which the issuer told no name could be the one that is meant
        named = session.c.issuer_session.in_((issuer_session, ""))
        await _remove(connection, session.c.user_id == user_id, named)


async def remove_ended(connection: AsyncConnection, now: datetime, idle: timedelta) -> None:
    """Forgets sessions that have ended by themselves."""
    await _remove(connection, or_(session.c.ends_at <= now, session.c.seen_at <= now - idle))


async def _remove(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> None:
    await connection.execute(delete(session).where(*conditions))
