"""All SQL of organisations."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, any_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from contracts.access.organisations import ListOrganisations, OrganisationEntry
from services.access.tables.rights import ORGANISATION, PROCUREMENT
from services.kit.work import Work

_OF = ORGANISATION.c


async def get(work: Work, code: str) -> OrganisationEntry | None:
    """One organisation as the acting one sees it, ended or not."""
    row = (await work.connection.execute(_seen_by(work.actor.organisation).where(_OF.code == code))).first()
    return row and OrganisationEntry.model_validate(row, from_attributes=True)


async def page(work: Work, message: ListOrganisations) -> tuple[tuple[OrganisationEntry, ...], str | None]:
    """A page of organisations in the order of their codes, and the next page's cursor."""
    query = _seen_by(work.actor.organisation)
    if message.kind:
        query = query.where(literal(message.kind) == any_(_OF.kinds))
    if message.name:
        query = query.where(or_(*(_contains(name, message.name) for name in (_OF.name_fi, _OF.name_sv, _OF.name_en))))
    if message.cursor:
        query = query.where(_OF.code > message.cursor)
    rows = (await work.connection.execute(query.order_by(_OF.code).limit(message.limit + 1))).all()
    found = tuple(OrganisationEntry.model_validate(each, from_attributes=True) for each in rows[: message.limit])
    return found, found[-1].code if len(rows) > message.limit else None


async def record(work: Work, organisations: Iterable[OrganisationEntry]) -> None:
    """Adds organisations, and writes anew those that differ from what is kept."""
    kept = {
        row.code: OrganisationEntry.model_validate(row, from_attributes=True)
        for row in await work.connection.execute(select(ORGANISATION))
    }
    rows = [each.model_dump(exclude={"contract_ends_on"}) for each in organisations if kept.get(each.code) != each]
    if rows:
        added = insert(ORGANISATION)
        told = {name: added.excluded[name] for name in rows[0] if name != "code"}
        await work.connection.execute(added.on_conflict_do_update(index_elements=["code"], set_=told), rows)


async def contract_ends_on(work: Work, provider: str) -> date | None:
    """The last day on which the provider serves the acting municipality; None when it does not any more."""
    contract = PROCUREMENT.c
    ends_on: date | None = await work.connection.scalar(
        select(contract.ends_on).where(contract.provider == provider, contract.municipality == work.actor.organisation)
    )
    return ends_on


async def procure(work: Work, provider: str, ends_on: date) -> UUID:
    """Records until when the provider serves the acting municipality."""
    added = insert(PROCUREMENT).values(
        procurement_id=uuid7(), municipality=work.actor.organisation, provider=provider, ends_on=ends_on
    )
    changed = added.on_conflict_do_update(index_elements=["municipality", "provider"], set_={"ends_on": ends_on})
    procurement_id: UUID = (await work.connection.execute(changed.returning(PROCUREMENT.c.procurement_id))).scalar_one()
    return procurement_id


def _seen_by(municipality: str) -> Select[tuple[Row[tuple[object, ...]]]]:
    contract = and_(PROCUREMENT.c.provider == _OF.code, PROCUREMENT.c.municipality == municipality)
    return select(ORGANISATION, PROCUREMENT.c.ends_on.label("contract_ends_on")).outerjoin(PROCUREMENT, contract)


def _contains(name: ColumnElement[str], part: str) -> ColumnElement[bool]:
    return func.strpos(func.lower(name), part.lower()) > 0
