"""Records that may be of one person, and records merged."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Uuid,
    and_,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from contracts.customer.people import Customer
from services.customer.matching import phone_number, sounds, words
from services.customer.repository.people import customer_of, record
from services.customer.repository.reach import REACHED_BY, execute, has_code, has_relationship, reached
from services.customer.rules.duplicates import Facts, days_like, is_day_unknown
from services.customer.tables.duplicates import CUSTOMER_MERGE, SUSPECTED_DUPLICATE
from services.customer.tables.people import CUSTOMER, CUSTOMER_NAME, NAME_WORD
from services.kit.rights import MUNICIPALITY, Reach, named
from services.kit.work import Work

_MOST_LOOKED_AT = 100
"""Of those who share a name and a day, so many are compared, those first who share most."""
_OWN = Reach(related=True, former=False, named_only=False, emergency=False, withheld=False)
"""The customers of a municipality, whoever looks."""


async def candidates(work: Work, facts: Facts, municipality: str | None = None) -> list[Customer]:
    """The customers who have enough in common with these facts to be compared; those whom the asker reaches.

    `municipality`: all of its customers instead, for the work list, which is nobody's alone.
    """
    reach = _OWN if municipality else work.rights.reach(REACHED_BY)
    found = record().where(
        CUSTOMER.c.customer_id.in_(_alike(work, facts)),
        CUSTOMER.c.merged_into.is_(None),
        reached(CUSTOMER.c.customer_id, reach),
    )
    of = {MUNICIPALITY.key: municipality} if municipality else {}
    return [customer_of(work, row) for row in await execute(work, found, **of)]


async def wait_for_others(work: Work, municipality: str, day: date) -> None:
    """Lets those who record somebody born on the day come one after the other: each sees who came before."""
    number = hashlib.sha256(f"{municipality} {day}".encode()).digest()[:8]
    await work.connection.execute(
        select(func.pg_advisory_xact_lock(cast(int.from_bytes(number, signed=True), BigInteger)))
    )


async def keep_pairs(work: Work, municipality: str, customer_id: UUID, scores: Mapping[UUID, int]) -> None:
    """Makes these the suspected pairs of a customer: others that nobody has decided go.

    A pair found not to be the same person comes back when it fits better than it did then.
    """
    table = SUSPECTED_DUPLICATE.c
    pairs = {_pair(customer_id, other): score for other, score in scores.items()}
    gone = delete(SUSPECTED_DUPLICATE).where(
        table.municipality == municipality,
        table.customer_ids.contains(_ids([customer_id])),
        table.decision.is_(None),
        *(table.customer_ids != _ids(pair) for pair in pairs),
    )
    await work.connection.execute(gone)
    if not pairs:
        return
    new = insert(SUSPECTED_DUPLICATE)
    anew = and_(table.decision == "not_same_person", new.excluded.score > table.score)
    kept = new.on_conflict_do_update(
        index_elements=[table.municipality, table.customer_ids],
        set_={"score": new.excluded.score, "decision": None},
        where=or_(table.decision.is_(None), anew),
    )
    await work.connection.execute(
        kept,
        [
            {
                "pair_id": uuid7(),
                "municipality": municipality,
                "customer_ids": pair,
                "score": score,
                "found_at": work.now,
            }
            for pair, score in sorted(pairs.items())
        ],
    )


async def decide(work: Work, one: UUID, other: UUID, decision: str, why: str | None, score: int | None = None) -> None:
    """Settles a pair of the municipality's customers, whether it was suspected or not.

    `score`: how alike they are now, where the pair may have none or one from before it was settled the other way.
    """
    decided = {"decision": decision, "decided_at": work.now, "decided_by": work.actor.user, "why": why}
    decided |= {} if score is None else {"score": score}
    new = {"pair_id": uuid7(), "municipality": work.actor.municipality, "customer_ids": _pair(one, other)}
    await work.connection.execute(
        insert(SUSPECTED_DUPLICATE).on_conflict_do_update(
            index_elements=[SUSPECTED_DUPLICATE.c.municipality, SUSPECTED_DUPLICATE.c.customer_ids], set_=decided
        ),
        {"score": 0, "found_at": work.now} | new | decided,
    )


async def undecided(
    work: Work, cursor: str | None, limit: int
) -> tuple[list[tuple[UUID, Customer, Customer]], str | None]:
    """A page of the pairs that nobody has decided, the likeliest first, and the next page's cursor."""
    table, reach = SUSPECTED_DUPLICATE.c, work.rights.reach(REACHED_BY)
    query = _pairs(reach).where(table.decision.is_(None))
    if cursor:
        score, _, pair_id = cursor.partition(".")
        query = query.where(tuple_(table.score, table.pair_id) < (int(score), UUID(pair_id)))
    query = query.order_by(table.score.desc(), table.pair_id.desc()).limit(limit + 1)
    rows = (await execute(work, query)).all()
    page = rows[:limit]
    ids = {each for row in page for each in row.customer_ids}
    people = {
        row.customer_id: customer_of(work, row)
        for row in await execute(work, record().where(CUSTOMER.c.customer_id.in_(ids)))
    }
    more = f"{page[-1].score}.{page[-1].pair_id}" if len(rows) > limit else None
    return [(row.pair_id, people[row.customer_ids[0]], people[row.customer_ids[1]]) for row in page], more


async def pair(work: Work, pair_id: UUID, *, lock: bool) -> Row[Any] | None:
    """One suspected pair, if the asker reaches both; `lock`: nobody else decides it until the transaction ends."""
    found = _pairs(work.rights.reach(REACHED_BY)).where(SUSPECTED_DUPLICATE.c.pair_id == pair_id)
    if lock:
        found = found.with_for_update(of=SUSPECTED_DUPLICATE)
    return (await execute(work, found)).one_or_none()


async def merge(work: Work, kept: UUID, duplicate: Customer, why: str) -> UUID:
    """Makes a record, and those merged into it, aliases of another."""
    merge_id = uuid7()
    await work.connection.execute(
        insert(CUSTOMER_MERGE),
        {
            "merge_id": merge_id,
            "customer_id": duplicate.customer_id,
            "merged_into": kept,
            "customer_ids": [kept, duplicate.customer_id],
            "municipality": work.actor.municipality,
            "merged_at": work.now,
            "merged_by": work.actor.user,
            "why": why,
        },
    )
    await _become(work, {duplicate.customer_id, *duplicate.merged}, kept)
    return merge_id


async def standing_merge(work: Work, merge_id: UUID) -> Row[Any] | None:
    """One of the municipality's merges, undone or not. Whether the asker reaches both is for the caller to know."""
    found = select(CUSTOMER_MERGE).where(
        CUSTOMER_MERGE.c.merge_id == merge_id, CUSTOMER_MERGE.c.municipality == MUNICIPALITY
    )
    return (await execute(work, found)).one_or_none()


async def undo(work: Work, row: Row[Any], why: str) -> frozenset[UUID]:
    """Takes an alias away; returns the ids that are aliases of the record now standing by itself again."""
    merge_id, parted = row.merge_id, row.customer_id
    await work.connection.execute(
        update(CUSTOMER_MERGE)
        .where(CUSTOMER_MERGE.c.merge_id == merge_id)
        .values(undone_at=work.now, undone_by=work.actor.user, undone_why=why)
    )
    tree = (
        select(CUSTOMER_MERGE.c.customer_id)
        .where(CUSTOMER_MERGE.c.merged_into == parted, CUSTOMER_MERGE.c.undone_at.is_(None))
        .cte("tree", recursive=True)
    )
    below = select(CUSTOMER_MERGE.c.customer_id).where(
        CUSTOMER_MERGE.c.merged_into == tree.c.customer_id, CUSTOMER_MERGE.c.undone_at.is_(None)
    )
    aliases = frozenset((await work.connection.execute(select(tree.union(below).c.customer_id))).scalars())
    await _become(work, {parted}, None)
    await _become(work, aliases, parted)
    return aliases


async def _become(work: Work, customer_ids: Collection[UUID], merged_into: UUID | None) -> None:
    await work.connection.execute(
        update(CUSTOMER).where(CUSTOMER.c.customer_id.in_(customer_ids)).values(merged_into=merged_into)
    )


def _alike(work: Work, facts: Facts) -> Select[tuple[UUID]]:
    """Those who share a word of the name and a day like this one; the phone number; or the identity code."""
    known = CUSTOMER.alias("known")
    asked = words(f"{facts.name.family} {facts.name.given}")
    skeletons = {sound for word in asked for sound in sounds(word) if len(sound) > 1}
    spelled = select(NAME_WORD.c.word).where(or_(NAME_WORD.c.word.in_(asked), NAME_WORD.c.skeleton.in_(skeletons)))
    day = facts.date_of_birth
    days: ColumnElement[bool] = known.c.date_of_birth.in_({*days_like(day), day.replace(month=1, day=1)})
    if is_day_unknown(day):
        days = or_(days, known.c.date_of_birth.between(day, day.replace(month=12, day=31)))
    by_name = (
        select(known.c.customer_id)
        .join(CUSTOMER_NAME, CUSTOMER_NAME.c.customer_id == known.c.customer_id)
        .where(days, CUSTOMER_NAME.c.municipality == MUNICIPALITY, CUSTOMER_NAME.c.word.in_(spelled))
        .group_by(known.c.customer_id)
        .order_by(func.count().desc(), known.c.customer_id)
        .limit(_MOST_LOOKED_AT)
        .subquery()
    )
    ways = [select(by_name.c.customer_id)]
    if facts.phone:
        number = known.c.phone_number == phone_number(facts.phone)
        ways.append(
            select(known.c.customer_id).where(number, has_relationship(known.c.customer_id)).limit(_MOST_LOOKED_AT)
        )
    if facts.personal_identity_code:
        ways.append(select(known.c.customer_id).where(has_code(work, facts.personal_identity_code, known)))
    found = union(*ways).subquery()
    return select(found.c.customer_id)


def _pairs(reach: Reach) -> Select[Any]:
    """The municipality's pairs, both of whom the asker reaches, and neither is merged into another record."""
    table = SUSPECTED_DUPLICATE.c
    query = select(table.pair_id, table.customer_ids, table.score, table.decision)
    for number in (1, 2):
        one = CUSTOMER.alias(f"customer_{number}")
        query = query.join(one, one.c.customer_id == table.customer_ids[number]).where(
            one.c.merged_into.is_(None), reached(one.c.customer_id, reach)
        )
    if reach.named_only:
        query = query.where(table.customer_ids[1].in_(named(CUSTOMER)))
    return query.where(table.municipality == MUNICIPALITY)


def _pair(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one < other else (other, one)


def _ids(customer_ids: Sequence[UUID]) -> Any:
    return literal(list(customer_ids), ARRAY(Uuid))
