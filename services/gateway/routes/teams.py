"""Teams of the acting organisation."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from contracts.access.teams import AddTeam, ChangeTeam, ListTeams, Teams, TeamVersion
from contracts.types import Name, Value
from contracts.usage import UserId
from services.gateway.bodies import JsonBody, answer
from services.gateway.caller import SignedIn
from services.gateway.openapi import problems, with_headers, with_links
from services.gateway.routes.customers import PREFIX, ExpectedVersion, IdempotencyKey

routes = APIRouter(prefix=f"{PREFIX}/teams", tags=["teams"])

_LIST = problems(400, 401, 403, 429, 500, 503)
_ADD = _LIST | problems(413, 415, 422)
_CHANGE = _ADD | problems(404, 409, 412, 428)
_OF_NEW = {"team_id": "$response.body#/team_id", "If-Match": "$response.header.ETag"}
_ADDED = with_headers("ETag", "Location") | with_links(change_team=_OF_NEW)
_CHANGED = with_headers("ETag") | with_links(change_team=_OF_NEW)
_USER = "8f6f2c5e-7a7c-4a0b-9d3e-0c8b1a2d3e4f"


class TeamChange(Value):
    """What a team is from now on."""

    name: Name
    members: tuple[UserId, ...] = Field(max_length=100)
    ended: bool = False


_team = JsonBody(AddTeam, example={"name": "Itä", "members": [_USER]})
_change = JsonBody(TeamChange, example={"name": "Itä ja keskusta", "members": [_USER]})


@routes.get("", response_model=Teams, responses=_LIST)
async def list_teams(caller: SignedIn) -> Response:
    """The teams of the acting organisation."""
    return answer(await caller.ask(ListTeams()))


@routes.post(
    "", status_code=201, response_model=TeamVersion, responses={201: _ADDED, **_ADD}, openapi_extra=_team.documentation
)
async def add_team(caller: SignedIn, key: IdempotencyKey, body: Annotated[AddTeam, Depends(_team)]) -> Response:
    """Make a team, whose customers can be listed together."""
    done = await caller.ask(body, key)
    return answer(done, 201, version=done.version, location=f"{PREFIX}/teams/{done.team_id}")


@routes.put(
    "/{team_id:uuid}",
    response_model=TeamVersion,
    responses={200: _CHANGED, **_CHANGE},
    openapi_extra=_change.documentation,
)
async def change_team(
    caller: SignedIn,
    team_id: UUID,
    key: IdempotencyKey,
    version: ExpectedVersion,
    body: Annotated[TeamChange, Depends(_change)],
) -> Response:
    """Name a team anew, say who is in it, or end it."""
    done = await caller.ask(ChangeTeam(team_id=team_id, expected_version=version, **dict(body)), key)
    return answer(done, version=done.version)
