"""The plan service's tables: the backbone and who may read here, the rest by capability."""

from services.plan.tables import (  # noqa: F401 - importing declares its tables
    due_dates,
    facts,
    plans,
    programme,
    referrals,
)
from services.plan.tables.base import BACKBONE, CUSTOMER_VIEW, METADATA, TEAM_VIEW

__all__ = ["BACKBONE", "CUSTOMER_VIEW", "METADATA", "TEAM_VIEW"]
