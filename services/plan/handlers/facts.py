"""What follows where something changed on which the due dates of a customer depend."""

from uuid import UUID

from services.kit.work import Work


async def facts_changed(work: Work, customer_id: UUID) -> None:
    """Called after each change of what is known of a customer, and each act on a plan; nothing follows from it yet."""
