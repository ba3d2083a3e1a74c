"""All SQL of referrals and completions."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Uuid, cast, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import JSONPATH
from uuid_utils.compat import uuid7

from contracts.plan.content import PinnedService, PlanContent
from contracts.plan.implementation import Withdrawal
from contracts.plan.programme import ServiceProvider
from contracts.plan.referrals import (
    Completion,
    KnownCompletion,
    LanguageTest,
    Referral,
    ReferToService,
)
from services.kit.errors import NotFound
from services.kit.work import Work
from services.plan.repository import plans
from services.plan.rules import referrals as rules
from services.plan.tables.plans import PLAN_APPROVAL, PLAN_EDITION
from services.plan.tables.programme import PROGRAMME_SERVICE, PROGRAMME_SERVICE_VERSION
from services.plan.tables.referrals import COMPLETION, REFERRAL

_REFERRAL, _COMPLETION, _VERSION = REFERRAL.c, COMPLETION.c, PROGRAMME_SERVICE_VERSION.c


async def agreed_with(work: Work, referral: Row[Any]) -> PlanContent | None:
    """What was agreed in the newest edition that has the line of a referral: one in force since may have dropped it."""
    edition = PLAN_EDITION.c
    newest = select(edition.content).where(
        edition.plan_id == referral.plan_id,
        edition.stage.in_(("approved", "replaced")),
        edition.content.contains({"services": [{"line_id": str(referral.line_id)}]}),
    )
    found = (await work.connection.execute(newest.order_by(edition.edition.desc()).limit(1))).scalar()
    return PlanContent.model_validate(found) if found else None


async def find_open(work: Work, plan_id: UUID, line_id: UUID, customer_id: UUID) -> bool:
    """Whether a referral of the customer to that line waits for an answer, or has been taken up."""
    query = select(_REFERRAL.referral_id).where(
        _REFERRAL.plan_id == plan_id,
        _REFERRAL.line_id == line_id,
        _REFERRAL.customer_id == customer_id,
        _REFERRAL.state.in_(rules.OPEN),
    )
    return (await work.connection.execute(query)).first() is not None


async def add(work: Work, plan: Row[Any], told: ReferToService, customer_id: UUID, line: Any) -> Row[Any]:
    """Writes a referral to a line of a plan that is locked."""
    row = {
        "referral_id": uuid7(),
        "plan_id": plan.plan_id,
        "line_id": told.line_id,
        "customer_id": customer_id,
        "municipality": plan.municipality,
        "service_id": line.service and line.service.service_id,
        "service_version": line.service and line.service.version,
        "service_name": line.name,
        "provider": told.provider.name,
        "partner": told.provider.partner,
        "state": "made",
        "version": 1,
        "referred_on": told.referred_on,
        "changed_at": work.now,
        "changed_by": work.actor.user,
    }
    written: Row[Any] = (await work.connection.execute(insert(REFERRAL).values(row).returning(REFERRAL))).one()
    return written


async def lock(work: Work, referral_id: UUID) -> Row[Any]:
    """A referral of a plan that the asker reaches, locked until the transaction ends; else NotFound."""
    is_it = _REFERRAL.referral_id == referral_id
    if await plans.get_part(work, REFERRAL, is_it, lock=True) is None:
        raise _no_referral()
    return await _locked(work, is_it)  # as whoever held the lock left it


async def get(work: Work, referral_id: UUID) -> Row[Any]:
    """A referral of a plan that the asker reaches; else NotFound."""
    row = await plans.get_part(work, REFERRAL, _REFERRAL.referral_id == referral_id)
    if row is None:
        raise _no_referral()
    return row


async def of_partner(work: Work, referral_id: UUID, partner: str) -> Row[Any]:
    """A referral that was made to the partner, locked until the transaction ends; else NotFound."""
    return await _locked(work, (_REFERRAL.referral_id == referral_id) & (_REFERRAL.partner == partner))


async def change(work: Work, referral_id: UUID, **to: Any) -> Row[Any]:
    """Writes what an act made of a referral that is locked, under the next version."""
    changed = update(REFERRAL).where(_REFERRAL.referral_id == referral_id)
    values = {"version": _REFERRAL.version + 1, "changed_at": work.now, "changed_by": work.actor.user, **to}
    written: Row[Any] = (await work.connection.execute(changed.values(values).returning(REFERRAL))).one()
    return written


async def add_completion(work: Work, referral: Row[Any], told: Completion, organisation: str, *, is_over: bool) -> None:
    """Writes a completion of a referral that is locked."""
    levels = told.levels.model_dump() if told.levels else {}
    row = {
        "completion_id": uuid7(),
        "referral_id": referral.referral_id,
        "plan_id": referral.plan_id,
        "customer_id": referral.customer_id,
        **told.model_dump(exclude={"levels"}),
        **levels,
        "is_over": is_over,
        "recorded_at": work.now,
        "recorded_by": work.actor.user,
        "organisation": organisation,
    }
    await work.connection.execute(insert(COMPLETION), row)


async def completions(work: Work, referral: Row[Any]) -> Sequence[Row[Any]]:
    """Everything that was recorded of a referral, the oldest first, what was withdrawn too."""
    ended_it = (_COMPLETION.outcome == referral.state) & (_COMPLETION.ends_on == referral.ended_on)
    is_over = func.coalesce(_COMPLETION.is_over, ended_it, False).label("is_over")
    columns = [is_over if each.name == "is_over" else each for each in _COMPLETION]
    query = select(*columns).where(_COMPLETION.referral_id == referral.referral_id)
    return (await work.connection.execute(query.order_by(_COMPLETION.completion_id))).all()


async def withdraw_completion(work: Work, completion_id: UUID, told: Withdrawal) -> None:
    """Writes that a completion counts no more, of a referral that is locked."""
    one = update(COMPLETION).where(_COMPLETION.completion_id == completion_id)
    await work.connection.execute(one.values(withdrawn=told.model_dump(mode="json")))


async def of_plan(work: Work, plan_id: UUID) -> Sequence[Row[Any]]:
    """The referrals of a plan, the oldest first."""
    query = select(REFERRAL).where(_REFERRAL.plan_id == plan_id).order_by(_REFERRAL.referral_id)
    return (await work.connection.execute(query)).all()


async def shown(work: Work, rows: Sequence[Row[Any]]) -> list[Referral]:
    """Referrals with what was completed of each."""
    ids = [row.referral_id for row in rows]
    query = select(COMPLETION).where(_COMPLETION.referral_id == func.any(literal(ids, ARRAY(Uuid))))
    completions: dict[UUID, list[KnownCompletion]] = {}
    for row in await work.connection.execute(query.order_by(_COMPLETION.completion_id)):
        completions.setdefault(row.referral_id, []).append(_completion(row))
    return [
        Referral.model_validate(
            row._asdict()
            | {
                "service": pinned(row),
                "provider": ServiceProvider(name=row.provider, partner=row.partner),
                "completions": tuple(completions.get(row.referral_id, ())),
            }
        )
        for row in rows
    ]


def pinned(row: Row[Any]) -> PinnedService | None:
    """The service of the programme that was agreed on."""
    return PinnedService(service_id=row.service_id, version=row.service_version) if row.service_id else None


_EDITION, _APPROVAL = PLAN_EDITION.c, PLAN_APPROVAL.c
_LINE_IDS = func.jsonb_path_query_array(_EDITION.content, cast("$.services[*].line_id", JSONPATH))
_AGREED = (
    select(_EDITION.plan_id, func.max(_APPROVAL.approved_on).label("agreed_on"), _LINE_IDS.label("line_ids"))
    .join(PLAN_APPROVAL, (_APPROVAL.plan_id == _EDITION.plan_id) & (_APPROVAL.edition == _EDITION.edition))
    .where(_EDITION.stage.in_(("approved", "replaced")))
    .group_by(_EDITION.plan_id, _EDITION.edition)
    .order_by(_EDITION.plan_id, _EDITION.edition)
)
"""The lines of each edition that is or was in force, with the day of its last approval."""


async def directed(work: Work, plan_ids: Sequence[UUID]) -> dict[UUID, rules.Directed]:
    """By plan since when its lines are agreed on, and when all had been referred to (20 § 5 mom.)."""
    referred: dict[UUID, list[tuple[UUID, date]]] = defaultdict(list)
    counted = select(REFERRAL).where(_REFERRAL.plan_id.in_(plan_ids), _REFERRAL.withdrawn.is_(None))
    for row in await work.connection.execute(counted):
        referred[row.plan_id].append((row.line_id, row.referred_on))
    editions: dict[UUID, list[tuple[date, list[UUID]]]] = defaultdict(list)
    for row in await work.connection.execute(_AGREED.where(_EDITION.plan_id.in_(plan_ids))):
        editions[row.plan_id].append((row.agreed_on, [UUID(each) for each in row.line_ids]))
    return {each: rules.directed(known, referred[each]) for each, known in editions.items()}


async def kinds_of(work: Work, services: Collection[PinnedService]) -> dict[UUID, str]:
    """The kinds of services of the programme, as their newest versions tell."""
    ids = [each.service_id for each in services]
    query = (
        select(_VERSION.service_id, _VERSION.content["kind"].astext)
        .join(PROGRAMME_SERVICE, PROGRAMME_SERVICE.c.service_id == _VERSION.service_id)
        .where(
            _VERSION.version == PROGRAMME_SERVICE.c.version, _VERSION.service_id == func.any(literal(ids, ARRAY(Uuid)))
        )
    )
    return {row[0]: row[1] for row in await work.connection.execute(query)}


async def _locked(work: Work, which: Any) -> Row[Any]:
    row = (await work.connection.execute(select(REFERRAL).where(which).with_for_update())).first()
    if row is None:
        raise _no_referral()
    return row


def _no_referral() -> NotFound:
    return NotFound("no such referral")


def _completion(row: Row[Any]) -> KnownCompletion:
    levels = LanguageTest.model_validate(row, from_attributes=True) if row.language else None
    return KnownCompletion.model_validate(row._asdict() | {"levels": levels})
