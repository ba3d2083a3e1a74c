"""The SQL of anomalies."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Uuid, and_, delete, func, literal, not_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from contracts.access.anomalies import FindAnomalies
from services.access.anomalies import Finding
from services.access.tables.anomalies import (
    ANOMALY,
    ANOMALY_SCAN,
    ENDED_RELATIONSHIP,
    USAGE_DAY,
    WATCHED_CUSTOMER,
)
from services.access.tables.rights import ACCOUNT
from services.access.tables.usage_log import USAGE_LINE
from services.kit.clock import HELSINKI
from services.kit.errors import NotFound
from services.kit.work import Work

_LINE = USAGE_LINE.c
RESPONSIBLE = func.coalesce(_LINE.granted_by, _LINE.organisation)
"""Who looks into it: the organisation of the user, or the one that granted the right."""


async def lock_scan(work: Work) -> int:
    """The position up to which the log was looked at; until the transaction ends nobody else looks."""
    position: int = (await work.connection.execute(select(ANOMALY_SCAN.c.position).with_for_update())).scalar_one()
    return position


async def move_scan(work: Work, position: int) -> None:
    """Notes up to where the log was looked at."""
    await work.connection.execute(update(ANOMALY_SCAN).values(position=position))


async def days_after(work: Work, position: int, most: int) -> tuple[set[tuple[str, str, str, date]], int]:
    """Who did something on which day (user, organisation, role, day) in the lines after a position, and the last."""
    rows = await work.connection.execute(
        select(_LINE.position, _LINE.user_id, RESPONSIBLE.label("organisation"), _LINE.role, _LINE.occurred_at)
        .where(_LINE.position > position)
        .order_by(_LINE.position)
        .limit(most)
    )
    days, last = set(), position
    for row in rows:
        days.add((row.user_id, row.organisation, row.role, row.occurred_at.astimezone(HELSINKI).date()))
        last = row.position
    return days, last


async def uses_of_day(work: Work, user: str, organisation: str, day: date) -> list[Row[Any]]:
    """What a user did for an organisation on a day in Helsinki."""
    begins, ends = (datetime.combine(each, time.min, HELSINKI).astimezone(UTC) for each in (day, day + timedelta(1)))
    query = select(_LINE.occurred_at, _LINE.act, _LINE.outcome, _LINE.customers, _LINE.found, _LINE.words).where(
        _LINE.user_id == user,
        _LINE.occurred_at >= begins,
        _LINE.occurred_at < ends,
        RESPONSIBLE == organisation,  # noqa: SIM300
    )
    return list(await work.connection.execute(query))


async def watched_among(work: Work, organisation: str, customers: Collection[UUID]) -> frozenset[UUID]:
    """Which of these customers the organisation has watched."""
    of = WATCHED_CUSTOMER.c
    query = select(of.customer_id).where(of.municipality == organisation, of.customer_id.in_(customers))
    return frozenset((await work.connection.execute(query)).scalars())


async def ended_among(work: Work, organisation: str, customers: Collection[UUID]) -> Mapping[UUID, datetime]:
    """When the organisation's relationships with these customers ended, where they did."""
    of = ENDED_RELATIONSHIP.c
    query = select(of.customer_id, of.ended_at).where(of.municipality == organisation, of.customer_id.in_(customers))
    return {row.customer_id: row.ended_at for row in await work.connection.execute(query)}


async def note_ended(work: Work, customer_id: UUID, municipality: str) -> None:
    """Notes that a relationship has ended."""
    row = insert(ENDED_RELATIONSHIP).values(customer_id=customer_id, municipality=municipality, ended_at=work.now)
    await work.connection.execute(
        row.on_conflict_do_update(
            index_elements=["customer_id", "municipality"], set_={"ended_at": row.excluded.ended_at}
        )
    )


async def name_of(work: Work, user: str) -> str:
    """The user's name, as far as it is known."""
    found = await work.connection.execute(select(ACCOUNT.c.name).where(ACCOUNT.c.user_id == user))
    return found.scalar_one_or_none() or ""


async def days_before(
    work: Work, user: str, organisation: str, role: str, day: date, days: int
) -> tuple[list[int], list[int]]:
    """How many customers the user, and others of the role, handled on active days before."""
    of = USAGE_DAY.c
    query = select(of.user_id, of.customers).where(
        of.organisation == organisation, of.role == role, of.day < day, of.day >= day - timedelta(days)
    )
    own: list[int] = []
    peers: list[int] = []
    for row in await work.connection.execute(query):
        (own if row.user_id == user else peers).append(row.customers)
    return own, peers


async def note_day(work: Work, user: str, organisation: str, role: str, day: date, customers: int) -> None:
    """Notes how many customers the user handled on the day, so far."""
    row = insert(USAGE_DAY).values(user_id=user, day=day, organisation=organisation, role=role, customers=customers)
    await work.connection.execute(
        row.on_conflict_do_update(index_elements=["user_id", "day", "organisation"], set_={"customers": customers})
    )


async def record(work: Work, user: str, organisation: str, day: date, finding: Finding) -> UUID | None:
    """Opens a case, or brings an open one up to date; its id when it is new."""
    values = {"observed": finding.observed, "usual": finding.usual, "customers": list(finding.customers)}
    row = insert(ANOMALY).values(
        anomaly_id=uuid7(),
        version=1,
        organisation=organisation,
        rule=finding.rule,
        user_id=user,
        day=day,
        detected_at=work.now,
        **values,
    )
    written = row.on_conflict_do_update(
        index_elements=["user_id", "day", "organisation", "rule"],
        set_=values | {"version": ANOMALY.c.version + 1},
        where=and_(ANOMALY.c.outcome.is_(None), ANOMALY.c.observed < finding.observed),
    ).returning(ANOMALY.c.anomaly_id, ANOMALY.c.version)
    found = (await work.connection.execute(written)).one_or_none()
    return found.anomaly_id if found and found.version == 1 else None


async def find(work: Work, message: FindAnomalies) -> Sequence[Row[Any]]:
    """A page of the cases that the actor may look into, newest first, and one more."""
    query = select(ANOMALY).where(_of_actor(work))
    if not message.also_closed:
        query = query.where(ANOMALY.c.outcome.is_(None))
    if message.cursor:
        moment, _, anomaly_id = message.cursor.partition(".")
        before = datetime.fromtimestamp(int(moment) / 1_000_000, UTC)
        query = query.where(tuple_(ANOMALY.c.detected_at, ANOMALY.c.anomaly_id) < (before, UUID(anomaly_id)))
    query = query.order_by(ANOMALY.c.detected_at.desc(), ANOMALY.c.anomaly_id.desc()).limit(message.limit + 1)
    return (await work.connection.execute(query)).all()


async def get(work: Work, anomaly_id: UUID, *, lock: bool = False) -> Row[Any]:
    """A case that the actor may look into; locked, nobody else changes it meanwhile. Raises NotFound."""
    query = select(ANOMALY).where(ANOMALY.c.anomaly_id == anomaly_id, _of_actor(work))
    found = (await work.connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if found is None:
        raise NotFound("no such case")
    return found


def _of_actor(work: Work) -> ColumnElement[bool]:
    """The organisation's cases but those about the own use, and about customers withheld from the actor."""
    withheld = literal(list(work.actor.withheld), ARRAY(Uuid))
    return and_(
        ANOMALY.c.organisation == work.actor.organisation,
        ANOMALY.c.user_id != work.actor.user,
        not_(ANOMALY.c.customers.bool_op("&&")(withheld)),
    )


async def close(work: Work, anomaly_id: UUID, outcome: str, why: str) -> None:
    """Records what came of looking into a case."""
    await work.connection.execute(
        update(ANOMALY)
        .where(ANOMALY.c.anomaly_id == anomaly_id)
        .values(outcome=outcome, why=why, closed_at=work.now, closed_by=work.actor.user, version=ANOMALY.c.version + 1)
    )


async def watch(work: Work, customer_id: UUID, watched: bool) -> None:
    """Has looks at a customer looked at by the acting organisation, or no longer."""
    of = {"customer_id": customer_id, "municipality": work.actor.organisation}
    if watched:
        await work.connection.execute(insert(WATCHED_CUSTOMER).values(**of, since=work.now).on_conflict_do_nothing())
    else:
        conditions = (WATCHED_CUSTOMER.c[name] == value for name, value in of.items())
        await work.connection.execute(delete(WATCHED_CUSTOMER).where(*conditions))
