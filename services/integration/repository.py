"""All SQL of the integration service."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Update, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from services.integration.tables import PARTNER_MATTER, PARTNER_MESSAGE
from services.kit.work import Work

_MESSAGE, _MATTER = PARTNER_MESSAGE.c, PARTNER_MATTER.c


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


async def settle(work: Work, number: UUID, told: Any) -> None:
    """Its owner has it: what it says is not kept here any longer, but what its receipt told."""
    settled = update(PARTNER_MESSAGE).where(_MESSAGE.number == number)
    await work.connection.execute(settled.values(settled_at=work.now, data=None, told=told))


async def forget(work: Work, number: UUID) -> None:
    """It was refused: its id is free for the message put right."""
    await work.connection.execute(delete(PARTNER_MESSAGE).where(_MESSAGE.number == number))


async def postpone(work: Work, number: UUID, until: datetime) -> None:
    """It could not be brought to its owner: later."""
    changed = update(PARTNER_MESSAGE).where(_MESSAGE.number == number)
    await work.connection.execute(changed.values(attempts=_MESSAGE.attempts + 1, next_attempt_at=until))


async def note(work: Work, partner: str, kind: str, matter_id: UUID, customer_id: UUID) -> None:
    """Something is new in a matter: the partner is to be told, at once."""
    new = {"customer_id": customer_id, "attempts": 0, "next_attempt_at": work.now}
    noted = insert(PARTNER_MATTER).values(partner=partner, matter_id=matter_id, kind=kind, **new)
    await work.connection.execute(noted.on_conflict_do_update(index_elements=["partner", "matter_id"], set_=new))


async def next_to_tell(work: Work) -> Row[Any] | None:
    """What has waited longest to be told, locked: news of the same matter wait for the lock; others take the next."""
    query = select(PARTNER_MATTER).where(_MATTER.next_attempt_at <= work.now)
    query = query.order_by(_MATTER.next_attempt_at).limit(1).with_for_update(skip_locked=True)
    return (await work.connection.execute(query)).first()


async def set_told(work: Work, row: Row[Any], version: int) -> None:
    """The partner was told this version."""
    await work.connection.execute(_of(row).values(told_version=version, attempts=0, next_attempt_at=None))


async def postpone_telling(work: Work, row: Row[Any], until: datetime) -> None:
    """The partner could not be told: later."""
    await work.connection.execute(_of(row).values(attempts=_MATTER.attempts + 1, next_attempt_at=until))


def _of(row: Row[Any]) -> Update:
    return update(PARTNER_MATTER).where(_MATTER.partner == row.partner, _MATTER.matter_id == row.matter_id)
