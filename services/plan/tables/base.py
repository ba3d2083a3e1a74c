"""What all tables of the plan service share, and what decides who may read."""

from sqlalchemy import BigInteger, Boolean, Column, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY

from services.kit.border import HERE
from services.kit.customer_view import customer_view_table
from services.kit.tables import backbone, service_metadata

METADATA = service_metadata()
BACKBONE = backbone(METADATA)


def within_plan(table: str) -> dict[str, str]:
    """The border of a table whose rows are within it with their plan, so that they move with it."""
    return {"border": f"EXISTS (SELECT FROM plan WHERE plan.plan_id = {table}.plan_id)"}


CUSTOMER_VIEW = customer_view_table(METADATA)

TEAM_VIEW = Table(
    "team_view",
    METADATA,
    Column("team_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("members", ARRAY(Uuid), nullable=False, comment="the numbers of its users"),
    Column("ended", Boolean, nullable=False),
    info={"border": f"organisation = {HERE}", "not_erased": "numbers of users, no customer"},
    comment="Projection of access's teams: whose worklists are looked at together.",
)
