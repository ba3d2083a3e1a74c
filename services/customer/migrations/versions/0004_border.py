"""The border between municipalities, inside the database too."""

from alembic import op

from services.kit import border
from services.kit.border import HERE, OPENED

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_HAS_RELATIONSHIP = "(SELECT true FROM client_relationship AS own WHERE own.customer_id = {}.customer_id LIMIT 1)"


def upgrade() -> None:
    for table, condition in {
        "client_relationship": f"municipality = {HERE}",
        "customer": f"{_HAS_RELATIONSHIP.format('customer')} OR customer_id = ANY ({OPENED})",
        "customer_history": (
            f"(field <> 'relationship' OR organisation = {HERE})"
            f" AND ({_HAS_RELATIONSHIP.format('customer_history')} OR customer_id = ANY ({OPENED}))"
        ),
        "customer_name": f"municipality = {HERE}",
    }.items():
        for statement in border.draw(table, condition):
            op.execute(statement)
