"""Operations on many customers: begun by a request, worked off in the background; and the list of customers."""

from uuid import UUID

from contracts.access.rights import user_number
from contracts.customer.operations import (
    AssignCustomers,
    CustomerList,
    GetOperation,
    ListCustomers,
    ListedCustomer,
    Operation,
    OperationStarted,
    UndoOperation,
)
from contracts.usage import DataUsed
from services.customer.repository import lists
from services.customer.repository import operations as repository
from services.customer.repository.reach import card
from services.customer.rules import operations as rules
from services.kit.errors import Conflict, Forbidden, InvalidInput, check_input
from services.kit.work import Work

_MOST_IN_LINE = next(
    each.max_length for each in DataUsed.model_fields["customers"].metadata if hasattr(each, "max_length")
)


async def assign_customers(message: AssignCustomers, work: Work) -> OperationStarted:
    """Begins to make a user responsible for customers. Whom the asker does not reach is a rejected row."""
    if not work.rights.allows("relationship", work.rights.related):
        raise Forbidden("The role does not allow this.")
    if done := await work.outcome_of_repeat(OperationStarted):
        return done
    check_input(rules.broken_by_assigning(message))
    if message.all_of:
        asked = await lists.all_of(work, message.all_of)
        found = {each: each for each in asked}
    else:
        asked = list(dict.fromkeys(message.customer_ids or ()))
        found = await lists.those_reached(work, asked)
    municipality = work.actor.municipality
    told = {"responsible": message.responsible and str(message.responsible), "why": message.why}
    operation_id = await repository.begin(work, "assign", municipality, told, state="running")
    rows = [
        {"row": row, "customer_id": found[each]}
        if each in found
        else {"row": row, "state": "rejected", "errors": [rules.not_found(row).model_dump()]}
        for row, each in enumerate(asked, 1)
    ]
    await repository.add_rows(work, operation_id, municipality, rows)
    await repository.set_off(work, operation_id)
    named = sorted(set(found.values()))
    for first in range(0, len(named) or 1, _MOST_IN_LINE):
        work.record_use(named[first : first + _MOST_IN_LINE], ["relationship"], relation=work.rights.related)
    return OperationStarted(operation_id=operation_id)


async def get_operation(message: GetOperation, work: Work) -> Operation:
    """How far an operation of the municipality is, and a page of the rows that it rejected."""
    check_own_municipality(work, "operation")
    known = await repository.get(work, message.operation_id, message.after_row, message.limit)
    told = await repository.customers_told(work, message.operation_id, _MOST_IN_LINE)
    work.record_use(told, ["operation"], relation="none")
    return known


async def undo_operation(message: UndoOperation, work: Work) -> OperationStarted:
    """Begins to take back what an import made and nobody has acted on."""
    check_own_municipality(work, "outreach")
    if done := await work.outcome_of_repeat(OperationStarted):
        return done
    known = await repository.lock(work, message.operation_id)
    if known.kind != "outreach_import" or known.dry_run or known.state != "done":
        raise Conflict("Only an import that is done, and made something, can be undone.")
    await repository.undo(work, message.operation_id)
    work.record_use(data=["outreach"], relation="none", found=known.done)
    return OperationStarted(operation_id=message.operation_id)


async def list_customers(message: ListCustomers, work: Work) -> CustomerList:
    """The municipality's customers by name or by the day they came; what the asker may not see is left out."""
    relation = work.rights.related
    if not work.rights.allows("identity", relation):
        raise Forbidden("The right does not cover lists of customers.")
    shown = {data for data in ("language", "relationship") if work.rights.allows(data, relation)}
    if errors := rules.broken_by_listing(message, shown):
        raise Forbidden(errors=errors)
    wanted = user_number(work.actor.user) if message.responsible == "me" else message.responsible
    found = await lists.list_customers(work, message, wanted if isinstance(wanted, UUID) else None)
    if found is None:
        raise InvalidInput(errors=[rules.outdated_cursor()])
    rows, more = found
    work.record_use(
        [row.customer_id for row in rows],
        ["identity", *shown],
        relation=relation,
        found=len(rows),
        sealed=message.model_dump(mode="json", exclude_none=True, exclude={"cursor", "limit"}),
    )
    return CustomerList(
        customers=tuple(
            ListedCustomer(
                **card(row),
                **({"service_language": row.service_language} if "language" in shown else {}),
                **(
                    {"arrival": row.arrival, "started_on": row.started_on, "responsible": row.responsible}
                    if "relationship" in shown
                    else {}
                ),
            )
            for row in rows
        ),
        next_cursor=more,
    )


def check_own_municipality(work: Work, data: str) -> None:
    """Raises Forbidden unless the actor may use these data of the whole municipality that he or she works for."""
    actor = work.actor
    if not work.rights.allows(data, "none") or actor.granted_by or actor.customers is not None or actor.is_service:
        raise Forbidden("Only those who work for the municipality, with all of its customers, may do this.")
