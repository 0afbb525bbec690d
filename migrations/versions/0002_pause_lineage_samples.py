"""Pausing, the origin of a run, samples of models of text, more series.

Revision 0002, after 0001. The table of runs is replaced by one with a wider constraint on the status; this needs foreign
keys to be off (`service.store.engine.make_migrator`), or the rows that refer to runs would be deleted with the old one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SERIES = ("smooth_loss", "val_perplexity", "grad_norm", "update_ratio")
BEFORE = "status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')"
AFTER = "status IN ('queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled')"


def upgrade() -> None:
    """Go to this revision."""
    op.add_column("checkpoints", sa.Column("sample", sa.Text(), nullable=True))
    for name in SERIES:
        op.add_column("metrics", sa.Column(name, sa.Float(), nullable=True))
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("environment_changed", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("pause_requested", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("parent", sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column("verified", sa.Boolean(), nullable=True))
        batch_op.drop_constraint(op.f("ck_runs_status"), type_="check")
        batch_op.create_check_constraint(op.f("ck_runs_status"), AFTER)


def downgrade() -> None:
    """Go back to the revision before; a paused run is queued."""
    op.execute("UPDATE runs SET status = 'queued' WHERE status = 'paused'")
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_runs_status"), type_="check")
        batch_op.create_check_constraint(op.f("ck_runs_status"), BEFORE)
        batch_op.drop_column("verified")
        batch_op.drop_column("parent")
        batch_op.drop_column("pause_requested")
        batch_op.drop_column("environment_changed")
    for name in reversed(SERIES):
        op.drop_column("metrics", name)
    op.drop_column("checkpoints", "sample")
