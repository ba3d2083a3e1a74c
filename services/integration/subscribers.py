"""The doors of the integration service: partners', and what it hears of their matters. Nobody asks it anything."""

from collections.abc import Mapping
from typing import Any

from contracts.envelope import Event, Request
from services.integration import telling
from services.integration.door import keep_door
from services.integration.errands import ERRANDS
from services.integration.tellings import TELLINGS
from services.kit.service import Background
from services.kit.work import Handler

REQUESTS: Mapping[type[Request[Any]], Handler] = {}
INPUT: Mapping[type[Event], Handler] = dict.fromkeys((each.event for each in TELLINGS.values()), telling.matter_changed)
BACKGROUND: tuple[Background, ...] = (keep_door(ERRANDS),)
