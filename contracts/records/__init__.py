"""What the records service publishes and answers: documents, as they were made and kept."""

from contracts.records import documents, state  # noqa: F401 - importing declares their messages
