"""What the customer service publishes and answers."""

from contracts.customer import open_matters, people, search, state, transfers  # noqa: F401 - importing declares their messages
