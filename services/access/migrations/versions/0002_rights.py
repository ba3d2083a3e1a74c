"""Organisations, users and rights."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organisation",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("kinds", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("name_fi", sa.Text(), nullable=False),
        sa.Column("name_sv", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text()),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_to", sa.Date()),
        sa.Column(
            "successors",
            sa.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="who took over its tasks",
        ),
        sa.Column(
            "members",
            sa.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="of an employment area",
        ),
        sa.PrimaryKeyConstraint("code", name="organisation_pkey"),
        comment="Authorities from the code lists; providers and employment areas that municipalities added.",
    )
    op.create_table(
        "procurement",
        sa.Column("procurement_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False, comment="the contract's last day"),
        sa.ForeignKeyConstraint(["provider"], ["organisation.code"], name="procurement_provider_fkey"),
        sa.PrimaryKeyConstraint("procurement_id", name="procurement_pkey"),
        sa.UniqueConstraint("municipality", "provider", name="procurement_municipality_provider_key"),
        comment="Which provider serves which municipality, and until when.",
    )
    op.create_table(
        "account",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("user_number", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("assurance", sa.Text()),
        sa.Column("customer_id", sa.Uuid(), comment="the customer that the user is"),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("user_id", name="account_pkey"),
        sa.UniqueConstraint("user_number", name="account_user_number_key"),
        comment="Users: who signed in or was appointed. Erased with the customer, and made anew by a sign-in.",
    )
    op.create_index("account_customer_id_idx", "account", ["customer_id"])
    op.create_table(
        "access_grant",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("municipality", sa.Text(), comment="whose customers, where the right is to take part in its matters"),
        sa.Column(
            "named_only",
            sa.Boolean(),
            nullable=False,
            comment="whether it reaches the customers of grant_customer alone",
        ),
        sa.Column("data", sa.ARRAY(sa.Text()), comment="these data groups alone; null: as the role"),
        sa.Column("powers", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("ground_id", sa.Uuid(), comment="what the ground is: an assessment, a contract, the grant deputised"),
        sa.Column("given_by", sa.Text(), nullable=False),
        sa.Column("given_by_organisation", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.Text()),
        sa.Column("end_reason", sa.Text()),
        sa.Column("reviewed_at", sa.DateTime(timezone=True)),
        sa.Column("reviewed_by", sa.Text()),
        sa.Column("review_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), comment="noted once a day"),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.code"], name="access_grant_organisation_fkey"),
        sa.PrimaryKeyConstraint("grant_id", name="access_grant_pkey"),
        comment="Who may do what, for whom, on which ground and how long. Ended grants stay: they are the evidence.",
    )
    op.create_index("access_grant_ground", "access_grant", ["ground_id"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("access_grant_in_force", "access_grant", ["ends_at"], postgresql_where=sa.text("ended_at IS NULL"))
    op.create_index("access_grant_municipality_idx", "access_grant", ["municipality"])
    op.create_index("access_grant_organisation_idx", "access_grant", ["organisation"])
    op.create_index("access_grant_user_id_idx", "access_grant", ["user_id"])
    op.create_table(
        "grant_customer",
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["grant_id"], ["access_grant.grant_id"], name="grant_customer_grant_id_fkey"),
        sa.PrimaryKeyConstraint("grant_id", "customer_id", name="grant_customer_pkey"),
        comment="The customers that a grant names.",
    )
    op.create_index("grant_customer_customer_id_idx", "grant_customer", ["customer_id"])
    op.create_table(
        "withheld_customer",
        sa.Column("withheld_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), comment="from this user alone; null: from all of the municipality"),
        sa.Column("withheld_by", sa.Text(), nullable=False),
        sa.Column("withheld_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.Text()),
        sa.PrimaryKeyConstraint("withheld_id", name="withheld_customer_pkey"),
        comment="Whom users may not handle: their family, and colleagues who are customers.",
    )
    op.create_index("withheld_customer_customer_id_idx", "withheld_customer", ["customer_id"])
    op.create_index("withheld_customer_municipality_idx", "withheld_customer", ["municipality"])
    op.create_index("withheld_customer_user_id_idx", "withheld_customer", ["user_id"])
    op.create_table(
        "released_user",
        sa.Column("withheld_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("released_by", sa.Text(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("withheld_id", "user_id", name="released_user_pkey"),
        comment="Who handles a customer that is withheld from the rest of the municipality.",
    )
    op.create_index("released_user_customer_id_idx", "released_user", ["customer_id"])
    op.create_table(
        "emergency_access",
        sa.Column("emergency_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["grant_id"], ["access_grant.grant_id"], name="emergency_access_grant_id_fkey"),
        sa.PrimaryKeyConstraint("emergency_id", name="emergency_access_pkey"),
        comment="Customers opened in an emergency. The reason is in the usage log, sealed.",
    )
    op.create_index("emergency_access_customer_id_idx", "emergency_access", ["customer_id"])
    op.create_index("emergency_access_grant_id_idx", "emergency_access", ["grant_id"])
    op.create_table(
        "notice",
        sa.Column("notice_id", sa.Uuid(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False, comment="whoever holds this role there"),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False, comment="the grant or the emergency access"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("seen_by", sa.Text()),
        sa.PrimaryKeyConstraint("notice_id", name="notice_pkey"),
        sa.UniqueConstraint("about_id", "kind", "role", "due_at", name="notice_about_id_kind_role_due_at_key"),
        comment="What somebody should look at: each thing once for each moment that it is due.",
    )
    op.create_index("notice_unseen", "notice", ["organisation", "role"], postgresql_where=sa.text("seen_at IS NULL"))
