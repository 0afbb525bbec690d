"""Names of features and classes are kept once, with their dataset, and no longer copied into each run of it.

Revision 0007, after 0006.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    op.execute("UPDATE runs SET data = json_object('examples', data -> '$.examples') WHERE dataset_id IS NOT NULL")


def downgrade() -> None:
    """Go back to the revision before."""
    names = "json_object('examples', data -> '$.examples', 'features', json(d.features), 'classes', json(d.classes))"
    of = "SELECT {} FROM datasets AS d WHERE d.id = runs.dataset_id"
    op.execute(f"UPDATE runs SET data = ({of.format(names)}) WHERE dataset_id IS NOT NULL")  # noqa: S608 (our own words)
