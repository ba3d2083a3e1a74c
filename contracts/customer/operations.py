"""Operations: one act on many rows, with its progress, and the customers of a municipality as a list."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from contracts.customer.people import Arrival, CustomerCard
from contracts.envelope import FieldError, Request
from contracts.types import Code, CustomerId, Day, LanguageCode, Text, Value

MOST_ASSIGNED = 1000
MOST_REJECTED = 100
MOST_CUSTOMERS_LISTED = 50


class OperationStarted(Value):
    """The operation that does it: ask for its progress."""

    operation_id: UUID


class AssignCustomers(
    Request[OperationStarted],
    type="customer.assign_customers.v1",
    changes=True,
    act="change",
    data=("relationship",),
):
    """Make a user responsible for customers of the acting municipality: those named, or all of another user."""

    customer_ids: tuple[CustomerId, ...] | None = Field(None, min_length=1, max_length=MOST_ASSIGNED)
    all_of: UUID | None = Field(None, description="the number of the user who is responsible for them until now")
    responsible: UUID | None = Field(description="the number of the user (user_number); null: nobody")
    why: Text | None = None


class RejectedRow(Value):
    """A row that nothing was done with, and why. Values are not repeated."""

    row: int = Field(ge=1, description="its number, from 1")
    errors: tuple[FieldError, ...]


class Operation(Value):
    """How far an operation has come."""

    operation_id: UUID
    kind: Literal["assign", "outreach_import"]
    state: Literal["receiving", "running", "done", "undoing", "undone"]
    dry_run: bool = Field(False, description="whether it only tells what it would do")
    total: int = Field(ge=0, description="rows in all")
    done: int = Field(ge=0, description="rows done")
    rejected: int = Field(ge=0, description="rows that nothing was done with")
    undone: int = Field(0, ge=0, description="rows taken back")
    stayed: int = Field(0, ge=0, description="rows not taken back, for somebody has acted on them")
    outcomes: dict[str, int] = Field({}, description="how many of the rows done came to what")
    started_by: str
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    rejected_rows: tuple[RejectedRow, ...] = Field((), description="a page of them, by number")
    next_row: int | None = Field(None, description="`after_row` of the next page of rejected rows; null on the last")


class GetOperation(Request[Operation], type="customer.get_operation.v1", act="view", data=("operation",)):
    """The progress of an operation of the acting municipality, and a page of the rows that it rejected."""

    operation_id: UUID
    after_row: int = Field(0, ge=0, le=1_000_000_000)
    limit: int = Field(MOST_REJECTED, ge=1, le=MOST_REJECTED)


class UndoOperation(
    Request[OperationStarted], type="customer.undo_operation.v1", changes=True, act="change", data=("outreach",)
):
    """Take back what an import made and nobody has acted on since; progress as of any operation."""

    operation_id: UUID


class ListedCustomer(CustomerCard):
    """A customer as the list shows it; what the asker may not see is left out."""

    service_language: LanguageCode | None = None
    arrival: Arrival | None = None
    started_on: Day | None = None
    responsible: UUID | None = Field(None, description="the number of the user who is responsible")


class CustomerList(Value):
    """A page of the municipality's customers."""

    customers: tuple[ListedCustomer, ...]
    next_cursor: UUID | None = Field(None, description="where the next page begins; null on the last")


class ListCustomers(
    Request[CustomerList],
    type="customer.list_customers.v1",
    act="view",
    data=("identity", "language", "relationship"),
):
    """The acting municipality's customers whom the asker may see: all, or those for whom all that is given holds."""

    responsible: UUID | Literal["me", "none"] | None = Field(None, description="the number of a user, me, or none")
    arrival: Code | None = Field(None, examples=["outreach"])
    language: LanguageCode | None = Field(None, description="service language")
    sort: Literal["name", "newest"] = "name"
    cursor: UUID | None = Field(None, examples=[None], description="next_cursor of the page before")
    limit: int = Field(MOST_CUSTOMERS_LISTED, ge=1, le=MOST_CUSTOMERS_LISTED)
