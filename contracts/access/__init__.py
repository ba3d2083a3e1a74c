"""What the access service publishes and answers: who holds which rights, the usage log, and what is odd in it."""

from contracts.access import (  # noqa: F401 - importing declares their messages
    anomalies,
    organisations,
    rights,
    safeguards,
    teams,
    usage_log,
)
