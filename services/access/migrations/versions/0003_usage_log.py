"""The usage log."""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MAKE_MONTH = """
CREATE FUNCTION make_usage_month(moment timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    month timestamptz := date_trunc('month', moment);
    name text := 'usage_line_' || to_char(month, 'YYYY_MM');
BEGIN
    IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I PARTITION OF usage_line FOR VALUES FROM (%L) TO (%L)',
            name, month, month + interval '1 month');
    END IF;
END $$
"""
# The service itself may only add: this is the one way in which lines go, and the newest two years never do.
REMOVE_LINES = """
CREATE FUNCTION remove_usage_lines(through bigint, before timestamptz) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    removed bigint;
BEGIN
    IF before > now() - interval '2 years' THEN
        RAISE EXCEPTION 'the last two years of the usage log are never removed';
    END IF;
    DELETE FROM usage_line WHERE position <= through AND occurred_at < before;
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "usage_line",
        sa.Column("position", sa.BigInteger(), nullable=False, comment="in the chain, without gaps from 1"),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("line", sa.Uuid(), nullable=False, comment="the sender's line, on which `number` has no gaps"),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Uuid()),
        sa.Column("granted_by", sa.Text()),
        sa.Column("task", sa.Text()),
        sa.Column("purpose", sa.Text()),
        sa.Column("legal_basis", sa.Text()),
        sa.Column("relation", sa.Text()),
        sa.Column("customers", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("data", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("found", sa.Integer()),
        sa.Column("sealed", sa.Text()),
        sa.Column("words", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("trace_id", sa.Text()),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 of the hash before and of this row"),
        sa.PrimaryKeyConstraint("position", "occurred_at", name="usage_line_pkey"),
        postgresql_partition_by="RANGE (occurred_at)",
        comment="Every use of customers' data. Rows are only added; whole days are removed by remove_usage_lines().",
    )
    op.create_index("usage_line_customers", "usage_line", ["customers"], postgresql_using="gin")
    op.create_index("usage_line_user", "usage_line", ["user_id", "occurred_at"])
    op.create_index(
        "usage_line_searches",
        "usage_line",
        ["words"],
        postgresql_using="gin",
        postgresql_where=sa.text("sealed IS NOT NULL"),
    )
    op.create_table(
        "usage_chain",
        sa.Column("id", sa.Integer(), server_default=sa.text("1"), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="usage_chain_pkey"),
        sa.CheckConstraint("id = 1", name="usage_chain_id_check"),
        comment="The end of the chain. Whoever adds to it holds this row's lock.",
    )
    op.execute("INSERT INTO usage_chain (position, hash) VALUES (0, decode(repeat('00', 32), 'hex'))")
    op.create_table(
        "usage_sender",
        sa.Column("line", sa.Uuid(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("line", name="usage_sender_pkey"),
        comment="The greatest number that has come on each sender's line.",
    )
    op.create_table(
        "usage_missing",
        sa.Column("line", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("line", "number", name="usage_missing_pkey"),
        comment="Numbers below the last that have not come: late, parked or lost.",
    )
    op.execute(MAKE_MONTH)
    op.execute(REMOVE_LINES)
    role = context.config.get_main_option("koto.role")
    for function in ("make_usage_month(timestamptz)", "remove_usage_lines(bigint, timestamptz)"):
        op.execute(f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC")
        op.execute(f'GRANT EXECUTE ON FUNCTION {function} TO "{role}"')
