"""What the assessment service publishes and answers: assessments of skills and integration service needs (14 §)."""

from contracts.assessment import cases, interviews, measures, state, topics  # noqa: F401 - importing declares their messages
