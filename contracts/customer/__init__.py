"""What the customer service publishes and answers."""

from contracts.customer import duplicates, people, search, state  # noqa: F401 - importing declares their messages
