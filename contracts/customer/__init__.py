"""What the customer service publishes and answers."""

from contracts.customer import (  # noqa: F401 - importing declares their messages
    background,
    contacts,
    disclosures,
    duplicates,
    families,
    open_matters,
    operations,
    outreach,
    people,
    search,
    state,
    transfers,
)
