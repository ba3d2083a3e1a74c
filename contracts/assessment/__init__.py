"""What the assessment service publishes and answers: assessments of skills and integration service needs (14 §)."""

from contracts.assessment import (  # noqa: F401 - importing declares their messages
    cases,
    county_sections,
    documents,
    interviews,
    measures,
    measures_for_partners,
    participations,
    state,
    topics,
)
