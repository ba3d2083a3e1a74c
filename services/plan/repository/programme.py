"""All SQL of the integration programme."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Row, Select, and_, cast, func, insert, or_, select, true, tuple_, update
from uuid_utils.compat import uuid7

from contracts.plan.content import PinnedService
from contracts.plan.programme import ListProgramme, ProgrammeService, ServiceContent
from services.kit.errors import NotFound
from services.kit.work import Work
from services.plan.rules.referrals import OPEN
from services.plan.tables.programme import PROGRAMME_SERVICE, PROGRAMME_SERVICE_VERSION
from services.plan.tables.referrals import REFERRAL

_SERVICE, _VERSION = PROGRAMME_SERVICE.c, PROGRAMME_SERVICE_VERSION.c
_CONTENT = _VERSION.content
_NAME = func.lower(func.coalesce(_CONTENT["name"]["fi"].astext, _CONTENT["name"]["sv"].astext))
_WORDS = func.concat_ws(
    " ",
    *(_CONTENT[part][language].astext for part in ("name", "description") for language in ("fi", "sv", "en")),
    _CONTENT["provider"]["name"].astext,
)
_TAKEN = (
    select(func.count())
    .where(REFERRAL.c.service_id == _SERVICE.service_id, REFERRAL.c.state.in_(OPEN))
    .scalar_subquery()
)
_IS_NEWEST = _VERSION.version == _SERVICE.version


async def in_turn(work: Work) -> None:
    """Until the transaction ends nobody else changes the municipality's programme: a key makes no two services."""
    key = func.hashtextextended(f"programme of {work.actor.municipality}", 0)
    await work.connection.execute(select(func.pg_advisory_xact_lock(key)))


async def get(work: Work, service_id: UUID, version: int | None = None) -> ProgrammeService:
    """A service as the version tells, or as it is now; raises NotFound."""
    which = _IS_NEWEST if version is None else _VERSION.version == version
    query = _select(work).where(_SERVICE.service_id == service_id, which)
    row = (await work.connection.execute(query)).first()
    if row is None:
        raise NotFound("no such service in the programme")
    return _service(row)


async def agreed_on(work: Work, pinned: PinnedService) -> ServiceContent | None:
    """What a version tells of a service, within the border: a plan that moved names others'."""
    query = select(_CONTENT).where(_VERSION.service_id == pinned.service_id, _VERSION.version == pinned.version)
    found = (await work.connection.execute(query)).scalar()
    return ServiceContent.model_validate(found) if found else None


async def known(work: Work, pinned: Collection[PinnedService]) -> set[PinnedService]:
    """Which of these are services of the acting municipality's programme."""
    versions = tuple_(_VERSION.service_id, _VERSION.version).in_([(each.service_id, each.version) for each in pinned])
    query = select(_VERSION.service_id, _VERSION.version).where(versions)
    here = query.where(_VERSION.municipality == work.actor.municipality)
    return {PinnedService(service_id=row[0], version=row[1]) for row in await work.connection.execute(here)}


async def page(work: Work, asked: ListProgramme) -> tuple[list[ProgrammeService], UUID | None] | None:
    """A page of services as they are now, and the next page's cursor; None when the cursor is of none."""
    query = _select(work).where(_IS_NEWEST, *_wanted(asked))
    if asked.cursor:
        last = _select(work).with_only_columns(_NAME).where(_IS_NEWEST, _SERVICE.service_id == asked.cursor)
        found = (await work.connection.execute(last)).first()
        if found is None:
            return None
        query = query.where(tuple_(_NAME, _SERVICE.service_id) > (found[0], asked.cursor))
    rows = (await work.connection.execute(query.order_by(_NAME, _SERVICE.service_id).limit(asked.limit + 1))).all()
    services = [_service(row) for row in rows[: asked.limit]]
    return services, services[-1].service_id if len(rows) > asked.limit else None


async def by_key(work: Work) -> dict[str, ProgrammeService]:
    """The acting municipality's services as they are now that have a key, by the key."""
    query = _select(work).where(_IS_NEWEST, _SERVICE.external_key.is_not(None))
    found = [_service(row) for row in await work.connection.execute(query)]
    return {each.service.external_key: each for each in found if each.service.external_key}


async def add(work: Work, service: ServiceContent) -> UUID:
    """Writes a new service in its first version."""
    service_id: UUID = uuid7()
    await work.connection.execute(
        insert(PROGRAMME_SERVICE).values(
            service_id=service_id,
            municipality=work.actor.municipality,
            version=1,
            external_key=service.external_key,
        )
    )
    await _add_version(work, service_id, 1, service)
    return service_id


async def change(work: Work, known: ProgrammeService, service: ServiceContent) -> int:
    """Writes the next version of a service, and returns its number."""
    version = known.newest_version + 1
    await work.connection.execute(
        update(PROGRAMME_SERVICE)
        .where(_SERVICE.service_id == known.service_id)
        .values(version=version, external_key=service.external_key)
    )
    await _add_version(work, known.service_id, version, service)
    return version


async def _add_version(work: Work, service_id: UUID, version: int, service: ServiceContent) -> None:
    await work.connection.execute(
        insert(PROGRAMME_SERVICE_VERSION).values(
            service_id=service_id,
            version=version,
            municipality=work.actor.municipality,
            content=service.model_dump(mode="json"),
            changed_at=work.now,
            changed_by=work.actor.user,
        )
    )


def _select(work: Work) -> Select[Any]:
    """Versions of the acting municipality's services; another service of the house asks of any municipality."""
    here = true() if work.actor.is_service else _SERVICE.municipality == work.actor.municipality
    joined = PROGRAMME_SERVICE.join(PROGRAMME_SERVICE_VERSION, _VERSION.service_id == _SERVICE.service_id)
    columns = (PROGRAMME_SERVICE_VERSION, _SERVICE.version.label("newest_version"), _TAKEN.label("places_taken"))
    return select(*columns).select_from(joined).where(here)


def _wanted(asked: ListProgramme) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [
        _WORDS.icontains(word, autoescape=True) for word in (asked.words or "").split()
    ]
    if asked.kind:
        wanted.append(_CONTENT["kind"].astext == asked.kind)
    if asked.language:
        wanted.append(_CONTENT["languages"].contains([asked.language]))
    if asked.target_group:
        wanted.append(_CONTENT["target_groups"].contains([asked.target_group]))
    if asked.on:
        day, last = asked.on.isoformat(), _CONTENT["valid_to"].astext
        wanted.append(and_(_CONTENT["valid_from"].astext <= day, or_(last.is_(None), last >= day)))
    if asked.with_room:
        places = _CONTENT["places"].astext
        wanted.append(or_(places.is_(None), cast(places, Integer) > _TAKEN))
    return wanted


def _service(row: Row[Any]) -> ProgrammeService:
    return ProgrammeService.model_validate(row._asdict() | {"service": row.content})
