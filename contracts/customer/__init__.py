"""What the customer service publishes and answers."""

from contracts.customer import contacts, people, search, state  # noqa: F401 - importing declares their messages
