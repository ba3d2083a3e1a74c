"""All SQL of teams."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, update

from services.access.tables.teams import TEAM
from services.kit.errors import NotFound
from services.kit.work import Work


async def of_organisation(work: Work) -> Sequence[Row[Any]]:
    """The acting organisation's teams that have not ended, by name."""
    mine = select(TEAM).where(TEAM.c.organisation == work.actor.organisation, TEAM.c.ended.is_(False))
    return (await work.connection.execute(mine.order_by(TEAM.c.name, TEAM.c.team_id))).all()


async def lock(work: Work, team_id: UUID) -> Row[Any]:
    """One team of the acting organisation, which nobody else changes until the transaction ends; raises NotFound."""
    mine = select(TEAM).where(TEAM.c.team_id == team_id, TEAM.c.organisation == work.actor.organisation)
    row = (await work.connection.execute(mine.with_for_update())).first()
    if row is None:
        raise NotFound("no such team")
    return row


async def add(work: Work, team_id: UUID, **told: Any) -> None:
    """Keeps a new team of the acting organisation."""
    of = {"team_id": team_id, "organisation": work.actor.organisation, "version": 1, "ended": False}
    await work.connection.execute(TEAM.insert(), of | _changed(work) | told)


async def change(work: Work, team_id: UUID, version: int, **told: Any) -> None:
    """Writes what a team is now."""
    of_team = update(TEAM).where(TEAM.c.team_id == team_id)
    await work.connection.execute(of_team.values(version=version, **_changed(work), **told))


def _changed(work: Work) -> dict[str, Any]:
    return {"changed_at": work.now, "changed_by": work.actor.user}
