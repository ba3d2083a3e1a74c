"""The tables of the customer service. A person is one national record; what a municipality holds of a person hangs on
its client relationship.
"""

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from services.customer.tables.base import METADATA, VersionedJson
from services.kit.border import HERE, OPENED
from services.kit.field_encryption import Encrypted
from services.kit.tables import Moment

_OWN = f"coalesce(municipality = {HERE}, false)"
"""Of a relationship: the municipality has it. Not the bare comparison: PostgreSQL would take it to leave one row in a
hundred, and read all of a municipality's customers where a page of the list, in the order of an index, is enough."""
_HAS_RELATIONSHIP = "(SELECT true FROM client_relationship AS own WHERE own.customer_id = {}.customer_id LIMIT 1)"
"""With the municipality: another one's are beyond the border of client_relationship itself. Not EXISTS: PostgreSQL
would read the whole table into memory when many customers are asked for, and here looks each up by index."""

CUSTOMER = Table(
    "customer",
    METADATA,
    Column("customer_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("family_name", Text, nullable=False),
    Column("given_name", Text, nullable=False),
    Column("date_of_birth", Date, nullable=False, index=True),
    Column("personal_identity_code", Text, comment="encrypted; the row's id is the associated data"),
    Column("personal_identity_code_hash", LargeBinary, unique=True, comment="keyed hash to search by"),
    Column("citizenships", ARRAY(Text), nullable=False),
    Column("mother_tongue", Text),
    Column("service_language", Text),
    Column("safety_non_disclosure", Boolean, nullable=False, server_default=text("false")),
    Column(
        "household_non_disclosure",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="whether somebody else in the household has it: derived",
    ),
    Column("interpreter", VersionedJson),
    Column("contact", VersionedJson),
    Column("phone_number", Text, index=True, comment="of the contact details, as searches compare it"),
    Column("first_residence_permit", VersionedJson),
    Column(
        "merged_into",
        Uuid,
        ForeignKey("customer.customer_id"),
        comment="the record kept, through all merges that stand; derived",
    ),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("customer_merged", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    info={
        "border": f"{_HAS_RELATIONSHIP.format('customer')} OR customer_id = ANY ({OPENED})",
        "encrypted": Encrypted(
            ("personal_identity_code",), "personal_identity_code IS NOT NULL", hashed="personal_identity_code_hash"
        ),
    },
    comment="People. The version grows by every change, of a client relationship too.",
)

CLIENT_RELATIONSHIP = Table(
    "client_relationship",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, ForeignKey("customer.customer_id"), nullable=False, index=True),
    Column("municipality", Text, nullable=False),
    Column("arrival", Text, nullable=False),
    Column("started_on", Date, nullable=False),
    Column("ended_on", Date),
    Column("end_reason", Text),
    Column("responsible", Uuid, comment="the number of the user who is responsible for the customer"),
    Column("listed_name", Text(collation="fi-x-icu"), comment="the customer's names: derived, to list by"),
    Column("listed_language", Text, comment="the customer's service language: derived, to list by"),
    *(
        Index(
            f"client_relationship_by_{name}",
            "municipality",
            *columns,
            "customer_id",
            postgresql_where=text("ended_on IS NULL"),
        )
        for name, columns in {
            "name": ("listed_name",),
            "day": ("started_on",),
            "responsible": ("responsible", "listed_name"),
            "responsible_and_day": ("responsible", "started_on"),
            "language": ("listed_language", "listed_name"),
            "language_and_day": ("listed_language", "started_on"),
            "arrival": ("arrival", "listed_name"),
            "arrival_and_day": ("arrival", "started_on"),
        }.items()
    ),
    Index(
        "client_relationship_open",
        "customer_id",
        "municipality",
        unique=True,
        postgresql_where=text("ended_on IS NULL"),
    ),
    info={"border": _OWN},
    comment="Municipalities' relationships with people: at most one open for each of both.",
)

CUSTOMER_HISTORY = Table(
    "customer_history",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("customer_id", Uuid, ForeignKey("customer.customer_id"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("field", Text, nullable=False),
    Column("previous", VersionedJson),
    Column("new", VersionedJson),
    Column("changed_at", Moment, nullable=False),
    Column("changed_by", Text, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("why", Text),
    Column("source", Text, nullable=False),
    Column("former_code_hash", LargeBinary, index=True, comment="keyed hash of a previous identity code, to search by"),
    info={
        "border": f"(field <> 'relationship' OR organisation = {HERE})"
        f" AND ({_HAS_RELATIONSHIP.format('customer_history')} OR customer_id = ANY ({OPENED}))",
        "encrypted": Encrypted(("previous", "new"), "field = 'personal_identity_code'", hashed="former_code_hash"),
    },
    comment="Every change of every field. An identity code is encrypted with this row's id as the associated data.",
)

NAME_WORD = Table(
    "name_word",
    METADATA,
    Column("word", Text(collation="C"), primary_key=True),
    Column("skeleton", Text(collation="C"), nullable=False, index=True),
    Index("name_word_similar", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}),
    info={"not_erased": "bare words; those that nobody bears any more go with the person who bore them last"},
    comment="The dictionary of all words in customers' names: searches look here first.",
)

CUSTOMER_NAME = Table(
    "customer_name",
    METADATA,
    Column("word", Text(collation="C"), nullable=False),
    Column("municipality", Text, nullable=False),
    Column("customer_id", Uuid, ForeignKey("customer.customer_id"), nullable=False, index=True),
    Column("former", Boolean, nullable=False, comment="whether only a former name holds the word"),
    PrimaryKeyConstraint("word", "municipality", "customer_id", postgresql_include=["former"]),
    info={"border": f"municipality = {HERE}"},
    comment="Who bears which word, for each municipality with an open relationship: derived, to search by.",
)
