"""What is known of customers that the duty to assess depends on, each fact by the newest event that told it."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from contracts.customer.state import CustomerCircumstances, CustomerState
from services.assessment.tables import circumstances, considered
from services.kit.work import Work


def facts_of(state: CustomerState) -> dict[str, Any]:
    """What is kept of a customer's state: no more than the duty to assess depends on."""
    return state.model_dump(
        mode="json",
        include={
            "customer_id": True,
            "relationships": {"__all__": {"municipality", "state", "arrival"}},
            "first_permit_on": True,
            "three_year_limit_applies": True,
            "integration_act_groups": True,
            "merged_into": True,
        },
    )


async def note_state(work: Work, state: CustomerState) -> bool:
    """Whether the state event being handled is the newest of its customer. Locks the customer's row until the end."""
    told = {"customer_id": state.customer_id, "sequence": work.sequence, "facts": facts_of(state)}
    return bool((await work.connection.execute(_NOTE_STATE, told)).rowcount)


async def note_circumstances(work: Work, told: CustomerCircumstances) -> bool:
    """The same of circumstances, which come in an order of their own."""
    await lock(work, told.customer_id)
    row = told.model_dump() | {"sequence": work.sequence}
    return bool((await work.connection.execute(_NOTE_CIRCUMSTANCES, row)).rowcount)


async def lock(work: Work, customer_id: UUID) -> None:
    """Nothing else is made of this customer's facts until the transaction ends, also before the first is told."""
    await work.connection.execute(
        insert(considered).on_conflict_do_nothing(), {"customer_id": customer_id, "sequence": 0}
    )
    await work.connection.execute(_LOCK, {"of_customer": customer_id})


async def state_of(work: Work, customer_id: UUID) -> CustomerState | None:
    """The newest state; None when none was told."""
    facts = (await work.connection.execute(_STATE, {"of_customer": customer_id})).scalar()
    return CustomerState.model_validate(facts) if facts else None


async def circumstances_of(work: Work, customer_id: UUID) -> CustomerCircumstances | None:
    """The newest circumstances; None when none were told."""
    row = (await work.connection.execute(_CIRCUMSTANCES, {"of_customer": customer_id})).first()
    return CustomerCircumstances.model_validate(row, from_attributes=True) if row else None


# Statements of every event are built once: building one takes SQLAlchemy longer than running it takes PostgreSQL.
_note_state = insert(considered)
_NOTE_STATE = _note_state.on_conflict_do_update(
    index_elements=[considered.c.customer_id],
    set_={"sequence": _note_state.excluded.sequence, "facts": _note_state.excluded.facts},
    where=considered.c.sequence < _note_state.excluded.sequence,
)
_note_circumstances = insert(circumstances)
_NOTE_CIRCUMSTANCES = _note_circumstances.on_conflict_do_update(
    index_elements=[circumstances.c.customer_id],
    set_={each.name: _note_circumstances.excluded[each.name] for each in circumstances.c if not each.primary_key},
    where=circumstances.c.sequence < _note_circumstances.excluded.sequence,
)
_LOCK = select(considered.c.customer_id).where(considered.c.customer_id == bindparam("of_customer")).with_for_update()
_STATE = select(considered.c.facts).where(considered.c.customer_id == bindparam("of_customer"))
_CIRCUMSTANCES = select(circumstances).where(circumstances.c.customer_id == bindparam("of_customer"))
