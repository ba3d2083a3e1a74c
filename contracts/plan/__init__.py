"""What the plan service publishes and answers: integration plans, the programme they pick from, and what is due."""

from contracts.plan import (  # noqa: F401 - importing declares their messages
    documents,
    due_dates,
    implementation,
    plans,
    programme,
    referrals,
    state,
)
