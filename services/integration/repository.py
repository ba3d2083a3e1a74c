"""All SQL of the integration service."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.integration.tables import PARTNER_MESSAGE
from services.kit.work import Work

_MESSAGE = PARTNER_MESSAGE.c


async def keep(work: Work, number: UUID, *, partner: str, message_id: str, type: str, content: str, data: str) -> bool:
    """Keeps a message until it is brought to its owner; False when one of that id was kept before."""
    kept = insert(PARTNER_MESSAGE).values(
        number=number,
        partner=partner,
        message_id=message_id,
        type=type,
        content_hash=work.encryption.search_hash(content),
        data=work.encryption.encrypt(data, number),
        received_at=work.now,
        next_attempt_at=work.now,
    )
    result = await work.connection.execute(kept.on_conflict_do_nothing())
    return bool(result.rowcount)


async def get(work: Work, number: UUID) -> Row[Any] | None:
    """The message of that number, locked."""
    query = select(PARTNER_MESSAGE).where(_MESSAGE.number == number).with_for_update()
    return (await work.connection.execute(query)).first()


async def next_waiting(work: Work) -> Row[Any] | None:
    """The message that has waited longest for its turn, locked; others take the next."""
    query = select(PARTNER_MESSAGE).where(_MESSAGE.settled_at.is_(None), _MESSAGE.next_attempt_at <= work.now)
    query = query.order_by(_MESSAGE.next_attempt_at).limit(1).with_for_update(skip_locked=True)
    return (await work.connection.execute(query)).first()


async def settle(work: Work, number: UUID) -> None:
    """Its owner has it: what it says is not kept here any longer."""
    await work.connection.execute(
        update(PARTNER_MESSAGE).where(_MESSAGE.number == number).values(settled_at=work.now, data=None)
    )


async def forget(work: Work, number: UUID) -> None:
    """It was refused: its id is free for the message put right."""
    await work.connection.execute(delete(PARTNER_MESSAGE).where(_MESSAGE.number == number))


async def postpone(work: Work, number: UUID, until: datetime) -> None:
    """It could not be brought to its owner: later."""
    changed = update(PARTNER_MESSAGE).where(_MESSAGE.number == number)
    await work.connection.execute(changed.values(attempts=_MESSAGE.attempts + 1, next_attempt_at=until))
