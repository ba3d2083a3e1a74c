"""What is open of a customer, and must be dealt with before the client relationship ends."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.envelope import Request
from contracts.types import CustomerId, Day, Value


class OpenMatter(Value):
    """A matter that somebody must still do something about; a plan is to be reviewed, handed on or ended."""

    kind: Literal["transfer", "plan_review", "assessment"]
    matter_id: UUID = Field(description="of the transfer, the assessment or the plan")
    since: AwareDatetime | None = Field(None, description="null: from before it was told")
    due_on: Day | None = None
    may_be_acknowledged: bool = Field(description="whether the relationship may end though it is open")


class OpenMatters(Value):
    """All that is open of one customer, for the acting municipality."""

    matters: tuple[OpenMatter, ...]


class GetOpenMatters(Request[OpenMatters], type="customer.get_open_matters.v1", act="close", data=("relationship",)):
    """What is open of one of the acting municipality's customers."""

    customer_id: CustomerId
