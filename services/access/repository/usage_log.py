"""The SQL of the usage log."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Row,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    delete,
    func,
    not_,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.access.chain import HASHED, Numbers
from services.access.law import kept_since
from services.access.repository.merges import ids_of
from services.access.tables.rights import ORGANISATION
from services.access.tables.usage_log import USAGE_CHAIN, USAGE_LINE, USAGE_MISSING, USAGE_SENDER
from services.kit.work import Work

PAGE = 5000
"""Lines that are read at once when the chain is walked."""
MADE_AHEAD = timedelta(days=7)
_LINE = USAGE_LINE.c


@dataclass(frozen=True)
class End:
    """The end of the chain."""

    position: int
    hash: bytes


# ---------------------------------------------------------------- keeping


async def lock_chain(connection: AsyncConnection) -> End:
    """The end of the chain; until the transaction ends nobody else adds to it."""
    row = (await connection.execute(_LOCK_CHAIN)).one()
    return End(row.position, row.hash)


async def numbers_on(connection: AsyncConnection, lines: Collection[UUID]) -> dict[UUID, Numbers]:
    """What has come on each of these lines; call it under the chain's lock."""
    found = {line: Numbers() for line in lines}
    asked = {"lines": list(lines)}
    for row in await connection.execute(_LAST_NUMBERS, asked):
        found[row.line].last = row.last
    for row in await connection.execute(_MISSING_NUMBERS, asked):
        found[row.line].missing.add(row.number)
    return found


async def facts_kept(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """Which of these lines' facts the log holds."""
    asked = {name: [row[name] for row in rows] for name in ("user_id", "occurred_at", "fact_id")}
    return set((await connection.execute(_FACTS_KEPT, asked)).scalars())


async def add(
    connection: AsyncConnection,
    rows: Sequence[Mapping[str, Any]],
    end: End,
    numbers: Mapping[UUID, Numbers],
    missing_before: set[tuple[UUID, int]],
    senders: Mapping[UUID, str],
    now: datetime,
) -> None:
    """Adds lines to the chain and moves its end; what of the senders' numbers is missing now is noted."""
    moments = {row["occurred_at"] for row in rows} | {now + MADE_AHEAD}
    for month in {moment.astimezone(UTC).replace(day=1).date() for moment in moments}:
        await connection.execute(_MAKE_MONTH, {"month": datetime(month.year, month.month, 1, tzinfo=UTC)})
    await connection.execute(_ADD_LINES, list(rows))
    await connection.execute(_MOVE_END, {"new_position": end.position, "new_hash": end.hash})
    told = [{"line": line, "sender": senders[line], "last": each.last} for line, each in numbers.items()]
    await connection.execute(_NOTE_LAST, told)
    missing = missing_of(numbers)
    if skipped := missing - missing_before:
        await connection.execute(
            insert(USAGE_MISSING), [{"line": line, "number": number, "noticed_at": now} for line, number in skipped]
        )
    if come := missing_before - missing:
        await connection.execute(
            delete(USAGE_MISSING).where(tuple_(USAGE_MISSING.c.line, USAGE_MISSING.c.number).in_(come))
        )


def missing_of(numbers: Mapping[UUID, Numbers]) -> set[tuple[UUID, int]]:
    """The numbers that have not come, each with its line."""
    return {(line, number) for line, each in numbers.items() for number in each.missing}


async def count_missing(connection: AsyncConnection, noticed_before: datetime) -> int:
    """How many numbers have not come since that moment."""
    found = select(func.count()).select_from(USAGE_MISSING).where(USAGE_MISSING.c.noticed_at < noticed_before)
    return int((await connection.execute(found)).scalar_one())


async def expired(connection: AsyncConnection, before: datetime, most: int) -> int | None:
    """The last position, of at most so many, up to which every line is older than that moment; None when none is."""
    first = (await connection.execute(select(func.min(_LINE.position)))).scalar_one()
    kept = (await connection.execute(select(func.min(_LINE.position)).where(_LINE.occurred_at >= before))).scalar_one()
    if first is None or first == kept:
        return None
    last = (await connection.execute(select(USAGE_CHAIN.c.position))).scalar_one() if kept is None else kept - 1
    return int(min(last, first + most - 1))


async def remove(connection: AsyncConnection, through: int, before: datetime) -> int:
    """Removes the lines up to a position that are older than a moment, and returns how many they were."""
    removed = await connection.execute(_REMOVE, {"through": through, "before": before})
    return int(removed.scalar_one())


# ---------------------------------------------------------------- walking


async def end_of_chain(connection: AsyncConnection) -> tuple[End, int]:
    """The end of the chain as it is noted, and the last position that there is."""
    last = select(func.coalesce(func.max(_LINE.position), 0)).scalar_subquery()
    row = (await connection.execute(select(USAGE_CHAIN.c.position, USAGE_CHAIN.c.hash, last.label("last")))).one()
    return End(row.position, row.hash), row.last


async def walk(engine: AsyncEngine, after: int, through: int) -> AsyncIterator[Sequence[Row[Any]]]:
    """The lines between two positions in order, a page at a time, each read by itself: no transaction lasts."""
    for begin in range(after, through, PAGE):
        asked = {"after": begin, "through": min(begin + PAGE, through)}
        async with engine.connect() as connection:
            yield (await connection.execute(_WALK, asked)).all()


async def left_through(connection: AsyncConnection, position: int, before: datetime) -> tuple[int, int | None]:
    """How many lines there are up to a position, and the first of them that is not older than a moment."""
    kept = func.min(_LINE.position).filter(_LINE.occurred_at >= before)
    found = select(func.count(), kept).select_from(USAGE_LINE).where(_LINE.position <= position)
    count, first = (await connection.execute(found)).one()
    return count, first


# ---------------------------------------------------------------- asking


async def lines_of_customer(
    work: Work, customer_ids: Collection[UUID], cursor: str | None, limit: int
) -> list[Row[Any]]:
    """Lines about a customer by any of these ids that the actor may see, newest first."""
    return await _asked(work, "customer", {"customer_ids": list(customer_ids)}, cursor, limit)


async def lines_of_user(work: Work, user: str, cursor: str | None, limit: int) -> list[Row[Any]]:
    """Lines of a user that the actor may see, newest first."""
    return await _asked(work, "user", {"user": user}, cursor, limit)


async def searches(work: Work, words: Collection[int], cursor: str | None, limit: int) -> list[Row[Any]]:
    """Lines that tell of somebody being looked up by all these words, that the actor may see, newest first."""
    return await _asked(work, "words", {"asked_words": list(words)}, cursor, limit)


async def lines_of_own_record(
    work: Work, customer_ids: Collection[UUID], held_back: Mapping[str, datetime], cursor: str | None, limit: int
) -> list[Row[Any]]:
    """What others did with the data of the customer who has these ids; acts held back only up to their moment."""
    held = [or_(_LINE.act != act, _LINE.occurred_at < since) for act, since in held_back.items()]
    query = _page(and_(_QUESTIONS["own"], *held), further=cursor is not None)
    values = {"customer_ids": list(customer_ids)} | _place(work, cursor, limit)
    return list((await work.connection.execute(query, values)).all())


async def organisation_names(work: Work, codes: Collection[str]) -> dict[str, Row[Any]]:
    """The names of organisations, by their codes."""
    known = (ORGANISATION.c[name] for name in ("code", "name_fi", "name_sv", "name_en"))
    named = select(*known).where(ORGANISATION.c.code.in_(codes))
    return {row.code: row for row in (await work.connection.execute(named)).all()}


async def _asked(work: Work, question: str, asked: dict[str, Any], cursor: str | None, limit: int) -> list[Row[Any]]:
    values = asked | _place(work, cursor, limit) | {"own": work.actor.organisation}
    values["withheld"] = list(await ids_of(work, work.actor.withheld))
    return list((await work.connection.execute(_asking(question, cursor is not None), values)).all())


def cursor_of(row: Row[Any]) -> str:
    """Where the page after this line begins."""
    return f"{(row.occurred_at - _EPOCH) // timedelta(microseconds=1)}.{row.position}"


def _place(work: Work, cursor: str | None, limit: int) -> dict[str, Any]:
    """Where in the log a page lies: the months, newest first, and the line that it comes after."""
    # a sender's clock may be ahead of ours
    months = list(_months(work.now + MADE_AHEAD, kept_since(work.now) - timedelta(days=31)))
    place: dict[str, Any] = {"most": limit + 1, "begins": months[1:], "ends": months[:-1]}
    if cursor is not None:
        moment, _, position = cursor.partition(".")
        at = _EPOCH + timedelta(microseconds=int(moment))
        place |= {"at": at, "position": int(position)}
    return place


def _months(newest: datetime, oldest: datetime) -> Iterator[datetime]:
    """The beginnings of the months in UTC, from the one after the newest moment's back to the oldest's."""
    month = newest.astimezone(UTC).year * 12 + newest.astimezone(UTC).month
    while True:
        begins = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
        yield begins
        if begins <= oldest:
            return
        month -= 1


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CUSTOMERS = bindparam("customer_ids", type_=ARRAY(Uuid))
_VISIBLE = and_(
    or_(_LINE.organisation == bindparam("own", type_=Text), _LINE.granted_by == bindparam("own", type_=Text)),
    not_(_LINE.customers.overlap(bindparam("withheld", type_=ARRAY(Uuid)))),
)
_QUESTIONS: dict[str, ColumnElement[bool]] = {
    "customer": and_(_LINE.customers.overlap(_CUSTOMERS), _VISIBLE),
    "user": and_(_LINE.user_id == bindparam("user", type_=Text), _VISIBLE),
    # views carry the words of names too, but nothing that somebody asked
    "words": and_(
        _LINE.words.contains(bindparam("asked_words", type_=ARRAY(BigInteger))),
        _LINE.sealed.is_not(None),
        _LINE.act != "view",
        _VISIBLE,
    ),
    "own": and_(_LINE.customers.overlap(_CUSTOMERS), _LINE.outcome == "done", _LINE.role != "customer"),
}


def _page(question: ColumnElement[bool], *, further: bool) -> Select[Any]:
    """Lines that answer a question, newest first: month by month, and no further back than the page needs.

    Taken all at once, a common name's lines of five years would be read and sorted for each page.
    """
    moment = DateTime(timezone=True)
    begins, ends = (bindparam(name, type_=ARRAY(moment)) for name in ("begins", "ends"))
    months = (
        func.unnest(begins, ends)
        .table_valued(column("begins", moment), column("ends", moment), name="month")
        .render_derived()
    )
    columns = [each for each in _LINE if each.name not in ("hash", "words", "fact_id", "line", "number")]
    query = select(*columns).where(question, _LINE.occurred_at >= months.c.begins, _LINE.occurred_at < months.c.ends)
    if further:
        at, position = bindparam("at", type_=moment), bindparam("position", type_=BigInteger)
        query = query.where(_LINE.occurred_at <= at, or_(_LINE.occurred_at < at, _LINE.position < position))
    most = bindparam("most", type_=BigInteger)
    of_month = query.order_by(_LINE.occurred_at.desc(), _LINE.position.desc()).limit(most).lateral("of_month")
    # a lateral join takes the months in their order, and stops at the limit
    return select(of_month).select_from(months.join(of_month, true())).limit(most)


# Statements are built once: building one takes SQLAlchemy longer than running it takes PostgreSQL.
@cache
def _asking(question: str, further: bool) -> Select[Any]:
    return _page(_QUESTIONS[question], further=further)


def _any(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column == func.any(bindparam(name, type_=ARRAY(column.type)))


_LOCK_CHAIN = select(USAGE_CHAIN.c.position, USAGE_CHAIN.c.hash).with_for_update()
_LAST_NUMBERS = select(USAGE_SENDER.c.line, USAGE_SENDER.c.last).where(_any(USAGE_SENDER.c.line, "lines"))
_MISSING_NUMBERS = select(USAGE_MISSING.c.line, USAGE_MISSING.c.number).where(_any(USAGE_MISSING.c.line, "lines"))
_FACTS_KEPT = select(_LINE.fact_id).where(
    _any(_LINE.user_id, "user_id"), _any(_LINE.occurred_at, "occurred_at"), _any(_LINE.fact_id, "fact_id")
)
_MAKE_MONTH = text("SELECT make_usage_month(:month)").bindparams(bindparam("month", type_=DateTime(timezone=True)))
_ADD_LINES = insert(USAGE_LINE)
_MOVE_END = update(USAGE_CHAIN).values(position=bindparam("new_position"), hash=bindparam("new_hash"))
_NOTE_LAST = insert(USAGE_SENDER).on_conflict_do_update(
    index_elements=["line"], set_={"last": insert(USAGE_SENDER).excluded.last}
)
_REMOVE = text("SELECT remove_usage_lines(:through, :before)").bindparams(
    bindparam("through", type_=BigInteger), bindparam("before", type_=DateTime(timezone=True))
)
_WALK = (
    select(*(_LINE[name] for name in (*HASHED, "hash")))
    .where(
        _LINE.position > bindparam("after", type_=BigInteger), _LINE.position <= bindparam("through", type_=BigInteger)
    )
    .order_by(_LINE.position)
)
