"""Plans of a person are found by indexes that serve behind the border too."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("plan_customers", "plan")
    op.execute("CREATE INDEX plan_about_several ON plan (municipality) WHERE cardinality(customer_ids) > 1")
