"""What services reply to each request that the gateway puts: something that is right, and no more."""

from typing import Any

from pydantic import BaseModel

from contracts.envelope import Request
from tests.gateway.replies import access, assessments, contacts, people, plans, programme, transfers

REPLIES: dict[type[Request[Any]], BaseModel] = {
    **people.REPLIES,
    **transfers.REPLIES,
    **contacts.REPLIES,
    **assessments.REPLIES,
    **plans.REPLIES,
    **programme.REPLIES,
    **access.REPLIES,
}
