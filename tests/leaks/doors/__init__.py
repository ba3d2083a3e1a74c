"""Every way to ask: each request contract with the ways it can be put, and the operations of the HTTP API.

`test_coverage.py` compares this with the contracts and the OpenAPI document: what is missing here fails there.
"""

from tests.leaks.doors import (
    access,
    assessments,
    background,
    contacts,
    documents,
    families,
    outreach,
    people,
    plans,
    programme,
    transfers,
)
from tests.leaks.doors.door import Door

__all__ = ["DOORS", "WITHOUT_CUSTOMERS", "Door"]

DOORS: tuple[Door, ...] = (
    *people.DOORS,
    *background.DOORS,
    *families.DOORS,
    *transfers.DOORS,
    *contacts.DOORS,
    *outreach.DOORS,
    *assessments.DOORS,
    *plans.DOORS,
    *programme.DOORS,
    *documents.DOORS,
    *access.DOORS,
)
"""Every door that there is."""

WITHOUT_CUSTOMERS = {
    "get_code_lists",
    "get_code_list",
    "get_law_versions",
    "get_law",
    "get_rights",
    "get_session",
    "act",
    "sign_out",
    "sign_out_everywhere",
}
"""Operations of the HTTP API that ask no service anything of a customer: of codes, and of the user's own session."""
