"""The tables of transfers between organisations, and of what is open of a customer elsewhere."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from services.customer.tables.base import METADATA
from services.kit.border import HERE
from services.kit.field_encryption import Encrypted
from services.kit.tables import Moment, handshake_columns

_IS_OPEN = text("state IN ('requested', 'more_asked')")

TRANSFER = Table(
    "transfer",
    METADATA,
    Column("transfer_id", Uuid, primary_key=True),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("giver", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("legal_basis", Text, nullable=False),
    Column("consent", JSONB(none_as_null=True)),
    Column("preview", JSONB(none_as_null=True), comment="what the receiver was told, as it was at the request"),
    Column(
        "protected", Boolean, comment="an offer: whether the customer was under non-disclosure, and given all the same"
    ),
    Column("person", Text, comment="as a partner told it, encrypted with the row's id; until the transfer is over"),
    *handshake_columns(),
    Index("transfer_addressee", "addressee", "transfer_id"),
    Index("transfer_requester", "requester", "transfer_id"),
    Index("transfer_addressee_state", "addressee", "state", "transfer_id"),
    Index("transfer_requester_state", "requester", "state", "transfer_id"),
    Index("transfer_open", "customer_id", "requester", unique=True, postgresql_where=_IS_OPEN),
    Index("transfer_due", "state", "due_on"),
    info={
        "border": f"requester = {HERE} OR addressee = {HERE}",
        "encrypted": Encrypted(("person",), "person IS NOT NULL"),
    },
    comment="Customers offered and asked for: handshakes, whose acceptance moves the responsibility.",
)

ASSESSMENT_VIEW = Table(
    "assessment_view",
    METADATA,
    Column("assessment_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("municipality", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Moment),
    info={"border": f"municipality = {HERE}"},
    comment="Projection of assessment's state events: which are open.",
)

PLAN_VIEW = Table(
    "plan_view",
    METADATA,
    Column("plan_id", Uuid, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("customer_id", Uuid, nullable=False, index=True),
    Column("municipality", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    info={"border": f"municipality = {HERE}"},
    comment="Projection of plan's state events: which are open.",
)
