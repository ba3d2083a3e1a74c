"""Working operations off by hand, in tests that have no service running."""

from typing import Any
from uuid import UUID

from contracts.customer.operations import GetOperation, Operation
from contracts.customer.outreach import (
    AddOutreachRows,
    BeginOutreachImport,
    FinishOutreachImport,
    ListedTarget,
    ListOutreachTargets,
    OutreachRow,
)
from services.customer.handlers.working import work_once
from services.customer.subscribers import WORKERS
from services.kit.actor import Actor
from tests.customer.conftest import CustomerService
from tests.support import EXPERT_TAMPERE

SOMEBODY = {
    "family_name": "Esimerkki",
    "given_name": "Aamu",
    "date_of_birth": "1994-05-01",
    "ground": "home_care_allowance",
    "first_permit_on": "2025-03-01",
}


def somebody(**more: str) -> OutreachRow:
    """A row of a list, and what a test adds."""
    return OutreachRow.model_validate(SOMEBODY | more)


async def worked_off(
    customers: CustomerService, operation_id: UUID, actor: Actor = EXPERT_TAMPERE, **page: Any
) -> Operation:
    """The operation once nothing is left to do."""
    while await work_once(customers.unit_of_work, WORKERS):
        pass
    return await customers.ask(GetOperation(operation_id=operation_id, **page), actor)


async def added(
    customers: CustomerService,
    *rows: OutreachRow,
    source: str = "benefit_institution",
    actor: Actor = EXPERT_TAMPERE,
    dry_run: bool = False,
) -> UUID:
    """An import with these rows, finished and not yet worked off."""
    begun = await customers.ask(BeginOutreachImport(source=source, dry_run=dry_run), actor)
    for first in range(0, len(rows), 1000):
        some = rows[first : first + 1000]
        await customers.ask(AddOutreachRows(operation_id=begun.operation_id, first_row=first + 1, rows=some), actor)
    await customers.ask(FinishOutreachImport(operation_id=begun.operation_id, rows=len(rows)), actor)
    return begun.operation_id


async def imported(customers: CustomerService, *rows: OutreachRow, **how: Any) -> Operation:
    """The same, worked off."""
    operation_id = await added(customers, *rows, **how)
    return await worked_off(customers, operation_id, how.get("actor", EXPERT_TAMPERE))


async def listed(customers: CustomerService, actor: Actor = EXPERT_TAMPERE, **asked: Any) -> list[ListedTarget]:
    """Whom the list of the actor's municipality shows."""
    return list((await customers.ask(ListOutreachTargets(**asked), actor)).targets)
