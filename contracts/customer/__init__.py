"""What the customer service publishes and answers."""

from contracts.customer import (  # noqa: F401 - importing declares their messages
    contacts,
    families,
    people,
    search,
    state,
)
