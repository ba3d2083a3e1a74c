"""Questions to the usage log (906/2019 17 §): who saw this customer, what did this user see, who looked up whom."""

from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import Request
from contracts.types import (
    Code,
    CustomerId,
    Day,
    LanguageCode,
    MunicipalityCode,
    Name,
    PersonalIdentityCode,
    PhoneNumber,
    Value,
)
from contracts.usage import Organisation, UserId

USAGE_CURSOR_PATTERN = r"^[0-9]{1,16}\.[0-9]{1,18}$"
MOST_LINES = 40
"""Lines in a page: so many with the longest reasons are still one message."""


class UsageLine(Value):
    """One use of customers' data, or a refusal, as the log holds it."""

    position: int = Field(ge=1, description="in the chain")
    occurred_at: AwareDatetime
    outcome: Literal["done", "denied"]
    act: Code
    request: str
    user: UserId
    organisation: Organisation
    role: Code
    grant: UUID | None = None
    granted_by: MunicipalityCode | None = None
    task: Code | None = None
    purpose: Code | None = None
    legal_basis: str | None = None
    relation: Code | None = None
    customers: tuple[CustomerId, ...] = ()
    data: tuple[Code, ...] = ()
    found: int | None = None
    told: Any = Field(None, description="what was asked, or the reason given, in its own words")
    trace_id: str | None = None


class UsageLines(Value):
    """Lines of the usage log that the asker may see, newest first, a page at a time."""

    lines: tuple[UsageLine, ...]
    next_cursor: str | None = Field(None, description="where the next page begins; null on the last")


class UsageQuestion(Value):
    """Which page of the answer."""

    cursor: str | None = Field(
        None, pattern=USAGE_CURSOR_PATTERN, examples=[None], description="next_cursor of the page before"
    )
    limit: int = Field(MOST_LINES, ge=1, le=MOST_LINES)


class FindUsageOfCustomer(
    UsageQuestion,
    Request[UsageLines],
    type="access.find_usage_of_customer.v1",
    act="investigate",
    data=("usage_log",),
):
    """Who used one customer's data, or tried to, and why."""

    customer_id: CustomerId


class FindUsageByUser(
    UsageQuestion, Request[UsageLines], type="access.find_usage_by_user.v1", act="investigate", data=("usage_log",)
):
    """What one user saw, did and was refused."""

    user: UserId


class FindSearches(
    UsageQuestion, Request[UsageLines], type="access.find_searches.v1", act="investigate", data=("usage_log",)
):
    """Who looked a person up: by one of the four or more; a search is found that asked all that are given."""

    name: Name | None = Field(None, examples=["Aamu Esimerkki"], description="whole names, in any order")
    date_of_birth: Day | None = None
    personal_identity_code: PersonalIdentityCode | None = None
    phone: PhoneNumber | None = None


class NamedCode(Value):
    """A code, and what it means in the language of the answer."""

    code: Code
    name: str


class OwnUsageLine(Value):
    """One use of one's own data: by whom, when, what and for what."""

    occurred_at: AwareDatetime
    organisation: NamedCode
    role: NamedCode
    act: NamedCode
    data: tuple[NamedCode, ...]
    purpose: NamedCode | None = None


class OwnUsage(Value):
    """Who used one's own data, newest first, a page at a time."""

    language: LanguageCode = Field(description="of the names: the first of those asked for that there is")
    verified: bool = Field(description="whether a speaker of the language has checked the translation")
    lines: tuple[OwnUsageLine, ...]
    next_cursor: str | None = Field(None, description="where the next page begins; null on the last")


class GetOwnUsage(UsageQuestion, Request[OwnUsage], type="access.get_own_usage.v1", act="view", data=("usage_log",)):
    """The customer's own view: who used my data, when and for what (EU 2016/679 art. 15)."""

    languages: tuple[LanguageCode, ...] = Field((), max_length=20, description="the best first; else Finnish")
