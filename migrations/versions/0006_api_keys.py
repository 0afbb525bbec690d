"""API keys, and whose each thing is: what was there before is nobody's.

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _owner() -> sa.Column[str]:
    return sa.Column("owner", sa.String(40), server_default="", nullable=False)


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(40), nullable=False),
        sa.Column("scopes", sa.String(40), nullable=False),
        sa.Column("prefix", sa.String(20), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("last_used_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_keys_digest")),
    )
    op.add_column("runs", _owner())
    op.drop_index("ix_runs_queue", table_name="runs")
    op.create_index("ix_runs_queue", "runs", ["status", "priority", "id", "estimated_seconds", "owner"])
    with op.batch_alter_table("datasets", recreate="always") as batch:  # the content must stay the last column
        batch.add_column(_owner(), insert_before="digest")
        batch.drop_constraint(op.f("uq_datasets_digest"), type_="unique")
        batch.create_unique_constraint(op.f("uq_datasets_owner"), ["owner", "digest"])
    op.execute("ALTER TABLE models RENAME COLUMN name TO id")
    op.add_column("models", sa.Column("name", sa.String(100), server_default="", nullable=False))
    op.add_column("models", _owner())
    op.execute("UPDATE models SET name = id")
    with op.batch_alter_table("models") as batch:
        batch.alter_column("name", server_default=None)
    op.create_index("ix_models_name", "models", ["name", "owner"], unique=True)
    _idempotency_keys(sa.Column("owner", sa.String(40), nullable=False), "owner", "''")


def downgrade() -> None:
    """Go back to the revision before: everything is everybody's. Keys are lost, and of what was kept twice, the later one."""
    op.drop_table("api_keys")
    op.drop_index("ix_runs_queue", table_name="runs")
    op.create_index("ix_runs_queue", "runs", ["status", "priority", "id", "estimated_seconds"])
    op.drop_column("runs", "owner")
    twice = "SELECT 1 FROM datasets AS o WHERE o.digest = datasets.digest AND o.id < datasets.id"
    unused = "SELECT 1 FROM runs WHERE runs.dataset_id = datasets.id"
    op.execute(f"DELETE FROM datasets WHERE EXISTS ({twice}) AND NOT EXISTS ({unused})")  # noqa: S608 (our own words)
    with op.batch_alter_table("datasets") as batch:
        batch.drop_constraint(op.f("uq_datasets_owner"), type_="unique")
        batch.drop_column("owner")
        batch.create_unique_constraint(op.f("uq_datasets_digest"), ["digest"])
    op.drop_index("ix_models_name", table_name="models")
    op.drop_column("models", "owner")
    op.drop_column("models", "name")
    op.execute("ALTER TABLE models RENAME COLUMN id TO name")
    op.execute("DELETE FROM idempotency_keys WHERE owner <> ''")
    _idempotency_keys(None, None, None)


def _idempotency_keys(column: sa.Column[str] | None, name: str | None, value: str | None) -> None:
    """Make the table of kept answers anew with another primary key, and fill it from the old one."""
    op.drop_index(op.f("ix_idempotency_keys_created_at"), table_name="idempotency_keys")
    op.rename_table("idempotency_keys", "idempotency_keys_before")
    op.create_table(
        "idempotency_keys",
        *([] if column is None else [column]),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request", sa.String(length=80), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("location", sa.String(length=255), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint(*filter(None, [name, "key"])),
    )
    names = "key, request, status, location, body, created_at"
    into, out = (names, names) if name is None else (f"{name}, {names}", f"{value}, {names}")
    op.execute(f"INSERT INTO idempotency_keys ({into}) SELECT {out} FROM idempotency_keys_before")  # noqa: S608 (our own words)
    op.drop_table("idempotency_keys_before")
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"])
