"""Search by names, dates of birth and phone numbers."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import sqlalchemy as sa
from alembic import op

from contracts.types import PersonName
from services.customer.matching import phone_number, skeleton, words_on_record

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.add_column(
        "customer", sa.Column("phone_number", sa.Text(), comment="of the contact details, as searches compare it")
    )
    op.create_index("customer_phone_number_idx", "customer", ["phone_number"])
    op.create_index("customer_date_of_birth_idx", "customer", ["date_of_birth"])
    op.create_table(
        "name_word",
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.Column("skeleton", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("word", name="name_word_pkey"),
        comment="The dictionary of all words in customers' names: searches look here first.",
    )
    op.create_index("name_word_skeleton_idx", "name_word", ["skeleton"])
    op.create_index(
        "name_word_similar", "name_word", ["word"], postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}
    )
    op.create_table(
        "customer_name",
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.Column("municipality", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("former", sa.Boolean(), nullable=False, comment="whether only a former name holds the word"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.customer_id"], name="customer_name_customer_id_fkey"),
        sa.PrimaryKeyConstraint(
            "word", "municipality", "customer_id", name="customer_name_pkey", postgresql_include=["former"]
        ),
        comment="Who bears which word, for each municipality with an open relationship: derived, to search by.",
    )
    op.create_index("customer_name_customer_id_idx", "customer_name", ["customer_id"])
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """Makes those who are customers already findable; what is derived may be derived by the present code."""
    phones = connection.execute(
        sa.text("SELECT customer_id, contact->'value'->>'phone' FROM customer WHERE contact->'value'->>'phone' <> ''")
    )
    for customer_id, phone in phones.all():
        connection.execute(
            sa.text("UPDATE customer SET phone_number = :phone WHERE customer_id = :id"),
            {"phone": phone_number(phone), "id": customer_id},
        )
    names = connection.execute(
        sa.text(
            """
            SELECT customer_id, family_name AS family, given_name AS given, false AS former FROM customer
            UNION ALL
            SELECT customer_id, previous->'value'->>'family', previous->'value'->>'given', true
            FROM customer_history WHERE field = 'name' AND previous IS NOT NULL
            ORDER BY customer_id, former
            """
        )
    ).all()
    for customer_id, rows in groupby(names, key=attrgetter("customer_id")):
        current, *former = [PersonName(family=row.family, given=row.given) for row in rows]
        for word, only_former in words_on_record(current, former).items():
            connection.execute(
                sa.text("INSERT INTO name_word (word, skeleton) VALUES (:word, :skeleton) ON CONFLICT DO NOTHING"),
                {"word": word, "skeleton": skeleton(word)},
            )
            connection.execute(
                sa.text(
                    """
                    INSERT INTO customer_name (word, municipality, customer_id, former)
                    SELECT :word, municipality, customer_id, :former FROM client_relationship
                    WHERE customer_id = :id AND ended_on IS NULL
                    """
                ),
                {"word": word, "former": only_former, "id": customer_id},
            )
