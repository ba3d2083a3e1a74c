"""All SQL of the customer service.

Whoever asks sees the customers whom the policy lets him or her reach (services/kit/rights.py); the others do not exist.
That is a condition of each query, not a check after it.
"""

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    CursorResult,
    Integer,
    Row,
    Select,
    Subquery,
    Text,
    Uuid,
    and_,
    bindparam,
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
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from uuid_utils.compat import uuid7

from contracts.customer import (
    ClientRelationship,
    Customer,
    CustomerCard,
    CustomerHit,
    HistoryEntry,
    Person,
    SearchCustomers,
)
from contracts.envelope import FieldChange
from contracts.types import PersonName
from services.customer.matching import phone_number, skeleton, words_on_record
from services.customer.rules import IDENTITY_CODE, NAME, RELATIONSHIP, Difference
from services.customer.tables import CLIENT_RELATIONSHIP, CUSTOMER, CUSTOMER_HISTORY, CUSTOMER_NAME, NAME_WORD
from services.kit.errors import NotFound
from services.kit.rights import MUNICIPALITY, Reach, within
from services.kit.work import Work

REACHED_BY = "identity"
"""The data group without which a customer does not exist for the asker."""
_OPEN = CLIENT_RELATIONSHIP.c.ended_on.is_(None)
_IS, _BEGINS, _SOUNDS, _FORMER = 1000, 900, 800, 50
"""How well a word fits that is the one asked for, begins or sounds like it; and what a former name costs."""
_ALIKE = text("SET LOCAL pg_trgm.similarity_threshold = 0.4")
"""From which share of common trigrams a word looks like another: a letter wrong in six. Below it, too much does."""
_LOCK_DICTIONARY = text("LOCK TABLE name_word IN SHARE ROW EXCLUSIVE MODE")
"""Who adds a name holds a weaker lock from before looking at the dictionary on: under this one no word of theirs is
removed. It is taken before a transaction adds words itself: two that do both would wait for each other."""
_AFTER_Z = "{"
"""The character that follows the letters: all words that begin with ab come before ab{."""


@cache
def _customer(reach: Reach) -> Select[Any]:
    # Built once: building it takes SQLAlchemy longer than running it takes PostgreSQL.
    hidden = ("personal_identity_code_hash", "phone_number", "created_at")
    relationship = CLIENT_RELATIONSHIP.c
    one = func.jsonb_build_object(
        *(part for field in ClientRelationship.model_fields for part in (literal(field), relationship[field]))
    )
    all_of_them = (
        select(func.jsonb_agg(aggregate_order_by(one, relationship.id)))
        .where(relationship.customer_id == CUSTOMER.c.customer_id)
        .scalar_subquery()
    )
    return select(
        *(column for column in CUSTOMER.c if column.name not in hidden), all_of_them.label("relationships")
    ).where(CUSTOMER.c.customer_id == bindparam("customer_id"), _reached(CUSTOMER.c.customer_id, reach))


@cache
def _lock(reach: Reach) -> Select[Any]:
    return (
        select(CUSTOMER.c.customer_id)
        .where(CUSTOMER.c.customer_id == bindparam("customer_id"), _reached(CUSTOMER.c.customer_id, reach))
        .with_for_update()
    )


async def get(work: Work, customer_id: UUID, reach: Reach | None = None) -> Customer:
    """The customer with every municipality's relationships; NotFound when the asker does not reach any of that id.

    Forbidden, when the asker sees it in an emergency and the request does more. `reach`: what the request reaches,
    unless a rule of the domain says otherwise.
    """
    row = (await _execute(work, _customer(reach or work.rights.reach(REACHED_BY)), customer_id=customer_id)).first()
    if row is None:
        work.rights.refuse_in_emergency(customer_id, REACHED_BY)
        raise NotFound("no such customer")
    return Customer(
        customer_id=customer_id,
        version=row.version,
        person=_person(work, row),
        relationships=tuple(ClientRelationship.model_validate(each) for each in row.relationships or ()),
        # none: in an emergency another municipality's customer is seen, and its relationship is not
    )


async def lock(work: Work, customer_id: UUID, data: str = REACHED_BY) -> Customer:
    """`get`, and nobody else changes the customer until the transaction ends; `data`: what the act is about."""
    # A statement that waits for a lock sees the relationships as they were before it waited: so `get` looks again.
    reach = work.rights.reach(data)
    await _execute(work, _lock(reach), customer_id=customer_id)
    await work.beyond_the_border("a change tells the whole state, with every municipality's relationship")
    return await get(work, customer_id, reach)


async def find_by_identity_code(work: Work, code: str) -> Row[tuple[UUID, bool, bool, bool]] | None:
    """Who has the code (`customer_id`); a customer here, now or ever, or elsewhere (`open_here`, `ever_here` ...)?

    Until the transaction ends nobody else changes the customer found, and nobody else looks for the same code: two
    experts who record a new code at the same moment come one after the other.
    """
    # while keys are rotated, every process knows the key that another one hashes by, and so takes its lock too
    for code_hash in sorted(work.encryption.search_hashes(code)):
        lock_number = int.from_bytes(code_hash[:8], signed=True)
        await work.connection.execute(select(func.pg_advisory_xact_lock(cast(lock_number, BigInteger))))
    found = await _execute(
        work,
        select(
            CUSTOMER.c.customer_id,
            _has_relationship(CUSTOMER.c.customer_id).label("open_here"),
            _has_relationship(CUSTOMER.c.customer_id, also_ended=True).label("ever_here"),
            _has_relationship_elsewhere(CUSTOMER.c.customer_id).label("open_elsewhere"),
        )
        .where(_has_code(work, code))
        .with_for_update(),
    )
    return found.first()


async def get_history(
    work: Work, customer_id: UUID, fields: Collection[str], cursor: str | None, limit: int
) -> tuple[tuple[HistoryEntry, ...], str | None]:
    """A page of the changes of these fields, oldest first, and the next page's cursor.

    Of relationships only the municipality's own. Whether the asker reaches the customer is for the caller to know.
    """
    table = CUSTOMER_HISTORY.c
    query = select(CUSTOMER_HISTORY).where(
        table.customer_id == customer_id, table.field == func.any(literal(fields, ARRAY(Text))), _told_here()
    )
    if cursor:
        version, _, entry_id = cursor.partition(".")
        query = query.where(tuple_(table.version, table.id) > (int(version), UUID(entry_id)))
    rows = (await _execute(work, query.order_by(table.version, table.id).limit(limit + 1))).mappings().all()
    page = rows[:limit]
    more = f"{page[-1]['version']}.{page[-1]['id']}" if len(rows) > limit else None
    return tuple(HistoryEntry.model_validate(_decrypted(work, row)) for row in page), more


async def changes_beside(work: Work, customer_id: UUID, entries: Collection[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    """All changes of the versions that these changes are of, whether the asker may see them or not."""
    table = CUSTOMER_HISTORY.c
    versions = sorted({each.version for each in entries})
    same = select(CUSTOMER_HISTORY).where(
        table.customer_id == customer_id, table.version == func.any(literal(versions, ARRAY(Integer)))
    )
    rows = (await _execute(work, same)).mappings()
    return tuple(HistoryEntry.model_validate(_decrypted(work, row)) for row in rows)


async def changes_after(work: Work, customer_id: UUID, fields: Collection[str], version: int) -> list[FieldChange]:
    """Which of these fields were changed after a version, by whom and when."""
    rows = await _execute(
        work,
        select(*(CUSTOMER_HISTORY.c[field] for field in FieldChange.model_fields))
        .where(
            CUSTOMER_HISTORY.c.customer_id == customer_id,
            CUSTOMER_HISTORY.c.version > version,
            CUSTOMER_HISTORY.c.field == func.any(literal(fields, ARRAY(Text))),
            _told_here(),
        )
        .order_by(CUSTOMER_HISTORY.c.version, CUSTOMER_HISTORY.c.id),
    )
    return [FieldChange.model_validate(row) for row in rows.mappings()]


async def get_cards(work: Work, customer_ids: Iterable[UUID]) -> tuple[CustomerCard, ...]:
    """The cards of those whom the asker may see."""
    rows = await _execute(
        work,
        select(CUSTOMER.c.customer_id, CUSTOMER.c.family_name, CUSTOMER.c.given_name, CUSTOMER.c.date_of_birth).where(
            CUSTOMER.c.customer_id.in_(customer_ids),
            _reached(CUSTOMER.c.customer_id, work.rights.reach(REACHED_BY)),
        ),
    )
    return tuple(CustomerCard(**_card(row)) for row in rows)


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
    ).join(found, found.c.customer_id == CUSTOMER.c.customer_id)
    reach = work.rights.reach(REACHED_BY)
    if reach.named_only or reach.withheld:
        query = query.where(within(reach, CUSTOMER.c.customer_id, true(), true()))
    if message.date_of_birth:
        query = query.where(CUSTOMER.c.date_of_birth == message.date_of_birth)
    if message.phone:
        query = query.where(CUSTOMER.c.phone_number == phone_number(message.phone))
        if not work.rights.allows("protected_contact", work.rights.related):
            query = query.where(not_(CUSTOMER.c.safety_non_disclosure))
    if code := message.personal_identity_code:
        query = query.where(_has_code(work, code))
    if message.cursor:
        score, _, customer_id = message.cursor.partition(".")
        query = query.where(tuple_(found.c.score, CUSTOMER.c.customer_id) < (int(score), UUID(customer_id)))
    query = query.order_by(found.c.score.desc(), CUSTOMER.c.customer_id.desc()).limit(message.limit + 1)
    rows = (await _execute(work, query)).all()
    page = rows[: message.limit]
    more = f"{page[-1].score}.{page[-1].customer_id}" if len(rows) > message.limit else None
    return tuple(CustomerHit(**_card(row), matched_former_name=row.former) for row in page), more


async def find_elsewhere(work: Work, code: str) -> UUID | None:
    """Who has the code and can't be opened here: another municipality's customer, now or before; or one withheld."""
    await work.beyond_the_border("a whole identity code tells whether it is known elsewhere")
    here, ever_here = (_has_relationship(CUSTOMER.c.customer_id, also_ended=ended) for ended in (False, True))
    known = select(CUSTOMER.c.customer_id).where(
        _has_code(work, code),
        or_(
            and_(_has_relationship_elsewhere(CUSTOMER.c.customer_id), not_(here)),
            not_(ever_here),
            CUSTOMER.c.customer_id == func.any(literal(list(work.actor.withheld), ARRAY(Uuid))),
        ),
    )
    return (await _execute(work, known)).scalar_one_or_none()


async def record_names(work: Work, customer: Customer) -> None:
    """Makes the customer findable by the present and former names, wherever a relationship is open."""
    former: list[PersonName] = []
    unused: Collection[str] = ()
    if customer.version > 1:
        unused = await forget_names(work, customer.customer_id)
        history = CUSTOMER_HISTORY.c
        previous = select(history.previous).where(
            history.customer_id == customer.customer_id, history.field == NAME, history.previous.is_not(None)
        )
        former = [PersonName.model_validate(row.previous) for row in await work.connection.execute(previous)]
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


async def forget_unused_words(work: Work, words: Collection[str]) -> None:
    """Removes those that `forget_names` told from the dictionary, unless somebody else bears them."""
    if not words:
        return
    borne = select(CUSTOMER_NAME.c.word).where(CUSTOMER_NAME.c.word == NAME_WORD.c.word).exists()
    await work.connection.execute(delete(NAME_WORD).where(NAME_WORD.c.word.in_(words), not_(borne)))


async def add(work: Work, customer: Customer) -> None:
    """Writes a new customer; the relationships and the history are written on their own."""
    await work.connection.execute(insert(CUSTOMER), _columns(work, customer) | {"created_at": work.now})


async def change(work: Work, customer: Customer) -> None:
    """Writes the person and the version as they are now."""
    await work.connection.execute(
        update(CUSTOMER).where(CUSTOMER.c.customer_id == customer.customer_id).values(**_columns(work, customer))
    )


async def open_relationship(work: Work, customer_id: UUID, opened: ClientRelationship) -> None:
    """Writes a new relationship."""
    await work.connection.execute(
        insert(CLIENT_RELATIONSHIP), {"id": uuid7(), "customer_id": customer_id, **dict(opened)}
    )


async def end_relationship(work: Work, customer_id: UUID, ended: ClientRelationship) -> None:
    """Writes the end of the municipality's open relationship."""
    await work.connection.execute(
        update(CLIENT_RELATIONSHIP)
        .where(
            CLIENT_RELATIONSHIP.c.customer_id == customer_id,
            CLIENT_RELATIONSHIP.c.municipality == ended.municipality,
            _OPEN,
        )
        .values(ended_on=ended.ended_on, end_reason=ended.end_reason)
    )


async def add_history(
    work: Work, customer: Customer, differences: Iterable[Difference], *, source: str, why: str | None = None
) -> None:
    """Writes who changed what, when, why, and who told it (73 § 2 mom.)."""
    rows = []
    for field, previous, new in differences:
        entry_id = uuid7()
        if field == IDENTITY_CODE:
            previous, new = (code and work.encryption.encrypt(code, entry_id) for code in (previous, new))
        rows.append({"id": entry_id, "field": field, "previous": previous, "new": new})
    same = {
        "customer_id": customer.customer_id,
        "version": customer.version,
        "changed_at": work.now,
        "changed_by": work.actor.user,
        "organisation": work.actor.organisation,
        "why": why,
        "source": source,
    }
    await work.connection.execute(insert(CUSTOMER_HISTORY), [row | same for row in rows])


async def find_owner(work: Work, code: str) -> UUID | None:
    """Whose identity code it is, whoever's customer: for those who may know that alone."""
    await work.beyond_the_border("a person is asked for, whoever's customer that is")
    owner = select(CUSTOMER.c.customer_id).where(_has_code(work, code))
    return (await work.connection.execute(owner)).scalar_one_or_none()


async def _execute(work: Work, statement: Select[Any], **values: Any) -> CursorResult[Any]:
    """Executes a statement that holds a right: who asks is said here alone."""
    result: CursorResult[Any] = await work.connection.execute(statement, work.rights.values | values)
    return result


def _has_code(work: Work, code: str) -> ColumnElement[bool]:
    """The customer has this identity code, by whichever search key it was hashed."""
    return CUSTOMER.c.personal_identity_code_hash.in_(work.encryption.search_hashes(code))


def _reached(customer_id: ColumnElement[UUID], reach: Reach) -> ColumnElement[bool]:
    """The right: the customer is one of those whom the act reaches."""
    return within(reach, customer_id, _has_relationship(customer_id), _has_relationship(customer_id, also_ended=True))


def _has_relationship(customer_id: ColumnElement[UUID], also_ended: bool = False) -> ColumnElement[bool]:
    """The municipality has an open relationship with the customer, or has ever had one."""
    here = CLIENT_RELATIONSHIP.c.municipality == MUNICIPALITY
    return _relationship_exists(customer_id, here if also_ended else and_(here, _OPEN))


def _has_relationship_elsewhere(customer_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    return _relationship_exists(customer_id, CLIENT_RELATIONSHIP.c.municipality != MUNICIPALITY, _OPEN)


def _relationship_exists(customer_id: ColumnElement[UUID], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    # No EXISTS: for a list PostgreSQL would make it a join with all relationships of the municipality.
    relationship = CLIENT_RELATIONSHIP.c
    found = select(relationship.id).where(relationship.customer_id == customer_id, *conditions).limit(1)
    return found.scalar_subquery().is_not(None)


def _told_here() -> ColumnElement[bool]:
    """What is known of the person is told to every municipality that has the customer; their relationships are not."""
    return or_(CUSTOMER_HISTORY.c.field != RELATIONSHIP, CUSTOMER_HISTORY.c.organisation == MUNICIPALITY)


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
        .where(relationship.municipality == MUNICIPALITY, _OPEN)
        .subquery()
    )


def _card(row: Any) -> dict[str, Any]:
    return {
        "customer_id": row.customer_id,
        "name": PersonName(family=row.family_name, given=row.given_name),
        "date_of_birth": row.date_of_birth,
    }


def _columns(work: Work, customer: Customer) -> dict[str, Any]:
    person = customer.person
    code = person.personal_identity_code
    return {
        "customer_id": customer.customer_id,
        "version": customer.version,
        "family_name": person.name.family,
        "given_name": person.name.given,
        "date_of_birth": person.date_of_birth,
        "personal_identity_code": work.encryption.encrypt(code, customer.customer_id) if code else None,
        "personal_identity_code_hash": work.encryption.search_hash(code) if code else None,
        "citizenships": list(person.citizenships),
        "mother_tongue": person.mother_tongue,
        "service_language": person.service_language,
        "safety_non_disclosure": person.safety_non_disclosure,
        "phone_number": phone_number(person.contact.phone) if person.contact and person.contact.phone else None,
        **person.model_dump(mode="json", include={"interpreter", "contact", "first_residence_permit"}),
        "changed_at": work.now,
    }


def _person(work: Work, row: Row[Any]) -> Person:
    code = row.personal_identity_code
    return Person.model_validate(
        row._asdict()
        | {
            "name": {"family": row.family_name, "given": row.given_name},
            "personal_identity_code": code and work.encryption.decrypt(code, row.customer_id),
        }
    )


def _decrypted(work: Work, row: Any) -> dict[str, Any]:
    entry = dict(row)
    if entry["field"] == IDENTITY_CODE:
        for side in ("previous", "new"):
            entry[side] = entry[side] and work.encryption.decrypt(entry[side], entry["id"])
    return entry
