"""Every message contract there is, by type. Importing this module imports every contract."""

from typing import Any

from contracts import access, assessment, customer, plan, records  # noqa: F401 - importing declares their messages
from contracts.envelope import MESSAGE_TYPES, Event, Message, Request
from contracts.partners import FromPartner
from contracts.partners import measures as _measures  # noqa: F401
from contracts.partners import messages as _messages  # noqa: F401
from contracts.partners import outreach as _outreach  # noqa: F401
from contracts.partners import participations as _participations  # noqa: F401
from contracts.partners import referrals as _referrals  # noqa: F401
from contracts.partners import transfers as _transfers  # noqa: F401


def message_types() -> dict[str, type[Message]]:
    """All contracts by type, in the order of their names."""
    return dict(sorted(MESSAGE_TYPES.items()))


def events() -> list[type[Event]]:
    """All event contracts."""
    return [model for model in message_types().values() if issubclass(model, Event)]


def requests() -> list[type[Request[Any]]]:
    """All request contracts; each names its reply model in REPLY."""
    return [model for model in message_types().values() if issubclass(model, Request)]


def from_partners() -> list[type[FromPartner]]:
    """All contracts of what partners write."""
    return [model for model in message_types().values() if issubclass(model, FromPartner)]


def find(type: str) -> type[Message] | None:
    """The contract of that type, or None when we do not know it."""
    return MESSAGE_TYPES.get(type)
