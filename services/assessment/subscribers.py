"""The doors of the assessment service: which message goes to which handler."""

from collections.abc import Mapping
from typing import Any

from contracts.assessment.state import GetCustomerAssessments
from contracts.customer.state import CustomerState
from contracts.envelope import Event, Request
from contracts.topology import CUSTOMER_STATES
from services.assessment.handlers import consider, get_customer_assessments
from services.assessment.tables import customer_view
from services.kit.projection import Projection
from services.kit.work import Handler

REQUESTS: Mapping[type[Request[Any]], Handler] = {GetCustomerAssessments: get_customer_assessments}
INPUT: Mapping[type[Event], Handler] = dict.fromkeys(CUSTOMER_STATES, consider)


def view_of(state: CustomerState) -> dict[str, Any]:
    """What `customer_view` keeps of a customer's state."""
    return {
        "open_municipalities": sorted({each.municipality for each in state.relationships if each.state == "open"}),
        "merged_into": state.merged_into,
    }


PROJECTIONS = (Projection(customer_view, view_of, of=CUSTOMER_STATES),)
