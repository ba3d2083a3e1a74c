"""Teams: who is in them is told to the services that keep worklists."""

from collections.abc import Iterable
from uuid import UUID

from uuid_utils.compat import uuid7

from contracts.access.rights import user_number
from contracts.access.teams import AddTeam, ChangeTeam, ListTeams, Team, TeamChanged, Teams, TeamVersion
from services.access import rules
from services.access.repository import rights, teams
from services.kit.errors import check_current, check_input
from services.kit.work import Work


async def list_teams(message: ListTeams, work: Work) -> Teams:
    """The acting organisation's teams."""
    found = await teams.of_organisation(work)
    work.record_use(data=message.DATA, relation="none", found=len(found))
    return Teams(teams=tuple(Team.model_validate(row, from_attributes=True) for row in found))


async def add_team(message: AddTeam, work: Work) -> TeamVersion:
    """Makes a team."""
    if done := await work.outcome_of_repeat(TeamVersion):
        return done
    await _check_members(work, message.members)
    team_id = uuid7()
    await teams.add(work, team_id, name=message.name, members=list(message.members))
    work.record_use(data=message.DATA, relation="none")
    await _tell(work, team_id, message.members)
    return TeamVersion(team_id=team_id, version=1)


async def change_team(message: ChangeTeam, work: Work) -> TeamVersion:
    """Names a team anew, says who is in it, or ends it."""
    row = await teams.lock(work, message.team_id)
    if done := await work.outcome_of_repeat(TeamVersion):
        return done
    check_current(row.version, message.expected_version)
    await _check_members(work, message.members)
    version = row.version + 1
    told = {"name": message.name, "members": list(message.members), "ended": message.ended}
    await teams.change(work, message.team_id, version, **told)
    work.record_use(data=message.DATA, relation="none")
    await _tell(work, message.team_id, message.members, ended=message.ended)
    return TeamVersion(team_id=message.team_id, version=version)


async def _check_members(work: Work, members: tuple[str, ...]) -> None:
    errors = [
        rules.error(f"/members/{index}", rule)
        for index, user in enumerate(members)
        for rule, breaks in (
            ("repeated", user in members[:index]),
            ("no_right_here", not await rights.holds_any(work, user)),
        )
        if breaks
    ]
    check_input(errors)


async def _tell(work: Work, team_id: UUID, members: Iterable[str], *, ended: bool = False) -> None:
    numbers = tuple(sorted(map(user_number, members)))
    organisation = work.actor.organisation
    await work.publish(TeamChanged(team_id=team_id, organisation=organisation, members=numbers, ended=ended))
