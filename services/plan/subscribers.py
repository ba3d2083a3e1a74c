"""The doors of the plan service: what it answers, and what it hears."""

from collections.abc import Mapping
from typing import Any

from contracts.customer.state import CustomerState
from contracts.envelope import Event, Request
from contracts.topology import CUSTOMER_STATES
from services.kit.projection import Projection
from services.kit.work import Handler
from services.plan.tables import CUSTOMER_VIEW

REQUESTS: Mapping[type[Request[Any]], Handler] = {}
INPUT: Mapping[type[Event], Handler] = {}


def view_of(state: CustomerState) -> dict[str, Any]:
    """What `customer_view` keeps of a customer's state."""
    return {
        "open_municipalities": sorted({each.municipality for each in state.relationships if each.state == "open"}),
        "merged_into": state.merged_into,
    }


PROJECTIONS = (Projection(CUSTOMER_VIEW, view_of, of=CUSTOMER_STATES),)
