"""How long a run has been trained, for its time budget.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("runs", sa.Column("training_seconds", sa.Float(), server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_column("runs", "training_seconds")
