"""Documents of a person are found by indexes that serve behind the border too."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("document_wanted_customers", "document_wanted")
    op.drop_index("document_customers", "document")
    op.create_index("document_of_customer", "document", ["customer_id"])
    op.execute("CREATE INDEX document_about_several ON document (municipality) WHERE cardinality(customer_ids) > 1")
