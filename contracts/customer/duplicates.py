"""Records of one person: found before a second one is opened, suspected afterwards, merged, and parted again."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.customer.people import PERSON_DATA, Customer, CustomerVersion
from contracts.envelope import Request
from contracts.types import (
    Code,
    CountryCode,
    CustomerId,
    Day,
    PersonalIdentityCode,
    PersonName,
    PhoneNumber,
    Value,
    Words,
)

Likelihood = Literal["sure", "probable", "possible"]
MOST_CANDIDATES = 10
MOST_PAIRS = 20
PAIR_CURSOR_PATTERN = r"^[0-9]{1,4}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
Why = Annotated[Words, Field(examples=["The same residence permit card"])]


class Likeness(Value):
    """How likely two records are of one person, what speaks for it and what against it, by code."""

    likelihood: Likelihood
    reasons: tuple[Code, ...] = Field(examples=[["name_spelled_otherwise", "date_of_birth"]])
    against: tuple[Code, ...] = Field((), examples=[["other_citizenship"]])


class DuplicateCandidate(Likeness):
    """A customer who may be the person asked for, as the asker may see him or her."""

    customer: Customer


class DuplicatesFound(Value):
    """The likeliest first, at most ten."""

    candidates: tuple[DuplicateCandidate, ...]


class FindDuplicates(Request[DuplicatesFound], type="customer.find_duplicates.v1", act="search", data=PERSON_DATA):
    """The acting municipality's customers who may be this person: asked before a customer is opened."""

    name: PersonName
    date_of_birth: Day
    personal_identity_code: PersonalIdentityCode | None = None
    citizenships: tuple[CountryCode, ...] = Field((), max_length=10)
    phone: PhoneNumber | None = None
    email: Annotated[str, StringConstraints(max_length=254)] | None = Field(None, examples=["aamu@example.org"])
    first_permit_on: Day | None = None


class SuspectedPair(Likeness):
    """Two customers who may be one person, side by side, as the asker may see them."""

    pair_id: UUID
    customers: tuple[Customer, ...] = Field(min_length=2, max_length=2)


class SuspectedDuplicates(Value):
    """Pairs that nobody has decided, the likeliest first, a page at a time."""

    pairs: tuple[SuspectedPair, ...]
    next_cursor: str | None = Field(None, description="where the next page begins; null on the last")


class ListSuspectedDuplicates(
    Request[SuspectedDuplicates], type="customer.list_suspected_duplicates.v1", act="merge", data=PERSON_DATA
):
    """The acting municipality's work list of customers who may be one person."""

    cursor: str | None = Field(
        None, pattern=PAIR_CURSOR_PATTERN, examples=[None], description="next_cursor of the page before"
    )
    limit: int = Field(MOST_PAIRS, ge=1, le=MOST_PAIRS)


class Merged(CustomerVersion):
    """The outcome of a merge: the record that is kept, its version, and the merge, by which it can be undone."""

    merge_id: UUID


class MergeCustomers(
    Request[Merged], type="customer.merge_customers.v1", changes=True, act="merge", data=("identity", "relationship")
):
    """Make one record an alias of another: whoever asks for it is answered with the one that is kept."""

    customer_id: CustomerId = Field(description="the record that is kept")
    expected_version: int = Field(ge=1)
    duplicate_id: CustomerId
    duplicate_version: int = Field(ge=1)
    why: Why


class UndoMerge(
    Request[CustomerVersion],
    type="customer.undo_merge.v1",
    changes=True,
    act="merge",
    data=("identity", "relationship"),
):
    """Take an alias away: both records stand as before, and what was changed on the one kept stays there."""

    merge_id: UUID
    why: Why


class PairDecided(Value):
    """The outcome of a decision; of a merge also which record is kept, its version, and the merge."""

    pair_id: UUID
    customer_id: CustomerId | None = None
    version: int | None = None
    merge_id: UUID | None = None


class DecideDuplicate(
    Request[PairDecided],
    type="customer.decide_duplicate.v1",
    changes=True,
    act="merge",
    data=("identity", "relationship"),
):
    """Settle a suspected pair: not the same person, or a merge into the record that is kept."""

    pair_id: UUID
    decision: Literal["not_same_person", "same_person"]
    kept_id: CustomerId | None = Field(None, description="of the same person: the record that is kept")
    expected_version: int | None = Field(None, ge=1, description="of the record that is kept")
    duplicate_version: int | None = Field(None, ge=1, description="of the other record")
    why: Why
