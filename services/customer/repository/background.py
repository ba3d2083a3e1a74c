"""Groups of the background, as they are now and as they were.

The first residence permit is the person's: it is read from there, its changes from the customer's history, and both
count into the version of `residence_permits`.
"""

import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Text, Uuid, case, func, literal, null, select, union_all
from sqlalchemy.dialects.postgresql import distinct_on, insert
from uuid_utils.compat import uuid7

from contracts.customer.background import (
    MOST_BACKGROUND_HISTORY,
    BackgroundChange,
    BackgroundGroup,
    Content,
    Group,
    Provenance,
)
from contracts.customer.people import Customer
from contracts.envelope import FieldChange
from contracts.types import ResidencePermit
from services.customer.law import law_on
from services.customer.repository import people
from services.customer.repository.reach import execute
from services.customer.rules import background as rules
from services.customer.tables.background import BACKGROUND
from services.customer.tables.base import VersionedJson
from services.customer.tables.people import CUSTOMER_HISTORY
from services.kit.clock import helsinki_date
from services.kit.work import Work

_ABOUT = ("changed_at", "changed_by", "organisation", "source")


async def get(work: Work, customer: Customer, groups: Collection[Group]) -> dict[Group, BackgroundGroup]:
    """These groups, empty ones too, with what records merged into the customer's hold.

    Whether the asker reaches the customer and sees them is for the caller to know.
    """
    own = await get_recorded(work, customer, groups)
    aliases = [await people.get_record(work, each) for each in customer.merged]
    merged = {each.customer_id: await get_recorded(work, each, groups) for each in aliases}
    return {
        group: rules.of_person(
            own[group], {each: found[group] for each, found in merged.items()}, customer.first_permit
        )
        for group in groups
    }


async def get_recorded(work: Work, customer: Customer, groups: Collection[Group]) -> dict[Group, BackgroundGroup]:
    """The same of this very record alone."""
    table = BACKGROUND.c
    newest = (
        select(BACKGROUND)
        .ext(distinct_on(table.group))
        .where(table.customer_id == customer.customer_id, table.group == func.any(literal(groups, ARRAY(Text))))
        .order_by(table.group, table.version.desc())
    )
    found = {row["group"]: _decrypted(work, row) for row in (await execute(work, newest)).mappings()}
    return {
        group: await _with_first_permit(work, customer, found.get(group))
        if group == rules.PERMITS
        else _group(work, group, found.get(group))
        for group in groups
    }


async def add(work: Work, customer_id: UUID, content: Content, *, source: str, why: str | None) -> None:
    """Writes the next version of a group: who changed it, when, why, and who told it (73 § 2 mom.)."""
    table = BACKGROUND.c
    last = select(func.coalesce(func.max(table.version), 0)).where(
        table.customer_id == customer_id, table.group == content.group
    )
    row: dict[str, Any] = {
        "id": uuid7(),
        "customer_id": customer_id,
        "group": content.group,
        "content": content.model_dump(mode="json"),
        "changed_at": work.now,
        "changed_by": work.actor.user,
        "organisation": work.actor.organisation,
        "why": why,
        "source": source,
    }
    if content.group == rules.HEALTH:
        row["content"] = work.encryption.encrypt(json.dumps(row["content"]), row["id"])
        row["why"] = why and work.encryption.encrypt(why, row["id"])
    await work.connection.execute(insert(BACKGROUND).values(version=last.scalar_subquery() + 1, **row))


async def get_history(
    work: Work, customer: Customer, group: Group, cursor: int | None
) -> tuple[tuple[BackgroundChange, ...], int | None]:
    """A page of the changes of a group, oldest first, in whichever record, and the next page's cursor."""
    changes = _changes([customer.customer_id, *customer.merged], group).subquery()
    page = select(changes).where(changes.c.place > (cursor or 0)).order_by(changes.c.place)
    rows = (await execute(work, page.limit(MOST_BACKGROUND_HISTORY + 1))).mappings().all()
    shown = rows[:MOST_BACKGROUND_HISTORY]
    return (
        tuple(BackgroundChange.model_validate(_decrypted_change(work, group, row)) for row in shown),
        shown[-1]["place"] if len(rows) > len(shown) else None,
    )


async def changes_after(work: Work, customer_id: UUID, group: Group, version: int) -> list[tuple[str, FieldChange]]:
    """Who changed a group after a version, and when, each with that one's organisation."""
    changes = _changes([customer_id], group).subquery()
    later = (
        select(*(changes.c[name] for name in ("version", "changed_at", "changed_by", "organisation")))
        .where(changes.c.version > version)
        .order_by(changes.c.version)
    )
    rows = (await execute(work, later)).mappings()
    return [(row["organisation"], FieldChange(field=group, **row)) for row in rows]


def _changes(customer_ids: Collection[UUID], group: Group) -> Select[Any]:
    """Every change of a group in these records, numbered in each: those of the first permit stand among those of the
    other permits.
    """
    table, past = BACKGROUND.c, CUSTOMER_HISTORY.c

    def previous(column: Any, kind: Any) -> Any:
        return func.lag(column, type_=kind).over(partition_by=table.customer_id, order_by=table.version)

    own = select(
        table.id,
        table.customer_id,
        *(table[name] for name in (*_ABOUT, "why")),
        table.content.label("new"),
        previous(table.content, VersionedJson).label("previous"),
        previous(table.id, Uuid).label("previous_id"),
        literal(False).label("of_person"),
    ).where(table.customer_id.in_(customer_ids), table.group == group)
    beside = CUSTOMER_HISTORY.alias().c
    changed_at_once = (
        select(func.count())
        .where(beside.customer_id == past.customer_id, beside.version == past.version)
        .scalar_subquery()
    )
    of_person = select(
        past.id,
        past.customer_id,
        *(past[name] for name in _ABOUT),
        case((changed_at_once == 1, past.why)),  # else the customer's history tells it to who may see all of it
        past.new,
        past.previous,
        null().cast(Uuid),
        literal(True),
    ).where(past.customer_id.in_(customer_ids), past.field == rules.FIRST_PERMIT)
    each = (union_all(own, of_person) if group == rules.PERMITS else own).subquery()
    # by id, which is made while the customer is locked; the moment of a change is taken before it waits for that
    number = func.row_number()
    return select(
        each,
        number.over(partition_by=each.c.customer_id, order_by=each.c.id).label("version"),
        number.over(order_by=each.c.id).label("place"),
    )


async def _with_first_permit(work: Work, customer: Customer, others: dict[str, Any] | None) -> BackgroundGroup:
    past = CUSTOMER_HISTORY.c
    query = (
        select(*(past[name] for name in _ABOUT), func.count().over().label("version"))
        .where(past.customer_id == customer.customer_id, past.field == rules.FIRST_PERMIT)
        .order_by(past.id.desc())
        .limit(1)
    )
    first = (await execute(work, query)).mappings().first()
    told = [each for each in (others, first) if each]
    newest = max(told, key=lambda each: each["changed_at"], default=None)
    content = rules.with_first(others["content"] if others else None, customer.person.first_residence_permit)
    version = sum(each["version"] for each in told)
    return _group(work, rules.PERMITS, {**newest, "content": content, "version": version} if newest else None)


def _group(work: Work, group: Group, row: dict[str, Any] | None) -> BackgroundGroup:
    if row is None:
        return BackgroundGroup(version=0, content=rules.empty(group))
    provenance = Provenance(
        source=row["source"],
        recorded_at=row["changed_at"],
        recorded_by=row["changed_by"],
        organisation=row["organisation"],
        legal_basis=law_on(helsinki_date(work.now)).background[group],
    )
    return BackgroundGroup.model_validate(
        {"version": row["version"], "content": row["content"], "provenance": provenance}
    )


def _decrypted(work: Work, row: Any) -> dict[str, Any]:
    found = dict(row)
    if found["group"] == rules.HEALTH:
        found["content"] = json.loads(work.encryption.decrypt(found["content"], found["id"]))
    return found


def _decrypted_change(work: Work, group: Group, row: Any) -> dict[str, Any]:
    change = dict(row)
    sides = {"new": change["id"], "previous": change["previous_id"]}
    for side in sides if change["of_person"] else ():
        change[side] = change[side] and rules.with_first(None, ResidencePermit.model_validate(change[side]))
    if group == rules.HEALTH:
        for side, row_id in sides.items():
            change[side] = change[side] and json.loads(work.encryption.decrypt(change[side], row_id))
        change["why"] = change["why"] and work.encryption.decrypt(change["why"], change["id"])
    return change
