"""Teams: who is in them, who may say so, and what is told of them."""

import json
from uuid import UUID, uuid4

import pytest

from contracts.access.rights import user_number
from contracts.access.teams import AddTeam, ChangeTeam, ListTeams
from services.kit.actor import Actor
from services.kit.errors import ChangedMeanwhile, Forbidden, NotFound
from tests.access.conftest import ADMIN, ADMIN_HELSINKI, SUPERVISOR, AccessService, refused

EXPERT = Actor(user="expert@tampere", organisation="837", role="integration_expert")
COUNTY = Actor(user="c", organisation="08", role="county_worker", granted_by="837")


async def with_team(access: AccessService, *members: str) -> UUID:
    """A team of users who have a right in Tampere."""
    await access.knows(*members)
    for each in members:
        await access.give(each)
    return (await access.ask(AddTeam(name="Itä", members=members))).team_id


async def told(access: AccessService, team_id: UUID) -> list[tuple[list[str], bool]]:
    """Members and end of each event about a team, in order."""
    query = "SELECT data FROM outbox WHERE type = 'access.team_changed.v1' AND subject = $1 ORDER BY sequence"
    events = [json.loads(row["data"]) for row in await access.rows(query, team_id)]
    return [(each["members"], each["ended"]) for each in events]


async def test_a_team_is_listed_to_those_who_work_there_and_its_members_are_told_by_number(
    access: AccessService,
) -> None:
    team_id = await with_team(access, "a@tampere", "b@tampere")

    [team] = (await access.ask(ListTeams(), EXPERT)).teams
    assert (team.team_id, team.version, team.name, team.members) == (team_id, 1, "Itä", ("a@tampere", "b@tampere"))
    numbers = sorted(str(user_number(each)) for each in team.members)
    assert await told(access, team_id) == [(numbers, False)]


async def test_another_municipality_does_not_see_it(access: AccessService) -> None:
    team_id = await with_team(access, "a@tampere")

    assert (await access.ask(ListTeams(), ADMIN_HELSINKI)).teams == ()
    change = ChangeTeam(team_id=team_id, expected_version=1, name="Meidän", members=())
    with pytest.raises(NotFound):
        await access.ask(change, ADMIN_HELSINKI)


async def test_a_supervisor_changes_it_and_ends_it(access: AccessService) -> None:
    team_id = await with_team(access, "a@tampere")
    changed = ChangeTeam(team_id=team_id, expected_version=1, name="Länsi", members=())
    ended = ChangeTeam(team_id=team_id, expected_version=2, name="Länsi", members=(), ended=True)

    assert (await access.ask(changed, SUPERVISOR)).version == 2
    assert (await access.ask(ended, SUPERVISOR)).version == 3
    assert (await access.ask(ListTeams(), EXPERT)).teams == ()
    assert (await told(access, team_id))[1:] == [([], False), ([], True)]


async def test_who_knows_an_old_version_changes_nothing(access: AccessService) -> None:
    team_id = await with_team(access, "a@tampere")
    changed = ChangeTeam(team_id=team_id, expected_version=1, name="Länsi", members=())
    await access.ask(changed)

    with pytest.raises(ChangedMeanwhile):
        await access.ask(changed)


async def test_a_repeated_request_makes_one_team(access: AccessService) -> None:
    add = AddTeam(name="Itä", members=())
    first, second = [await access.ask(add, key="k") for _ in range(2)]

    assert first == second
    assert len((await access.ask(ListTeams())).teams) == 1


async def test_who_has_no_right_there_is_no_member_and_nobody_is_twice(access: AccessService) -> None:
    await access.knows("a@tampere")
    await access.give("a@tampere")
    add = access.ask(AddTeam(name="Itä", members=("a@tampere", "nobody", "a@tampere")))

    assert await refused(add) == [("/members/1", "no_right_here"), ("/members/2", "repeated")]


@pytest.mark.parametrize("actor", [EXPERT, COUNTY])
async def test_an_expert_and_a_county_worker_make_no_team(access: AccessService, actor: Actor) -> None:
    with pytest.raises(Forbidden):
        await access.ask(AddTeam(name="Itä", members=()), actor)


async def test_a_county_worker_sees_no_teams(access: AccessService) -> None:
    with pytest.raises(Forbidden):
        await access.ask(ListTeams(), COUNTY)


async def test_an_unknown_team_is_not_found(access: AccessService) -> None:
    with pytest.raises(NotFound):
        await access.ask(ChangeTeam(team_id=uuid4(), expected_version=1, name="Itä", members=()), ADMIN)
