"""All SQL of contacts from other authorities."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from contracts.customer.contacts import (
    ListContacts,
    NeedReport,
    PassedOn,
    ReceiveContact,
    ReceivedReport,
    ReportedPerson,
    SetReceivingParty,
)
from services.customer.repository import people
from services.customer.repository.reach import REACHED_BY, execute, reached
from services.customer.rules import contacts as rules
from services.customer.tables.contacts import CONTACT, CONTACT_PASSING, CONTACT_REPORT, RECEIVING_PARTY
from services.customer.tables.people import CUSTOMER
from services.kit.customer_view import record_id
from services.kit.errors import NotFound
from services.kit.work import Work

_CONTACT, _REPORT, _PASSING = CONTACT.c, CONTACT_REPORT.c, CONTACT_PASSING.c
_PARTS = (CONTACT_REPORT, CONTACT_PASSING)
OPEN = "open"


async def in_turn(work: Work, municipality: str) -> None:
    """Until the transaction ends nobody else joins contacts of the municipality: two reports make no two contacts."""
    key = func.hashtextextended(f"contacts of {municipality}", 0)
    await work.connection.execute(select(func.pg_advisory_xact_lock(key)))


async def find_reported(work: Work, message: ReceiveContact) -> UUID | None:
    """The contact to which this very report was taken before, by the authority's own id of it."""
    if message.reference is None:
        return None
    same = (_REPORT.authority == message.authority) & (_REPORT.reference == message.reference)
    found: UUID | None = await work.connection.scalar(select(_REPORT.contact_id).where(same))
    return found


async def find_open(work: Work, municipality: str, person: ReportedPerson) -> Row[Any] | None:
    """The municipality's open contact about the same person, locked: by identity code, else by name and birth."""
    code = person.personal_identity_code
    same: ColumnElement[bool] = (_CONTACT.name_words == rules.name_words(person)) & (
        _CONTACT.date_of_birth == rules.date_of_birth(person)
    )
    if code:
        hashed = _CONTACT.personal_identity_code_hash
        same = or_(hashed.in_(work.encryption.search_hashes(code)), hashed.is_(None) & same)
    return await _first_open(work, municipality, same)


async def find_same(work: Work, municipality: str, contact: Row[Any]) -> Row[Any] | None:
    """The open contact that another municipality has about the same person, locked."""
    person = ReportedPerson.model_validate(
        {
            "name": {"family": contact.family_name, "given": contact.given_name},
            "date_of_birth": contact.date_of_birth,
            "personal_identity_code": code_of(work, contact),
        }
    )
    return await find_open(work, municipality, person)


async def _first_open(work: Work, municipality: str, same: ColumnElement[bool]) -> Row[Any] | None:
    query = select(CONTACT).where(_CONTACT.municipality == municipality, _CONTACT.state == OPEN, same)
    return (await work.connection.execute(query.order_by(_CONTACT.contact_id).limit(1).with_for_update())).first()


async def add(work: Work, municipality: str, person: ReportedPerson) -> UUID:
    """Writes a new contact; its reports are written on their own."""
    contact_id = uuid7()
    await work.connection.execute(
        insert(CONTACT).values(
            contact_id=contact_id,
            municipality=municipality,
            version=0,
            state=OPEN,
            family_name=person.name.family,
            given_name=person.name.given,
            name_words=rules.name_words(person),
            date_of_birth=rules.date_of_birth(person),
            received_at=work.now,
        )
    )
    return contact_id


async def add_report(work: Work, contact_id: UUID, message: ReceiveContact) -> None:
    """Writes a report to a contact, which learns the identity code if it did not know one."""
    report_id, code = uuid7(), message.report.person.personal_identity_code
    await work.connection.execute(
        insert(CONTACT_REPORT).values(
            report_id=report_id,
            contact_id=contact_id,
            received_at=work.now,
            received_by=str(work.actor),
            report=work.encryption.encrypt(message.report.model_dump_json(), report_id),
            **message.model_dump(include={"authority", "authority_name", "channel", "reference"}),
        )
    )
    await change(work, contact_id, _learning(work, contact_id, code))


def _learning(work: Work, contact_id: UUID, code: str | None) -> dict[str, Any]:
    """The identity code, for a contact that does not know one."""
    if code is None:
        return {}
    known, hashed = _CONTACT.personal_identity_code, _CONTACT.personal_identity_code_hash
    return {
        known.name: func.coalesce(known, work.encryption.encrypt(code, contact_id)),
        hashed.name: func.coalesce(hashed, work.encryption.search_hash(code)),
    }


def code_of(work: Work, contact: Row[Any]) -> str | None:
    """The identity code that one of the contact's reports told."""
    code = contact.personal_identity_code
    return code and work.encryption.decrypt(code, contact.contact_id)


async def change(work: Work, contact_id: UUID, to: Mapping[str, Any]) -> int:
    """Changes a contact and returns its new version."""
    changed = update(CONTACT).where(_CONTACT.contact_id == contact_id)
    result = await work.connection.execute(
        changed.values(version=_CONTACT.version + 1, **to).returning(_CONTACT.version)
    )
    version: int = result.scalar_one()
    return version


async def get(work: Work, contact_id: UUID, *, locked: bool = False) -> Row[Any]:
    """A contact of the acting municipality; raises NotFound."""
    query = select(CONTACT).where(_CONTACT.contact_id == contact_id, await _reached(work))
    row = (await execute(work, query.with_for_update() if locked else query)).first()
    if row is None:
        raise NotFound("no such contact")
    return row


async def reports(work: Work, contact_id: UUID) -> tuple[ReceivedReport, ...]:
    """Every report of a contact, oldest first."""
    query = select(CONTACT_REPORT).where(_REPORT.contact_id == contact_id).order_by(_REPORT.report_id)
    return tuple(
        ReceivedReport.model_validate(
            row._asdict()
            | {"report": NeedReport.model_validate_json(work.encryption.decrypt(row.report, row.report_id))}
        )
        for row in await work.connection.execute(query)
    )


async def passings(work: Work, contact_id: UUID) -> tuple[PassedOn, ...]:
    """Who passed the contact on, oldest first."""
    query = select(CONTACT_PASSING).where(_PASSING.contact_id == contact_id).order_by(_PASSING.passing_id)
    return tuple(
        PassedOn.model_validate(row._asdict() | {"why": row.why and work.encryption.decrypt(row.why, row.passing_id)})
        for row in await work.connection.execute(query)
    )


async def page(work: Work, message: ListContacts) -> tuple[Sequence[Row[Any]], UUID | None]:
    """A page of the acting municipality's contacts with the counts of their reports, and the next page's cursor."""
    count = select(func.count()).where(_REPORT.contact_id == _CONTACT.contact_id).scalar_subquery()
    query = select(CONTACT, count.label("reports")).where(await _reached(work), _CONTACT.state == message.state)
    if message.cursor:
        query = query.where(_CONTACT.contact_id > message.cursor)
    rows = (await execute(work, query.order_by(_CONTACT.contact_id).limit(message.limit + 1))).all()
    found = rows[: message.limit]
    return found, found[-1].contact_id if len(rows) > message.limit else None


async def attach(work: Work, contact_id: UUID, customer_id: UUID) -> None:
    """Makes the customer's what was reported: it is erased with him or her."""
    for table in (CONTACT, *_PARTS):
        await work.connection.execute(
            update(table).where(table.c.contact_id == contact_id).values(customer_id=customer_id)
        )


async def pass_on(work: Work, contact_id: UUID, why: str | None) -> None:
    """Notes that the acting municipality passes the contact on."""
    passing_id = uuid7()
    await work.connection.execute(
        insert(CONTACT_PASSING).values(
            passing_id=passing_id,
            contact_id=contact_id,
            municipality=work.actor.organisation,
            passed_at=work.now,
            passed_by=work.actor.user,
            why=why and work.encryption.encrypt(why, passing_id),
        )
    )


async def join(work: Work, contact: Row[Any], to: UUID) -> None:
    """Moves all that belongs to a contact to another one about the same person, and removes it."""
    moved = contact.contact_id
    for table in _PARTS:
        await work.connection.execute(update(table).where(table.c.contact_id == moved).values(contact_id=to))
    await work.connection.execute(delete(CONTACT).where(_CONTACT.contact_id == moved))
    await change(work, to, _learning(work, to, code_of(work, contact)))


async def receiving_party(work: Work) -> Row[Any] | None:
    """Who takes up the acting municipality's contacts."""
    query = select(RECEIVING_PARTY).where(RECEIVING_PARTY.c.municipality == work.actor.organisation)
    return (await work.connection.execute(query)).first()


async def set_receiving_party(work: Work, message: SetReceivingParty) -> None:
    """Writes who takes up the acting municipality's contacts."""
    told = {"unit": message.unit, "users": list(message.users), "changed_at": work.now, "changed_by": work.actor.user}
    written = insert(RECEIVING_PARTY).values(municipality=work.actor.organisation, **told)
    await work.connection.execute(written.on_conflict_do_update(index_elements=["municipality"], set_=told))


async def forget(work: Work, before: datetime) -> None:
    """Deletes contacts that ended before that moment without a customer, with their reports."""
    old = select(_CONTACT.contact_id).where(_CONTACT.customer_id.is_(None), _CONTACT.ended_at < before)
    for table in (*_PARTS, CONTACT):
        await work.connection.execute(delete(table).where(table.c.contact_id.in_(old)))


async def _reached(work: Work) -> ColumnElement[bool]:
    """The acting organisation's own; those of customers as long as the user reaches the customer.

    One that led to none is known by its identity code to be about a customer withheld from the user.
    """
    mine, of = _CONTACT.municipality == work.actor.organisation, CUSTOMER.alias("of_contact")
    found = (  # no EXISTS: PostgreSQL would read all customers for a page of contacts
        select(of.c.customer_id)
        .join(CUSTOMER, CUSTOMER.c.customer_id == record_id(of))
        .where(
            of.c.customer_id == _CONTACT.customer_id,
            reached(CUSTOMER.c.customer_id, work.rights.reach(REACHED_BY)),
        )
        .limit(1)
    )
    nobody_withheld = await people.has_no_withheld_code(work, _CONTACT.personal_identity_code_hash)
    return mine & or_(_CONTACT.customer_id.is_(None) & nobody_withheld, found.scalar_subquery().is_not(None))
