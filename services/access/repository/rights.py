"""All SQL of users and of what they hold.

An organisation sees the rights that it answers for, its staff's and those it gave for its customers, and those that its
staff holds elsewhere. The others do not exist: that is a condition of each query, not a check after it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Subquery,
    Uuid,
    and_,
    cast,
    column,
    exists,
    func,
    or_,
    select,
    union,
    update,
)
from sqlalchemy import values as rows_of
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.access.rights import (
    EmergencyHold,
    Grant,
    GrantGround,
    HeldGrant,
    ListGrants,
    ListUsers,
    NoteSignIn,
    User,
    UserRights,
    user_number,
)
from services.access.tables.rights import (
    ACCESS_GRANT,
    ACCOUNT,
    EMERGENCY_ACCESS,
    GRANT_CUSTOMER,
    PROCUREMENT,
    RELEASED_USER,
    WITHHELD_CUSTOMER,
)
from services.kit.clock import end_of_day
from services.kit.errors import NotFound
from services.kit.tables import Moment
from services.kit.work import Work

_GRANT = ACCESS_GRANT.c
_RESPONSIBLE = func.coalesce(_GRANT.municipality, _GRANT.organisation)
"""The organisation that answers for a right: it gives, changes and reviews it."""
_NOTED_EVERY = timedelta(days=1)


async def rights_of(work: Work, user: str) -> UserRights:
    """All that decides what a user may do; nothing for one who is not known."""
    contract = and_(PROCUREMENT.c.provider == _GRANT.organisation, PROCUREMENT.c.municipality == _GRANT.municipality)
    standing = (
        select(ACCESS_GRANT, PROCUREMENT.c.ends_on.label("contract_ends_on"))
        .outerjoin(PROCUREMENT, contract)
        .where(_GRANT.user_id == user, _in_force_or_to_come(work.now))
    )
    ordered = standing.order_by(_GRANT.starts_at, _GRANT.grant_id)
    grants = (await work.connection.execute(ordered)).all()
    customers = await _customers(work, [each.grant_id for each in grants])
    held = EMERGENCY_ACCESS.c
    emergencies: dict[UUID, list[EmergencyHold]] = defaultdict(list)
    opened = select(held.grant_id, held.customer_id, func.max(held.ends_at).label("ends_at")).where(
        held.user_id == user, held.ends_at > work.now
    )
    for row in await work.connection.execute(opened.group_by(held.grant_id, held.customer_id)):
        emergencies[row.grant_id].append(EmergencyHold(customer_id=row.customer_id, ends_at=row.ends_at))
    own_record = await work.connection.scalar(select(ACCOUNT.c.customer_id).where(ACCOUNT.c.user_id == user))
    withheld = set(await work.connection.scalars(select(_withheld_from([user], work.now).c.customer_id)))
    return UserRights(
        user=user,
        grants=tuple(
            HeldGrant(
                grant_id=each.grant_id,
                organisation=each.organisation,
                role=each.role,
                task=each.task,
                municipality=each.municipality,
                customers=customers[each.grant_id] if each.named_only else None,
                data=each.data,
                powers=each.powers,
                starts_at=each.starts_at,
                ends_at=_end(each.ends_at, each.contract_ends_on),
                emergency=tuple(emergencies[each.grant_id]),
            )
            for each in grants
        ),
        withheld=tuple(sorted(withheld | ({own_record} if own_record else set()))),
        own_record=own_record,
    )


async def note_sign_in(work: Work, message: NoteSignIn) -> bool:
    """Keeps who has signed in; returns whether it is news that the user is this customer."""
    told = message.model_fields_set
    known = select(ACCOUNT.c.customer_id).where(ACCOUNT.c.user_id == message.user).with_for_update()
    before = (await work.connection.execute(known)).first()
    values = {
        "user_id": message.user,
        "user_number": user_number(message.user),
        "signed_in_at": work.now,
        **({"name": message.name} if "name" in told else {}),
        **({"assurance": message.assurance} if "assurance" in told else {}),
        **({"customer_id": message.own_record} if "own_record" in told else {}),
    }
    added = insert(ACCOUNT).values(**values, first_seen_at=work.now)
    await work.connection.execute(added.on_conflict_do_update(index_elements=["user_id"], set_=values))
    return "own_record" in told and (before.customer_id if before else None) != message.own_record


async def add_account(work: Work, user: str) -> None:
    """Makes a user known who has not signed in yet."""
    values = {"user_id": user, "user_number": user_number(user), "first_seen_at": work.now}
    await work.connection.execute(insert(ACCOUNT).values(**values).on_conflict_do_nothing())


async def is_known(work: Work, user: str) -> bool:
    """Whether the user has signed in or was appointed."""
    known = exists().where(ACCOUNT.c.user_id == user)
    return bool(await work.connection.scalar(select(known)))


async def add_grant(work: Work, values: Mapping[str, Any], customers: Collection[UUID] | None) -> None:
    """Records a new right, and the customers that it names."""
    await work.connection.execute(
        insert(ACCESS_GRANT).values(version=1, named_only=customers is not None, given_at=work.now, **values)
    )
    if customers:
        named = [{"grant_id": values["grant_id"], "customer_id": each} for each in sorted(set(customers))]
        await work.connection.execute(insert(GRANT_CUSTOMER), named)


async def held(work: Work, user: str, organisation: str, role: str) -> Grant | None:
    """A right of that role in that organisation that the user holds from the acting one, if there is one, locked."""
    query = _grants().where(
        _GRANT.user_id == user,
        _GRANT.organisation == organisation,
        _GRANT.role == role,
        _GRANT.given_by_organisation == work.actor.organisation,
        _in_force_or_to_come(work.now),
    )
    row = (await work.connection.execute(query.limit(1).with_for_update(of=ACCESS_GRANT))).first()
    return row and _grant(row, await _customers(work, [row.grant_id]))


async def holds_any(work: Work, user: str) -> bool:
    """Whether the user holds a right, now or later, that the acting organisation sees."""
    seen = exists().where(_GRANT.user_id == user, _seen_by(work.actor.organisation), _in_force_or_to_come(work.now))
    return bool(await work.connection.scalar(select(seen)))


async def get_grant(work: Work, grant_id: UUID, *, lock: bool = False) -> Grant:
    """One right that the acting organisation answers for or its staff holds; raises NotFound."""
    query = _grants().where(_GRANT.grant_id == grant_id, _seen_by(work.actor.organisation))
    row = (await work.connection.execute(query.with_for_update(of=ACCESS_GRANT) if lock else query)).first()
    if row is None:
        raise NotFound("no such right")
    return _grant(row, await _customers(work, [grant_id]))


async def find_grant(work: Work, grant_id: UUID | None) -> Grant | None:
    """One right, whoever answers for it."""
    row = (await work.connection.execute(_grants().where(_GRANT.grant_id == grant_id))).first()
    return row and _grant(row, await _customers(work, [row.grant_id]))


async def list_grants(work: Work, message: ListGrants) -> tuple[tuple[Grant, ...], UUID | None]:
    """A page of the rights that the acting organisation may see, and the next page's cursor."""
    query = _grants().where(_seen_by(work.actor.organisation))
    if not message.also_ended:
        query = query.where(_in_force_or_to_come(work.now))
    if message.user_number:
        query = query.where(ACCOUNT.c.user_number == message.user_number)
    if message.due_for_review:
        query = query.where(_GRANT.review_due_at <= work.now)
    if message.unused_for_days:
        since = work.now - timedelta(days=message.unused_for_days)
        query = query.where(func.coalesce(_GRANT.last_used_at, _GRANT.starts_at) <= since)
    if message.ending_within_days:
        query = query.where(_GRANT.ends_at <= work.now + timedelta(days=message.ending_within_days))
    if message.cursor:
        query = query.where(_GRANT.grant_id > message.cursor)
    rows = (await work.connection.execute(query.order_by(_GRANT.grant_id).limit(message.limit + 1))).all()
    page = rows[: message.limit]
    customers = await _customers(work, [each.grant_id for each in page])
    more = page[-1].grant_id if len(rows) > message.limit else None
    return tuple(_grant(each, customers) for each in page), more


async def list_users(work: Work, message: ListUsers) -> tuple[tuple[User, ...], UUID | None]:
    """A page of those with rights that the acting organisation may see, and the next page's cursor."""
    in_force = func.count().filter(_in_force_or_to_come(work.now), _GRANT.starts_at <= work.now)
    columns = (ACCOUNT.c.user_id, ACCOUNT.c.user_number, ACCOUNT.c.name, ACCOUNT.c.signed_in_at)
    query = (
        select(*columns, in_force.label("in_force"))
        .join(ACCESS_GRANT, _GRANT.user_id == ACCOUNT.c.user_id)
        .where(_seen_by(work.actor.organisation))
        .group_by(*columns)
        .order_by(ACCOUNT.c.user_number)
        .limit(message.limit + 1)
    )
    if message.cursor:
        query = query.where(ACCOUNT.c.user_number > message.cursor)
    rows = (await work.connection.execute(query)).all()
    page = rows[: message.limit]
    users = (
        User(
            user=each.user_id,
            user_number=each.user_number,
            name=each.name,
            signed_in_at=each.signed_in_at,
            grants_in_force=each.in_force,
        )
        for each in page
    )
    return tuple(users), page[-1].user_number if len(rows) > message.limit else None


async def change_grant(work: Work, grant: Grant, **values: Any) -> int:
    """Changes a right and returns its new version."""
    changed = (
        update(ACCESS_GRANT)
        .where(_GRANT.grant_id == grant.grant_id)
        .values(version=_GRANT.version + 1, **values)
        .returning(_GRANT.version)
    )
    version: int = (await work.connection.execute(changed)).scalar_one()
    return version


async def end_grants(work: Work, which: ColumnElement[bool], reason: str, by: str) -> set[str]:
    """Ends the standing rights of a condition, and those of their deputies; returns whose they were."""
    users: set[str] = set()
    while True:
        ended = (
            update(ACCESS_GRANT)
            .where(_GRANT.ended_at.is_(None), which)
            .values(version=_GRANT.version + 1, ended_at=work.now, ended_by=by, end_reason=reason)
            .returning(_GRANT.grant_id, _GRANT.user_id)
        )
        rows = (await work.connection.execute(ended)).all()
        users |= {each.user_id for each in rows}
        if not rows:
            return users
        which = and_(_GRANT.ground == "deputy", _GRANT.ground_id.in_([each.grant_id for each in rows]))
        reason = "ground_over"


async def shorten_deputies(work: Work, grant_id: UUID, ends_at: datetime) -> set[str]:
    """Lets no deputy of a right last longer than it does; returns whose rights became shorter."""
    shortened = (
        update(ACCESS_GRANT)
        .where(
            _GRANT.ground == "deputy",
            _GRANT.ground_id == grant_id,
            _in_force_or_to_come(work.now),
            _GRANT.ends_at > ends_at,
        )
        .values(version=_GRANT.version + 1, ends_at=ends_at)
        .returning(_GRANT.user_id)
    )
    return set(await work.connection.scalars(shortened))


async def end_customer(work: Work, customer_id: UUID, municipality: str) -> set[str]:
    """Takes a customer out of the municipality's rights that name customers, and ends those that name none any more.

    Returns whose they were.
    """
    named = GRANT_CUSTOMER.c
    concerned = select(_GRANT.grant_id).where(_answered_for_by(municipality), _GRANT.ended_at.is_(None))
    taken = (
        update(GRANT_CUSTOMER)
        .where(named.customer_id == customer_id, named.ended_at.is_(None), named.grant_id.in_(concerned))
        .values(ended_at=work.now)
        .returning(named.grant_id)
    )
    grants = list(await work.connection.scalars(taken))
    users = set(await work.connection.scalars(select(_GRANT.user_id).where(_GRANT.grant_id.in_(grants))))
    left = exists().where(named.grant_id == _GRANT.grant_id, named.ended_at.is_(None))
    return users | await end_grants(work, and_(_GRANT.grant_id.in_(grants), ~left), "ground_over", "access")


async def most_withheld(work: Work, users: Collection[str]) -> int:
    """How many customers, beside the own record, are withheld from that one of these users who has the most."""
    pairs = _withheld_from(users, work.now)
    counts = select(func.count()).group_by(pairs.c.user_id).order_by(func.count().desc())
    return int(await work.connection.scalar(counts.select_from(pairs).limit(1)) or 0)


async def in_turn(work: Work, what: str) -> None:
    """Waits until no other transaction does this, and keeps the others waiting: what is counted stays true."""
    await work.connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))


async def holders(work: Work, municipality: str) -> set[str]:
    """Who holds a right to the municipality's customers."""
    return set(
        await work.connection.scalars(
            select(_GRANT.user_id).where(_answered_for_by(municipality), _in_force_or_to_come(work.now))
        )
    )


async def staff_of_provider(work: Work, provider: str) -> set[str]:
    """Who of the provider's staff holds a right to the acting municipality's customers."""
    theirs = and_(_GRANT.organisation == provider, _GRANT.municipality == work.actor.organisation)
    return set(await work.connection.scalars(select(_GRANT.user_id).where(theirs, _in_force_or_to_come(work.now))))


async def note_used(connection: AsyncConnection, used: Mapping[UUID, datetime]) -> None:
    """Notes when rights were used, from the usage log itself: a right noted within the day is left alone."""
    if not used:
        return
    noted = rows_of(column("grant_id", Uuid), column("used_at", Moment), name="used").data(list(used.items()))
    is_news = or_(_GRANT.last_used_at.is_(None), _GRANT.last_used_at < noted.c.used_at - _NOTED_EVERY)
    of_grant = _GRANT.grant_id == cast(noted.c.grant_id, Uuid)
    await connection.execute(update(ACCESS_GRANT).where(of_grant, is_news).values(last_used_at=noted.c.used_at))


async def _customers(work: Work, grants: Iterable[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    named = GRANT_CUSTOMER.c
    found: dict[UUID, tuple[UUID, ...]] = defaultdict(tuple)
    query = select(named.grant_id, func.array_agg(named.customer_id).label("customers"))
    query = query.where(named.grant_id.in_(list(grants)), named.ended_at.is_(None)).group_by(named.grant_id)
    for row in await work.connection.execute(query):
        found[row.grant_id] = tuple(sorted(row.customers))
    return found


def _in_force_or_to_come(now: datetime) -> ColumnElement[bool]:
    """Whether a right is in force or to come: one past its end is not, though nobody has ended it yet."""
    return and_(_GRANT.ended_at.is_(None), or_(_GRANT.ends_at.is_(None), _GRANT.ends_at > now))


def _end(ends_at: datetime | None, contract_ends_on: date | None) -> datetime | None:
    """A right to take part in a municipality's matters ends with the contract, whether anybody has ended it or not."""
    ends = [ends_at] if ends_at else []
    return min([*ends, end_of_day(contract_ends_on)] if contract_ends_on else ends, default=None)


def _answered_for_by(organisation: str) -> ColumnElement[bool]:
    return _RESPONSIBLE.is_not_distinct_from(organisation)


def _seen_by(organisation: str) -> ColumnElement[bool]:
    return or_(_GRANT.organisation == organisation, _GRANT.municipality == organisation)


def _withheld_from(users: Collection[str], now: datetime) -> Subquery:
    """Each of these users with each customer withheld, from the user alone or from all who hold such a right."""
    withheld, released = WITHHELD_CUSTOMER.c, RELEASED_USER.c
    from_one = select(withheld.user_id, withheld.customer_id).where(
        withheld.user_id.in_(users), withheld.ended_at.is_(None)
    )
    is_released = exists().where(released.withheld_id == withheld.withheld_id, released.user_id == _GRANT.user_id)
    from_all = (
        select(_GRANT.user_id, withheld.customer_id)
        .join(WITHHELD_CUSTOMER, withheld.municipality == _RESPONSIBLE)
        .where(_GRANT.user_id.in_(users), _in_force_or_to_come(now))
        .where(withheld.user_id.is_(None), withheld.ended_at.is_(None), ~is_released)
    )
    return union(from_one, from_all).subquery()


def _grants() -> Select[Any]:
    return select(ACCESS_GRANT, ACCOUNT.c.user_number, ACCOUNT.c.name).outerjoin(
        ACCOUNT, ACCOUNT.c.user_id == _GRANT.user_id
    )


def _grant(row: Row[Any], customers: Mapping[UUID, tuple[UUID, ...]]) -> Grant:
    return Grant.model_validate(
        {
            **{field: row._mapping[field] for field in Grant.model_fields if field in row._mapping},
            "user": row.user_id,
            "user_number": row.user_number or user_number(row.user_id),
            "user_name": row.name,
            "customers": customers.get(row.grant_id, ()) if row.named_only else None,
            "ground": GrantGround(kind=row.ground, id=row.ground_id),
        }
    )
