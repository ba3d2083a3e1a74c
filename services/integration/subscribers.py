"""The doors of the integration service: which message of a partner is which errand. Nobody asks it anything."""

from collections.abc import Mapping
from typing import Any

from contracts.envelope import Event, Request
from contracts.partners import FromPartner
from contracts.partners.messages import ServiceNeedContact
from services.integration.door import keep_door
from services.integration.handlers import Errand, contact_of
from services.kit.service import Background
from services.kit.work import Handler

REQUESTS: Mapping[type[Request[Any]], Handler] = {}
INPUT: Mapping[type[Event], Handler] = {}
ERRANDS: dict[type[FromPartner], Errand] = {ServiceNeedContact: Errand(contact_of, data_is_at="/report")}
BACKGROUND: tuple[Background, ...] = (keep_door(ERRANDS),)
