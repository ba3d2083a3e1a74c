"""Organisations, users and their rights (681/2023 79-81 §)."""

from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import AwareDatetime, Field

from contracts.envelope import ActEvent, Message, Request
from contracts.types import Code, CustomerId, MunicipalityCode, Name, Value
from contracts.usage import DataUsed, Organisation, UserId

MOST_CUSTOMERS, MOST_LISTED = 200, 100
RIGHTS_CHANGED, RIGHTS_HEARTBEAT = "access.rights_changed.v1", "access.rights_heartbeat.v1"


class AccessDataUsed(DataUsed, type="access.data_used.v1", data=("usage_log",)):
    """Somebody used data of the access service, or was refused."""


def user_number(user: str) -> UUID:
    """The number that stands for a user where the id at the issuer must not: in addresses, and as events' subject."""
    return uuid5(NAMESPACE_URL, f"urn:koto:user:{user}")


class EmergencyHold(Value):
    """A customer opened by emergency access, until when."""

    customer_id: CustomerId
    ends_at: AwareDatetime


class HeldGrant(Value):
    """A right that a user holds: one role in one organisation, limited in extent, content, powers and time (79 §)."""

    grant_id: UUID
    organisation: Organisation
    role: Code = Field(examples=["integration_expert"], description="a role of the policy")
    task: Code = Field(examples=["integration_services"], description="code list tasks")
    municipality: MunicipalityCode | None = Field(
        None,
        description="whose customers, where the right is to take part in its matters; null: the organisation's own",
    )
    customers: tuple[CustomerId, ...] | None = Field(
        None, max_length=MOST_CUSTOMERS, description="these alone; null: all of that municipality"
    )
    data: tuple[Code, ...] | None = Field(
        None, examples=[["identity"]], description="these data groups alone; null: as the role"
    )
    powers: tuple[Code, ...] = Field((), examples=[["personal_safety"]])
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    emergency: tuple[EmergencyHold, ...] = Field((), max_length=20)


class UserRights(Value):
    """All that decides what a user may do now."""

    user: UserId
    grants: tuple[HeldGrant, ...] = Field(description="those in force now or to come, the one to act under first")
    withheld: tuple[CustomerId, ...] = Field(
        (), max_length=500, description="customers the user may not handle: self, family, colleagues"
    )
    own_record: CustomerId | None = Field(None, description="the customer that the user is")


class GetUserRights(Request[UserRights], type="access.get_user_rights.v1", act="view", data=("held_rights",)):
    """What the gateway asks before it lets a user act. A user not known yet has no grants."""

    user: UserId


class SignInNoted(Value):
    """The user whose sign-in was noted."""

    user: UserId


class NoteSignIn(
    Request[SignInNoted], type="access.note_sign_in.v1", changes=True, act="administer", data=("held_rights",)
):
    """Tells who has signed in: the user is known from then on, and rights can be granted."""

    user: UserId
    name: Name | None = None
    assurance: Code | None = Field(None, examples=["substantial"])
    own_record: CustomerId | None = Field(None, description="the customer with the user's own identity code, if any")


class RightsChanged(ActEvent, type=RIGHTS_CHANGED, data=("rights",)):
    """A user's rights are not what they were: whoever keeps them asks anew."""

    SUBJECT = "user_number"

    user_number: UUID
    user: UserId


class RightsHeartbeat(Message, type=RIGHTS_HEARTBEAT):
    """All news of rights up to that moment has been told. Told every second or two; never kept."""

    as_of: AwareDatetime


Ground = Literal["employment", "procurement", "participation", "deputy"]
"""Why a right is given: work in the municipality; a contract with a provider; taking part in one assessment, plan or
review (80 § 1 mom.); standing in for another user."""


class GrantGround(Value):
    """Why the right is given: it ends when its ground ends."""

    kind: Ground
    id: UUID | None = Field(None, description="of the assessment, plan or review, or of the right deputised")


class Grant(Value):
    """A right as those see it who give and review rights."""

    grant_id: UUID
    version: int = Field(ge=1, description="grows by every change; the ETag")
    user: UserId
    user_number: UUID
    user_name: Name | None = None
    organisation: Organisation
    role: Code
    task: Code
    municipality: MunicipalityCode | None = None
    customers: tuple[CustomerId, ...] | None = None
    data: tuple[Code, ...] | None = None
    powers: tuple[Code, ...] = ()
    ground: GrantGround
    given_by: UserId
    given_by_organisation: Organisation
    given_at: AwareDatetime
    starts_at: AwareDatetime
    ends_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    end_reason: Code | None = Field(None, examples=["time"])
    reviewed_at: AwareDatetime | None = None
    review_due_at: AwareDatetime
    last_used_at: AwareDatetime | None = Field(None, description="to the day")


class GrantVersion(Value):
    """The outcome of a change: which right, and the version it now has."""

    grant_id: UUID
    version: int = Field(ge=1)


class GiveGrant(Request[GrantVersion], type="access.give_grant.v1", changes=True, act="administer", data=("rights",)):
    """Give a user a right: to own staff, to the staff of an own provider, or to a county worker who takes part."""

    user: UserId
    organisation: Organisation | None = Field(None, description="the user's; null: the acting one")
    role: Code
    task: Code = Field(description="code list tasks")
    customers: tuple[CustomerId, ...] | None = Field(None, min_length=1, max_length=MOST_CUSTOMERS)
    data: tuple[Code, ...] | None = Field(None, min_length=1, max_length=50)
    powers: tuple[Code, ...] = Field((), max_length=20)
    ground: GrantGround
    starts_at: AwareDatetime | None = Field(None, description="null: now")
    ends_at: AwareDatetime | None = None


class AppointDeputy(
    Request[GrantVersion], type="access.appoint_deputy.v1", changes=True, act="administer", data=("rights",)
):
    """Let another user stand in: for all that the right deputised gives, and no longer than it lasts."""

    grant_id: UUID
    user: UserId
    starts_at: AwareDatetime | None = Field(None, description="null: now")
    ends_at: AwareDatetime


class ChangeGrantEnd(
    Request[GrantVersion], type="access.change_grant_end.v1", changes=True, act="administer", data=("rights",)
):
    """Let a right last longer or shorter; null where it may last as long as its ground."""

    grant_id: UUID
    expected_version: int = Field(ge=1)
    ends_at: AwareDatetime | None


class EndGrant(Request[GrantVersion], type="access.end_grant.v1", changes=True, act="administer", data=("rights",)):
    """End a right at once (81 §)."""

    grant_id: UUID
    expected_version: int = Field(ge=1)
    reason: Literal["task_over", "left", "misuse", "data_protection", "mistake"]


class ReviewGrant(
    Request[GrantVersion], type="access.review_grant.v1", changes=True, act="administer", data=("rights",)
):
    """Tell that a right is still needed. One that is not is ended."""

    grant_id: UUID
    expected_version: int = Field(ge=1)


class GetGrant(Request[Grant], type="access.get_grant.v1", act="view", data=("rights",)):
    """One right that the acting organisation gave, or its own staff holds."""

    grant_id: UUID


class Grants(Value):
    """A page of rights."""

    grants: tuple[Grant, ...]
    next_cursor: UUID | None = None


class ListGrants(Request[Grants], type="access.list_grants.v1", act="view", data=("rights",)):
    """The rights that the acting organisation gave, or its own staff holds; with filters, the lists of work."""

    user_number: UUID | None = None
    due_for_review: bool = False
    unused_for_days: int | None = Field(None, ge=1, le=3650)
    ending_within_days: int | None = Field(None, ge=1, le=3650)
    also_ended: bool = False
    cursor: UUID | None = None
    limit: int = Field(MOST_LISTED, ge=1, le=MOST_LISTED)


class User(Value):
    """Somebody who holds or held a right."""

    user: UserId
    user_number: UUID
    name: Name | None = None
    signed_in_at: AwareDatetime | None = None
    grants_in_force: int = Field(ge=0)


class Users(Value):
    """A page of users."""

    users: tuple[User, ...]
    next_cursor: UUID | None = None


class ListUsers(Request[Users], type="access.list_users.v1", act="view", data=("rights",)):
    """The users to whom the acting organisation gave rights, or who are its own staff."""

    cursor: UUID | None = None
    limit: int = Field(MOST_LISTED, ge=1, le=MOST_LISTED)
