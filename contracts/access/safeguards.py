"""Customers withheld from users, emergency access, and the notices of those who watch."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from contracts.access.rights import MOST_LISTED
from contracts.envelope import ActEvent, Request
from contracts.types import CustomerId, Value
from contracts.usage import Organisation, UserId

Reason = Annotated[
    str,
    StringConstraints(min_length=10, max_length=2000, pattern=r"^[^\x00]*$", strip_whitespace=True),
    Field(examples=["The customer collapsed, and the ambulance asks."]),
]


class Withheld(Value):
    """A customer whom one user, or all of the municipality but some, may not handle."""

    withheld_id: UUID
    customer_id: CustomerId
    ground: Literal["family", "colleague"]
    user: UserId | None = None
    released: tuple[UserId, ...] = ()
    withheld_at: AwareDatetime


class WithheldCustomers(Value):
    """Those that the acting municipality withholds now."""

    withheld: tuple[Withheld, ...]
    next_cursor: UUID | None = None


class ListWithheld(Request[WithheldCustomers], type="access.list_withheld.v1", act="view", data=("rights",)):
    """Whom the acting municipality withholds, and who was released to handle them."""

    cursor: UUID | None = None
    limit: int = Field(MOST_LISTED, ge=1, le=MOST_LISTED)


class WithheldChanged(Value):
    """The withholding that was made, changed or ended."""

    withheld_id: UUID


class WithholdCustomer(
    Request[WithheldChanged], type="access.withhold_customer.v1", changes=True, act="administer", data=("rights",)
):
    """Keep a customer from a user's sight, or from all of the municipality's: nobody handles the own family's case."""

    customer_id: CustomerId
    ground: Literal["family", "colleague"]
    user: UserId | None = Field(None, description="from this user; null: from all but those released")


class ReleaseCustomer(
    Request[WithheldChanged], type="access.release_customer.v1", changes=True, act="administer", data=("rights",)
):
    """Let a user handle a customer who is withheld from all, or everybody when no user is named."""

    withheld_id: UUID
    user: UserId | None = None


class EmergencyOpened(Value):
    """A customer that the acting user may view until then."""

    emergency_id: UUID
    ends_at: AwareDatetime


class OpenEmergencyAccess(
    Request[EmergencyOpened],
    type="access.open_emergency_access.v1",
    changes=True,
    act="break_glass",
    data=("existence",),
):
    """View a customer whose life or health is in danger, for a few hours; the supervisor is told."""

    customer_id: CustomerId
    reason: Reason


class EmergencyAccessOpened(ActEvent, type="access.emergency_access_opened.v1", data=("rights",)):
    """Somebody opened a customer in an emergency. Why, the usage log alone knows."""

    SUBJECT = "emergency_id"

    emergency_id: UUID
    customer_id: CustomerId
    organisation: Organisation
    user: UserId
    ends_at: AwareDatetime


class Notice(Value):
    """Something to look at, told to all who hold a role in an organisation."""

    notice_id: UUID
    kind: Literal["grant_ends", "review_due", "emergency_access"]
    grant_id: UUID
    customer_id: CustomerId | None = Field(None, description="of an emergency access")
    due_at: AwareDatetime = Field(description="when the right ends, the review is due, or the emergency access ends")
    created_at: AwareDatetime
    seen_at: AwareDatetime | None = None
    seen_by: UserId | None = None


class Notices(Value):
    """A page of notices."""

    notices: tuple[Notice, ...]
    next_cursor: UUID | None = None


class ListNotices(Request[Notices], type="access.list_notices.v1", act="view", data=("rights",)):
    """What those of the acting role in the acting organisation should look at, the newest first."""

    also_seen: bool = False
    cursor: UUID | None = None
    limit: int = Field(MOST_LISTED, ge=1, le=MOST_LISTED)


class NoticeSeen(Value):
    """The notice that was seen."""

    notice_id: UUID


class MarkNoticeSeen(
    Request[NoticeSeen], type="access.mark_notice_seen.v1", changes=True, act="view", data=("rights",)
):
    """Tell that a notice was looked at."""

    notice_id: UUID
