"""All SQL of the records service."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Update, and_, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.kit.customer_view import ids_of, is_about, kept_id_of, reaches_each
from services.kit.rights import MUNICIPALITY
from services.kit.work import Work
from services.records.rules.matters import Matter
from services.records.tables import CUSTOMER_VIEW, DOCUMENT, DOCUMENT_WANTED

_WANTED = DOCUMENT_WANTED.c
_MATTER = ("customer_id", "municipality", "kind", "matter_id", "edition", "language", "approved_in")
_CARD = tuple(each for each in DOCUMENT.c if each.name != "content")


async def want(work: Work, matter: Matter) -> None:
    """Notes that a document is to be made; one that was noted before stays as it is."""
    row = _of(matter) | {"sequence": work.sequence, "dated_at": matter.dated_at, "next_attempt_at": work.now}
    await work.connection.execute(insert(DOCUMENT_WANTED).values(row).on_conflict_do_nothing())


async def move(work: Work, matter_id: UUID, municipality: str) -> None:
    """Says whose a matter's documents are, by the event being handled; one older than was heard changes nothing."""
    for table in (DOCUMENT_WANTED, DOCUMENT):  # in the order of `settle` and `keep`
        older = (table.c.matter_id == matter_id) & (table.c.sequence < work.sequence)
        moved = update(table).where(older).values(municipality=municipality, sequence=work.sequence)
        await work.connection.execute(moved)


async def take_next(work: Work, until: datetime) -> Row[Any] | None:
    """The document that has waited longest for its turn; nobody else takes it before `until`. None when none waits."""
    waiting = select(_WANTED.document_id).where(_WANTED.settled_at.is_(None), _WANTED.next_attempt_at <= work.now)
    oldest = waiting.order_by(_WANTED.next_attempt_at).limit(1).with_for_update(skip_locked=True)
    taken = update(DOCUMENT_WANTED).where(_WANTED.document_id == oldest.scalar_subquery())
    taken = taken.values(attempts=_WANTED.attempts + 1, next_attempt_at=until)
    row: Row[Any] | None = (await work.connection.execute(taken.returning(*_WANTED))).first()
    return row


async def waiting(work: Work) -> int:
    """How many documents are still to be made."""
    counted = select(func.count()).select_from(DOCUMENT_WANTED).where(_WANTED.settled_at.is_(None))
    return int((await work.connection.execute(counted)).scalar_one())


async def postpone(work: Work, document_id: UUID, until: datetime) -> None:
    """It could not be made: later."""
    await work.connection.execute(_waiting(document_id).values(next_attempt_at=until))


async def settle(work: Work, document_id: UUID, unmade_because: str | None = None) -> Row[Any] | None:
    """It is made, or never will be; None when that was said before, or the person was erased meanwhile."""
    settled = _waiting(document_id).values(settled_at=work.now, unmade_because=unmade_because)
    row: Row[Any] | None = (await work.connection.execute(settled.returning(*_WANTED))).first()
    return row


async def keep(work: Work, wanted: Row[Any], *, sha256: str, size: int, content: str) -> Matter:
    """Keeps a document that is settled, and tells whose it is now: `content`, its bytes in base64, encrypted."""
    matter = matter_of(wanted)
    kept = _of(matter) | {"sequence": wanted.sequence, "sha256": sha256, "size": size, "kept_at": work.now}
    sealed = work.encryption.encrypt(content, matter.document_id)
    await work.connection.execute(insert(DOCUMENT).values(**kept, content=sealed))
    return matter


async def kept_id(work: Work, customer_id: UUID) -> UUID:
    """The id of the record kept of a customer whom the asker reaches, of an alias that of its record; else NotFound."""
    return await kept_id_of(CUSTOMER_VIEW, work, customer_id, "document")


async def of_customer(work: Work, customer_id: UUID) -> Sequence[Row[Any]]:
    """The municipality's documents about a customer, known by the record kept, that the asker may see; newest first."""
    query = select(*_CARD).where(is_about(DOCUMENT, ids_of(CUSTOMER_VIEW, customer_id), MUNICIPALITY), _seen(work))
    query = query.order_by(DOCUMENT.c.kept_at.desc(), DOCUMENT.c.document_id.desc())
    return (await work.connection.execute(query, work.rights.values)).all()


async def get(work: Work, document_id: UUID) -> Row[Any] | None:
    """A document that the asker may see, its content still encrypted."""
    query = select(DOCUMENT).where(DOCUMENT.c.document_id == document_id, _seen(work))
    return (await work.connection.execute(query, work.rights.values)).first()


def _seen(work: Work) -> ColumnElement[bool]:
    """The right of every read: the municipality's document, and the asker reaches everybody whom it is about."""
    each = reaches_each(CUSTOMER_VIEW, work.rights.reach("document"), DOCUMENT.c.customer_ids)
    return and_(DOCUMENT.c.municipality == MUNICIPALITY, each)


def _of(matter: Matter) -> dict[str, Any]:
    """What both tables say of a document."""
    people = {matter.customer_id, *matter.members}
    told = {name: getattr(matter, name) for name in ("document_id", *_MATTER)}
    return told | {"customer_ids": sorted(people)}


def matter_of(row: Row[Any]) -> Matter:
    """The document that a row is of."""
    members = tuple(each for each in row.customer_ids if each != row.customer_id)
    return Matter(members=members, dated_at=row.dated_at, **{name: getattr(row, name) for name in _MATTER})


def _waiting(document_id: UUID) -> Update:
    return update(DOCUMENT_WANTED).where(_WANTED.document_id == document_id, _WANTED.settled_at.is_(None))
