"""The backbone."""

from services.kit import backbone_revisions

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    backbone_revisions.first()
