"""Teams of an organisation: whose customers are looked after together."""

from uuid import UUID

from pydantic import Field

from contracts.envelope import Request, StateEvent
from contracts.types import Name, Value
from contracts.usage import Organisation, UserId


class Team(Value):
    """A team of the acting organisation."""

    team_id: UUID
    version: int = Field(ge=1)
    name: Name
    members: tuple[UserId, ...]


class Teams(Value):
    """The teams of the acting organisation, by name."""

    teams: tuple[Team, ...]


class TeamVersion(Value):
    """The outcome of an act: which team, and the version it now has."""

    team_id: UUID
    version: int = Field(ge=1)


class ListTeams(Request[Teams], type="access.list_teams.v1", act="view", data=("team",)):
    """The teams of the acting organisation that have not ended."""


class AddTeam(Request[TeamVersion], type="access.add_team.v1", changes=True, act="administer", data=("team",)):
    """Make a team of the acting organisation."""

    name: Name
    members: tuple[UserId, ...] = Field(max_length=100, examples=[["8f6f2c5e-7a7c-4a0b-9d3e-0c8b1a2d3e4f"]])


class ChangeTeam(Request[TeamVersion], type="access.change_team.v1", changes=True, act="administer", data=("team",)):
    """Name a team anew, say who is in it, or end it."""

    team_id: UUID
    expected_version: int = Field(ge=1, le=999_999_999)
    name: Name
    members: tuple[UserId, ...] = Field(max_length=100, examples=[["8f6f2c5e-7a7c-4a0b-9d3e-0c8b1a2d3e4f"]])
    ended: bool = False


class TeamChanged(StateEvent, type="access.team_changed.v1", data=("team",)):
    """Who is in a team, by their numbers."""

    SUBJECT = "team_id"

    team_id: UUID
    organisation: Organisation = Field(examples=["837"])
    members: tuple[UUID, ...] = Field(description="the numbers (user_number) of its users")
    ended: bool = False
