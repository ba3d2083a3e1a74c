"""Which customers the asker reaches, as far as the plan service knows of them."""

from uuid import UUID

from sqlalchemy import ColumnElement, any_, false, literal, select

from services.kit.errors import NotFound
from services.kit.rights import MUNICIPALITY, Reach, record_reached, within
from services.kit.work import Work
from services.plan.tables import CUSTOMER_VIEW


def reached(reach: Reach) -> ColumnElement[bool]:
    """The condition that a row of `customer_view` is reached; a relationship that has ended gives no right here."""
    related = any_(CUSTOMER_VIEW.c.open_municipalities) == MUNICIPALITY
    return within(reach, CUSTOMER_VIEW.c.customer_id, related, false(), CUSTOMER_VIEW)


async def kept_id(work: Work, customer_id: UUID, data: str = "plan") -> UUID:
    """The id of the record kept of a customer whom the asker reaches, of an alias that of its record; else NotFound."""
    query = select(record_reached(work.rights.reach(data), literal(customer_id), CUSTOMER_VIEW))
    found: UUID | None = (await work.connection.execute(query, work.rights.values)).scalar()
    if found is None:
        work.rights.refuse_in_emergency(customer_id, data)
        raise NotFound("No such customer of this organisation is known here; a new one is known in a moment.")
    return found
