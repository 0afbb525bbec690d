"""Answers kept under idempotency keys, and what the place in the queue needs.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision; the cost of runs from before is not known."""
    op.add_column("runs", sa.Column("estimated_seconds", sa.Float(), nullable=True))
    op.drop_index("ix_runs_queue", table_name="runs")
    op.create_index("ix_runs_queue", "runs", ["status", "priority", "id", "estimated_seconds"])
    op.create_index("ix_runs_created_at", "runs", ["created_at"])
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request", sa.String(length=80), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("location", sa.String(length=255), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"])


def downgrade() -> None:
    """Go back to the revision before; kept answers are forgotten."""
    op.drop_table("idempotency_keys")
    op.drop_index("ix_runs_created_at", table_name="runs")
    op.drop_index("ix_runs_queue", table_name="runs")
    op.create_index("ix_runs_queue", "runs", ["status", "priority", "id"])
    op.drop_column("runs", "estimated_seconds")
