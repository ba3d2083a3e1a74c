"""Which customers the asker reaches, as far as the plan service knows of them."""

from uuid import UUID

from sqlalchemy import ColumnElement

from services.kit.customer_view import is_reached, kept_id_of
from services.kit.rights import Reach
from services.kit.work import Work
from services.plan.tables import CUSTOMER_VIEW


def reached(reach: Reach) -> ColumnElement[bool]:
    """The condition that a row of `customer_view` is reached."""
    return is_reached(CUSTOMER_VIEW, reach)


async def kept_id(work: Work, customer_id: UUID) -> UUID:
    """The id of the record kept of a customer whom the asker reaches, of an alias that of its record; else NotFound."""
    return await kept_id_of(CUSTOMER_VIEW, work, customer_id, "plan")
