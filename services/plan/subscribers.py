"""The doors of the plan service: what it answers, and what it hears."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.access.teams import TeamChanged
from contracts.customer.state import CustomerState
from contracts.envelope import Event, Request
from contracts.plan.due_dates import GetCustomerDueDates, GetDueDateSettings, ListDue, SetDueDateSettings
from contracts.topology import CUSTOMER_STATES
from services.kit.projection import Projection
from services.kit.service import Background
from services.kit.work import Handler
from services.plan.handlers import due_dates
from services.plan.tables import CUSTOMER_VIEW, TEAM_VIEW

REQUESTS: Mapping[type[Request[Any]], Handler] = {
    GetCustomerDueDates: due_dates.get_customer_due_dates,
    ListDue: due_dates.list_due,
    GetDueDateSettings: due_dates.get_due_date_settings,
    SetDueDateSettings: due_dates.set_due_date_settings,
}
INPUT: Mapping[type[Event], Handler] = {}


def view_of(state: CustomerState) -> dict[str, Any]:
    """What `customer_view` keeps of a customer's state."""
    return {
        "open_municipalities": sorted({each.municipality for each in state.relationships if each.state == "open"}),
        "merged_into": state.merged_into,
    }


def team_of(state: TeamChanged) -> dict[str, Any]:
    """What `team_view` keeps of a team."""
    return state.model_dump(include={"organisation", "members", "ended"})


PROJECTIONS = (
    Projection(CUSTOMER_VIEW, view_of, of=CUSTOMER_STATES),
    Projection(TEAM_VIEW, team_of, of=(TeamChanged,)),
)
BACKGROUND: Sequence[Background] = (due_dates.watch,)
