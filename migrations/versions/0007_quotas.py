"""Bytes and counts of each owner, turns of owners, and names of features that are no longer copied into each run.

Revision 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# What a row of each table adds to the usage of its owner.
COUNTED = {
    "datasets": {"datasets": "1", "datasets_bytes": "{row}.size_bytes"},
    "runs": {
        "runs": "1",
        "runs_bytes": "length({row}.dataset) + length({row}.data) + length({row}.spec) + length({row}.tags)",  # JSON in ASCII
        "points": "{row}.points",
        "checkpoints": "{row}.checkpoints",
        "checkpoints_bytes": "{row}.checkpoints_bytes",
    },
    "idempotency_keys": {"answers": "1", "answers_bytes": "length(CAST({row}.body AS BLOB))"},
}
WRITTEN = ("dataset", "data", "spec", "tags")
OF_RUN = ("points", "checkpoints", "checkpoints_bytes")
COLUMNS = [name for values in COUNTED.values() for name in values]


def _change(table: str, sign: str, row: str) -> str:
    sums = ", ".join(f"{name} = {name} {sign} ({value.format(row=row)})" for name, value in COUNTED[table].items())
    return f"UPDATE usage SET {sums} WHERE owner = {row}.owner;"  # noqa: S608 (our own words)


def _triggers() -> dict[str, str]:
    """Return the triggers by their names."""
    known = "INSERT INTO usage (owner) VALUES (NEW.owner) ON CONFLICT DO NOTHING;"
    found = {}
    for table in COUNTED:
        less, more = _change(table, "-", "OLD"), known + _change(table, "+", "NEW")
        found[f"{table}_come"] = f"AFTER INSERT ON {table} BEGIN {more} END"
        found[f"{table}_go"] = f"AFTER DELETE ON {table} BEGIN {less} END"
        found[f"{table}_move"] = f"AFTER UPDATE OF owner ON {table} BEGIN {less} {more} END"
    for name, of, counted in (("grow", OF_RUN, OF_RUN), ("write", WRITTEN, ("runs_bytes",))):
        values = {one: COUNTED["runs"][one] for one in counted}
        sums = ", ".join(f"{one} = {one} + ({v.format(row='NEW')}) - ({v.format(row='OLD')})" for one, v in values.items())
        change = f"UPDATE usage SET {sums} WHERE owner = NEW.owner;"  # noqa: S608
        found[f"runs_{name}"] = f"AFTER UPDATE OF {', '.join(of)} ON runs BEGIN {change} END"
    # When a run is deleted, it is gone before its checkpoints are: these then change no row.
    for event, sign, row in (("INSERT", "+", "NEW"), ("DELETE", "-", "OLD")):
        sums = f"checkpoints = checkpoints {sign} 1, checkpoints_bytes = checkpoints_bytes {sign} {row}.size_bytes"
        of_run = f"UPDATE runs SET {sums} WHERE id = {row}.run_id;"  # noqa: S608
        found[f"checkpoints_{event.lower()}"] = f"AFTER {event} ON checkpoints BEGIN {of_run} END"
    return found


def upgrade() -> None:
    """Go to this revision. What each run has stored is counted once: 0.6 seconds with a million points."""
    op.execute("UPDATE runs SET data = json_object('examples', data -> '$.examples') WHERE dataset_id IS NOT NULL")
    for name in ("rank", *OF_RUN):
        op.add_column("runs", sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.execute("UPDATE runs SET rank = priority + CASE WHEN priority > 0 AND owner = '' THEN 1000 ELSE 0 END")
    op.execute(
        "UPDATE runs SET points = (SELECT count(*) FROM metrics WHERE run_id = runs.id),"
        " (checkpoints, checkpoints_bytes) ="
        " (SELECT count(*), coalesce(sum(size_bytes), 0) FROM checkpoints WHERE run_id = runs.id)"
    )
    op.drop_index("ix_runs_queue", table_name="runs")
    op.create_index("ix_runs_queue", "runs", ["status", "owner", "rank", "id", "estimated_seconds"])
    op.create_table(
        "usage",
        sa.Column("owner", sa.String(40), nullable=False),
        *(sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False) for name in (*COLUMNS, "turn")),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_usage")),
    )
    owners = " UNION ".join(f"SELECT owner FROM {table}" for table in COUNTED)  # noqa: S608
    op.execute(f"INSERT INTO usage (owner) {owners}")
    for table, values in COUNTED.items():
        sums = ", ".join(
            "count(*)" if value == "1" else f"coalesce(sum({value.format(row='t')}), 0)" for value in values.values()
        )
        found = f"SELECT {sums} FROM {table} AS t WHERE t.owner = usage.owner"  # noqa: S608
        op.execute(f"UPDATE usage SET ({', '.join(values)}) = ({found})")  # noqa: S608
    for name, body in _triggers().items():
        op.execute(f"CREATE TRIGGER {name} {body}")


def downgrade() -> None:
    """Go back to the revision before."""
    for name in _triggers():
        op.execute(f"DROP TRIGGER {name}")
    op.drop_table("usage")
    op.drop_index("ix_runs_queue", table_name="runs")
    op.create_index("ix_runs_queue", "runs", ["status", "priority", "id", "estimated_seconds", "owner"])
    for name in ("rank", *OF_RUN):
        op.drop_column("runs", name)
    names = "json_object('examples', data -> '$.examples', 'features', json(d.features), 'classes', json(d.classes))"
    of = "SELECT {} FROM datasets AS d WHERE d.id = runs.dataset_id"
    op.execute(f"UPDATE runs SET data = ({of.format(names)}) WHERE dataset_id IS NOT NULL")  # noqa: S608
