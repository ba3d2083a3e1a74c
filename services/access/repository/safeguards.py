"""All SQL of customers withheld, emergency access and notices."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from contracts.access.safeguards import (
    ListNotices,
    ListWithheld,
    Notice,
    OpenEmergencyAccess,
    Withheld,
    WithholdCustomer,
)
from services.access.tables.rights import (
    ACCESS_GRANT,
    EMERGENCY_ACCESS,
    NOTICE,
    RELEASED_USER,
    WITHHELD_CUSTOMER,
)
from services.kit.errors import NotFound
from services.kit.work import Work

_WITHHELD, _NOTICE = WITHHELD_CUSTOMER.c, NOTICE.c


async def withhold(work: Work, message: WithholdCustomer) -> UUID:
    """Records whom the acting municipality withholds, and from whom."""
    withheld_id = uuid7()
    await work.connection.execute(
        insert(WITHHELD_CUSTOMER).values(
            withheld_id=withheld_id,
            customer_id=message.customer_id,
            municipality=work.actor.organisation,
            ground=message.ground,
            user_id=message.user,
            withheld_by=work.actor.user,
            withheld_at=work.now,
        )
    )
    return withheld_id


async def count_withheld(work: Work, user: str | None) -> int:
    """How many customers the acting municipality withholds from the user, or from all."""
    standing = select(func.count()).where(_withheld_here(work), _WITHHELD.user_id.is_not_distinct_from(user))
    return int((await work.connection.execute(standing)).scalar_one())


async def get_withheld(work: Work, withheld_id: UUID) -> Row[Any]:
    """One that the acting municipality withholds, locked; raises NotFound."""
    query = (
        select(WITHHELD_CUSTOMER).where(_withheld_here(work), _WITHHELD.withheld_id == withheld_id).with_for_update()
    )
    row = (await work.connection.execute(query)).first()
    if row is None:
        raise NotFound("nobody is withheld by that id")
    return row


async def release(work: Work, withheld: Row[Any], user: str) -> None:
    """Lets a user handle a customer who is withheld from all."""
    await work.connection.execute(
        insert(RELEASED_USER)
        .values(
            withheld_id=withheld.withheld_id,
            customer_id=withheld.customer_id,
            user_id=user,
            released_by=work.actor.user,
            released_at=work.now,
        )
        .on_conflict_do_nothing()
    )


async def withhold_no_more(work: Work, withheld_id: UUID) -> None:
    """Ends a withholding."""
    ended = {"ended_at": work.now, "ended_by": work.actor.user}
    await work.connection.execute(update(WITHHELD_CUSTOMER).where(_WITHHELD.withheld_id == withheld_id).values(**ended))


async def page_of_withheld(work: Work, message: ListWithheld) -> tuple[tuple[Withheld, ...], UUID | None]:
    """A page of those whom the acting municipality withholds, and the next page's cursor."""
    released = (
        select(func.array_agg(RELEASED_USER.c.user_id))
        .where(RELEASED_USER.c.withheld_id == _WITHHELD.withheld_id)
        .scalar_subquery()
    )
    query = select(WITHHELD_CUSTOMER, func.coalesce(released, []).label("released")).where(_withheld_here(work))
    if message.cursor:
        query = query.where(_WITHHELD.withheld_id > message.cursor)
    rows = (await work.connection.execute(query.order_by(_WITHHELD.withheld_id).limit(message.limit + 1))).all()
    page = rows[: message.limit]
    found = (Withheld.model_validate({**each._mapping, "user": each.user_id}) for each in page)
    return tuple(found), page[-1].withheld_id if len(rows) > message.limit else None


async def open_emergency(work: Work, message: OpenEmergencyAccess, ends_at: datetime) -> UUID:
    """Records that the acting user opened a customer, under the right acted on."""
    emergency_id = uuid7()
    await work.connection.execute(
        insert(EMERGENCY_ACCESS).values(
            emergency_id=emergency_id,
            customer_id=message.customer_id,
            grant_id=work.actor.grant,
            user_id=work.actor.user,
            opened_at=work.now,
            ends_at=ends_at,
        )
    )
    return emergency_id


async def count_emergencies(work: Work) -> int:
    """How many emergency accesses the acting user has open."""
    held = EMERGENCY_ACCESS.c
    standing = select(func.count()).where(held.user_id == work.actor.user, held.ends_at > work.now)
    return int((await work.connection.execute(standing)).scalar_one())


async def notify(work: Work, organisation: str, role: str, kind: str, about_id: UUID, due_at: datetime) -> None:
    """Tells all who hold a role in an organisation to look at something that is not told yet for that moment."""
    told = {"organisation": organisation, "role": role, "kind": kind, "about_id": about_id, "due_at": due_at}
    await work.connection.execute(insert(NOTICE).values(notice_id=uuid7(), created_at=work.now, **told))


async def page_of_notices(work: Work, message: ListNotices) -> tuple[tuple[Notice, ...], UUID | None]:
    """A page of the notices to the acting role in the acting organisation, newest first, and the next page's cursor.

    Those about customers withheld from the actor are left out.
    """
    customer_id = EMERGENCY_ACCESS.c.customer_id
    grant_id = func.coalesce(EMERGENCY_ACCESS.c.grant_id, _NOTICE.about_id).label("grant_id")
    query = (
        select(NOTICE, customer_id, grant_id)
        .outerjoin(EMERGENCY_ACCESS, EMERGENCY_ACCESS.c.emergency_id == _NOTICE.about_id)
        .where(_to_actor(work), customer_id.is_(None) | customer_id.not_in(work.actor.withheld))
    )
    if not message.also_seen:
        query = query.where(_NOTICE.seen_at.is_(None))
    if message.cursor:
        query = query.where(_NOTICE.notice_id < message.cursor)
    rows = (await work.connection.execute(query.order_by(_NOTICE.notice_id.desc()).limit(message.limit + 1))).all()
    found = tuple(Notice.model_validate(each, from_attributes=True) for each in rows[: message.limit])
    return found, found[-1].notice_id if len(rows) > message.limit else None


async def is_of_own_emergency(work: Work, notice_id: UUID) -> bool:
    """Whether a notice to the acting role tells of an emergency access that the acting user opened."""
    held = EMERGENCY_ACCESS.c
    own = exists().where(
        _NOTICE.notice_id == notice_id,
        _to_actor(work),
        held.emergency_id == _NOTICE.about_id,
        held.user_id == work.actor.user,
    )
    return bool(await work.connection.scalar(select(own)))


async def mark_seen(work: Work, notice_id: UUID) -> None:
    """Notes who first looked at a notice; raises NotFound when the acting role has none that it may see."""
    held = EMERGENCY_ACCESS.c
    of_withheld = exists().where(held.emergency_id == _NOTICE.about_id, held.customer_id.in_(work.actor.withheld))
    seen = {
        "seen_at": func.coalesce(_NOTICE.seen_at, work.now),
        "seen_by": func.coalesce(_NOTICE.seen_by, work.actor.user),
    }
    marked = update(NOTICE).where(_NOTICE.notice_id == notice_id, _to_actor(work), ~of_withheld).values(**seen)
    if not (await work.connection.execute(marked)).rowcount:
        raise NotFound("no such notice")


async def rights_to_tell(work: Work, kind: str, before: datetime) -> list[Row[Any]]:
    """The standing rights that end, or whose review is due, before a moment and that no notice tells yet."""
    grant = ACCESS_GRANT.c
    due_at = grant.ends_at if kind == "grant_ends" else grant.review_due_at
    told = select(_NOTICE.about_id).where(
        _NOTICE.about_id == grant.grant_id, _NOTICE.kind == kind, _NOTICE.due_at == due_at
    )
    organisation = func.coalesce(grant.municipality, grant.organisation).label("organisation")
    query: Select[Any] = select(grant.grant_id, organisation, due_at.label("due_at")).where(
        grant.ended_at.is_(None), due_at <= before, ~told.exists()
    )
    return list((await work.connection.execute(query)).all())


def _withheld_here(work: Work) -> ColumnElement[bool]:
    return (_WITHHELD.municipality == work.actor.organisation) & _WITHHELD.ended_at.is_(None)


def _to_actor(work: Work) -> ColumnElement[bool]:
    return (_NOTICE.organisation == work.actor.organisation) & (_NOTICE.role == work.actor.role)
