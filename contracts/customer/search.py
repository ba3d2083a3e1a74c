"""Looking for people."""

from pydantic import Field

from contracts.customer.people import CustomerCard
from contracts.envelope import Request
from contracts.types import (
    Code,
    CustomerId,
    Day,
    Name,
    PersonalIdentityCode,
    PhoneNumber,
    Text,
    Value,
)


class CustomerHit(CustomerCard):
    """One customer that a search found."""

    matched_former_name: bool = Field(False, description="whether the name asked for is partly or wholly a former one")
    matched_former_code: bool = Field(False, description="whether the identity code asked for is a former one")


class CustomersFound(Value):
    """Customers that match all that was asked for, the best first, a page at a time."""

    hits: tuple[CustomerHit, ...]
    next_cursor: str | None = Field(None, description="where the next page begins; null on the last")
    known_elsewhere: bool = Field(
        False, description="the identity code is that of another municipality's customer: a transfer can be asked for"
    )
    purpose_needed: bool = Field(
        False, description="nothing here: state a purpose to hear whether the identity code is known elsewhere"
    )


SEARCH_CURSOR_PATTERN = r"^[0-9]{1,7}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

MOST_HITS = 50


class SearchCustomers(
    Request[CustomersFound], type="customer.search_customers.v1", act="search", data=("identity", "existence")
):
    """Look for customers of the acting municipality: by one of the four or more; all that are given must match.

    Whether a whole identity code is known elsewhere is looked up only for a stated purpose (906/2019 23 §).
    """

    name: Name | None = Field(
        None, examples=["Muhammad Esim"], description="names or their beginnings, present or former, in any order"
    )
    date_of_birth: Day | None = None
    personal_identity_code: PersonalIdentityCode | None = None
    phone: PhoneNumber | None = None
    purpose: Code | None = Field(
        None, examples=["initial_assessment"], description="why to look beyond the own customers: purposes_of_use"
    )
    cursor: str | None = Field(
        None, pattern=SEARCH_CURSOR_PATTERN, examples=[None], description="next_cursor of the page before"
    )
    limit: int = Field(20, ge=1, le=MOST_HITS)


class OwnRecord(Value):
    """The customer with an identity code, if there is one."""

    customer_id: CustomerId | None


class FindOwnRecord(Request[OwnRecord], type="customer.find_own_record.v1", act="view", data=("existence",)):
    """Which customer the person is who signs in; asked by the gateway, of a code that the issuer vouches for."""

    personal_identity_code: PersonalIdentityCode


class FindForEmergency(
    Request[OwnRecord], type="customer.find_for_emergency.v1", act="break_glass", data=("existence",)
):
    """Whom an emergency is about, whoever's customer: before emergency access to him or her is opened."""

    personal_identity_code: PersonalIdentityCode
    reason: Text = Field(min_length=10, examples=["Found unconscious, the hospital asks for next of kin"])
