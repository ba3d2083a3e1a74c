"""Looking for people."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Integer,
    Select,
    Subquery,
    and_,
    case,
    cast,
    delete,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert

from contracts.customer.people import Customer
from contracts.customer.search import CustomerHit, SearchCustomers
from contracts.types import PersonName
from services.customer.matching import phone_number, skeleton, words_on_record
from services.customer.repository.reach import (
    IS_OPEN,
    REACHED_BY,
    card,
    execute,
    found_first,
    had_code,
    has_code,
    has_relationship,
    has_relationship_elsewhere,
    is_withheld,
    kept_of,
)
from services.customer.rules.people import NAME
from services.customer.tables.people import CLIENT_RELATIONSHIP, CUSTOMER, CUSTOMER_HISTORY, CUSTOMER_NAME, NAME_WORD
from services.kit.rights import MUNICIPALITY, within
from services.kit.work import Work

_IS, _BEGINS, _SOUNDS, _FORMER = 1000, 900, 800, 50
"""How well a word fits that is the one asked for, begins or sounds like it; and what a former name costs."""

_ALIKE = text("SET LOCAL pg_trgm.similarity_threshold = 0.4")
"""From which share of common trigrams a word looks like another: a letter wrong in six. Below it, too much does."""

_LOCK_DICTIONARY = text("LOCK TABLE name_word IN SHARE ROW EXCLUSIVE MODE")
"""Who adds a name holds a weaker lock from before looking at the dictionary on: under this one no word of theirs is
removed. It is taken before a transaction adds words itself: two that do both would wait for each other."""

_AFTER_Z = "{"
"""The character that follows the letters: all words that begin with ab come before ab{."""


async def search(
    work: Work,
    message: SearchCustomers,
    words: tuple[str, ...],
) -> tuple[tuple[CustomerHit, ...], str | None]:
    """A page of those customers who match all that is asked for, the best and newest first, and the next page's cursor.

    A name matches when each of its words does: by being borne, or by beginning, sounding or looking like one borne.
    """
    if words:
        await work.connection.execute(_ALIKE)
    found = _bearers(words) if words else _everybody()
    query = select(
        CUSTOMER.c.customer_id,
        CUSTOMER.c.family_name,
        CUSTOMER.c.given_name,
        CUSTOMER.c.date_of_birth,
        found.c.score,
        found.c.former,
    ).join(found, and_(found.c.customer_id == CUSTOMER.c.customer_id, CUSTOMER.c.merged_into.is_(None)))
    reach = work.rights.reach(REACHED_BY)
    if reach.named_only or reach.withheld:
        query = query.where(within(reach, CUSTOMER.c.customer_id, true(), true(), CUSTOMER))
    # also those of a record merged into the customer's; one by one, so that each uses its index
    record = CUSTOMER.alias("record")
    if message.date_of_birth:
        of_day = kept_of(record.c.date_of_birth == message.date_of_birth, of=record)
        query = query.where(CUSTOMER.c.customer_id == found_first(of_day))
    if message.phone:
        of_number = kept_of(record.c.phone_number == phone_number(message.phone), of=record)
        query = query.where(CUSTOMER.c.customer_id == found_first(of_number))
        if not work.rights.allows("protected_contact", work.rights.related):
            query = query.where(not_(CUSTOMER.c.safety_non_disclosure), not_(CUSTOMER.c.household_non_disclosure))
    if code := message.personal_identity_code:
        has, had = (
            CUSTOMER.c.customer_id == found_first(kept_of(condition(work, code, record), of=record))
            for condition in (has_code, had_code)
        )
        query = query.add_columns(not_(has).label("former_code")).where(or_(has, had))
    if message.cursor:
        score, _, customer_id = message.cursor.partition(".")
        query = query.where(tuple_(found.c.score, CUSTOMER.c.customer_id) < (int(score), UUID(customer_id)))
    query = query.order_by(found.c.score.desc(), CUSTOMER.c.customer_id.desc()).limit(message.limit + 1)
    rows = (await execute(work, query)).all()
    page = rows[: message.limit]
    more = f"{page[-1].score}.{page[-1].customer_id}" if len(rows) > message.limit else None
    hits = (
        CustomerHit(**card(row), matched_former_name=row.former, matched_former_code=bool(code) and row.former_code)
        for row in page
    )
    return tuple(hits), more


async def find_elsewhere(work: Work, code: str) -> UUID | None:
    """Who has the code, or had it, and can't be opened here: another municipality's customer, now or before; or one
    withheld. Who has it now comes first."""
    await work.beyond_the_border("a whole identity code tells whether it is known elsewhere")
    here, ever_here = (has_relationship(CUSTOMER.c.customer_id, also_ended=ended) for ended in (False, True))
    coded = CUSTOMER.alias("coded")
    known = select(CUSTOMER.c.customer_id).where(
        CUSTOMER.c.customer_id.in_(kept_of(or_(has_code(work, code, coded), had_code(work, code, coded)), of=coded)),
        or_(
            and_(has_relationship_elsewhere(CUSTOMER.c.customer_id), not_(here)),
            not_(ever_here),
            is_withheld(work, CUSTOMER.c.customer_id),
        ),
    )
    return (await execute(work, known.order_by(not_(has_code(work, code))).limit(1))).scalar_one_or_none()


async def record_names(work: Work, customer: Customer) -> None:
    """Makes the customer findable by the present and former names, and those of records merged into the customer's,
    wherever a relationship is open.
    """
    former: list[PersonName] = []
    unused: Collection[str] = ()
    if customer.version > 1:
        unused = await forget_names(work, customer.customer_id)
        history = CUSTOMER_HISTORY.c
        ids = (customer.customer_id, *customer.merged)
        previous = select(history.previous).where(
            history.customer_id.in_(ids), history.field == NAME, history.previous.is_not(None)
        )
        former = [PersonName.model_validate(row.previous) for row in await work.connection.execute(previous)]
        merged = select(CUSTOMER.c.family_name.label("family"), CUSTOMER.c.given_name.label("given")).where(
            CUSTOMER.c.customer_id.in_(customer.merged)
        )
        former += [
            PersonName.model_validate(row, from_attributes=True) for row in await work.connection.execute(merged)
        ]
    recorded = words_on_record(customer.person.name, former)
    bearing = [
        {"word": word, "municipality": each.municipality, "customer_id": customer.customer_id, "former": only_former}
        for each in customer.relationships
        if not each.ended_on
        for word, only_former in recorded.items()
    ]
    if bearing:
        # in one order everywhere: two that add the same words crosswise would deadlock
        words = [{"word": word, "skeleton": skeleton(word)} for word in sorted(recorded)]
        await work.connection.execute(insert(NAME_WORD).on_conflict_do_nothing(), words)
        await work.connection.execute(insert(CUSTOMER_NAME), bearing)
    await forget_unused_words(work, unused)


async def forget_names(work: Work, customer_id: UUID) -> Collection[str]:
    """Makes the customer unfindable by name and locks the dictionary: the words may be unused now."""
    await work.connection.execute(_LOCK_DICTIONARY)
    forgotten = delete(CUSTOMER_NAME).where(CUSTOMER_NAME.c.customer_id == customer_id).returning(CUSTOMER_NAME.c.word)
    return set((await work.connection.execute(forgotten)).scalars())


async def forget(work: Work, customer_id: UUID) -> None:
    """Makes a record unfindable by its own id: whose alias it is, is found by its names."""
    await forget_unused_words(work, await forget_names(work, customer_id))


async def forget_unused_words(work: Work, words: Collection[str]) -> None:
    """Removes those that `forget_names` told from the dictionary, unless somebody else bears them."""
    if not words:
        return
    borne = select(CUSTOMER_NAME.c.word).where(CUSTOMER_NAME.c.word == NAME_WORD.c.word).exists()
    await work.connection.execute(delete(NAME_WORD).where(NAME_WORD.c.word.in_(words), not_(borne)))


async def find_owner(work: Work, code: str) -> UUID | None:
    """Whose identity code it is, whoever's customer: for those who may know that alone."""
    await work.beyond_the_border("a person is asked for, whoever's customer that is")
    owner = kept_of(has_code(work, code))
    found: UUID | None = await work.connection.scalar(owner)
    return found


def _bearers(words: Collection[str]) -> Subquery:
    """The own customers each of whose names fits one of the words, how well, and whether by a former name only."""
    fitting = union_all(*(_fitting(number, word) for number, word in enumerate(words))).cte("fitting")
    fits = (
        select(
            CUSTOMER_NAME.c.customer_id,
            func.max(fitting.c.score - case((CUSTOMER_NAME.c.former, _FORMER), else_=0)).label("score"),
            func.bool_and(CUSTOMER_NAME.c.former).label("former"),
        )
        .join(fitting, fitting.c.word == CUSTOMER_NAME.c.word)
        .where(CUSTOMER_NAME.c.municipality == MUNICIPALITY)
        .group_by(CUSTOMER_NAME.c.customer_id, fitting.c.number)
        .subquery()
    )
    return (
        select(
            fits.c.customer_id,
            cast(func.sum(fits.c.score), Integer).label("score"),
            func.bool_or(fits.c.former).label("former"),
        )
        .group_by(fits.c.customer_id)
        .having(func.count() == len(words))
        .subquery()
    )


def _fitting(number: int, word: str) -> Select[Any]:
    """The words of the dictionary that a word asked for may mean, and how well each fits it: at most 1000.

    A short word means itself alone: much too much begins, sounds or looks like it.
    """
    known, sound = NAME_WORD.c.word, skeleton(word)
    begins = and_(known >= word, known < f"{word}{_AFTER_Z}")
    fits = [known == word]
    if len(word) >= 3:
        fits.append(begins)
    if len(word) >= 4:
        fits.append(known.bool_op("%")(word))
    if len(sound) >= 3:
        fits.append(NAME_WORD.c.skeleton == sound)
    looks = cast(func.similarity(known, word) * _SOUNDS, Integer)
    score = case((known == word, _IS), (begins, _BEGINS), (NAME_WORD.c.skeleton == sound, _SOUNDS), else_=looks).label(
        "score"
    )
    return select(literal(number).label("number"), known.label("word"), score).where(or_(*fits))


def _everybody() -> Subquery:
    """All own customers, each as good as the other."""
    relationship = CLIENT_RELATIONSHIP.c
    return (
        select(relationship.customer_id, literal(0).label("score"), false().label("former"))
        .where(relationship.municipality == MUNICIPALITY, IS_OPEN)
        .subquery()
    )
