"""The border between municipalities, inside the database too."""

from alembic import op

from services.kit import border
from services.kit.border import HERE

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table, condition in {
        "assessment": f"municipality = {HERE}",
        "customer_view": f"{HERE} = ANY (open_municipalities)",
    }.items():
        for statement in border.draw(table, condition):
            op.execute(statement)
