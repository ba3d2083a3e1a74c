"""The inbox: each fact is acted on once."""

from functools import cache
from uuid import UUID

from sqlalchemy import Executable, Table
from sqlalchemy.dialects.postgresql import insert

from services.kit.work import Work


async def claim(work: Work, consumer: str, fact_id: UUID) -> bool:
    """Claims a fact for a consumer; False when it was acted on before. The first statement of the transaction.

    A second copy at the same moment waits here until the first commits or rolls back.
    """
    claimed = await work.connection.execute(
        _claim(work.backbone.inbox),
        {"consumer": consumer, "fact_id": fact_id, "claimed_at": work.now},
    )
    return bool(claimed.rowcount)


# Statements of every event are built once: building one takes SQLAlchemy longer than running it takes PostgreSQL.
@cache
def _claim(inbox: Table) -> Executable:
    return insert(inbox).on_conflict_do_nothing()
