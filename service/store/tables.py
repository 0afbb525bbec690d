"""The tables. `migrations/` brings a database here; a test holds both against each other."""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from service.actor import NOBODY
from service.domain import SERIES, RunStatus
from service.store.schema import Moment, metadata
from service.store.usage import OF_RUN

STATUSES = ", ".join(f"'{status}'" for status in RunStatus)

datasets = Table(
    "datasets",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("parameters", JSON(none_as_null=True)),
    Column("owner", String(40), nullable=False, server_default=NOBODY),
    Column("digest", String(80), nullable=False),
    Column("examples", Integer, nullable=False),
    Column("features", JSON, nullable=False),
    Column("classes", JSON, nullable=False),
    Column("class_counts", JSON, nullable=False),
    Column("statistics", JSON, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("content", LargeBinary, nullable=False),  # last: the other columns are read without it
    UniqueConstraint("owner", "digest"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text),
    Column("owner", String(40), nullable=False, server_default=NOBODY),
    Column("status", String(20), nullable=False),
    Column("stop_reason", String(20)),
    Column("dataset", JSON, nullable=False),
    Column("dataset_id", String(40), ForeignKey("datasets.id", ondelete="RESTRICT"), index=True),
    Column("data", JSON, nullable=False),
    Column("spec", JSON, nullable=False),
    Column("spec_digest", String(80), nullable=False),
    Column("model_kind", String(20), nullable=False),
    Column("priority", Integer, nullable=False, default=0),
    Column("attempt", Integer, nullable=False, default=0),
    Column("stalled_attempts", Integer, nullable=False, default=0),
    Column("environment_changed", Boolean, nullable=False, server_default=false()),
    Column("cancel_requested", Boolean(name="cancel_requested"), nullable=False, default=False),
    Column("pause_requested", Boolean, nullable=False, server_default=false()),
    Column("parent", JSON(none_as_null=True)),  # no foreign key: the origin is told also when the parent is deleted
    Column("verified", Boolean),
    Column("step", Integer, nullable=False, default=0),
    Column("steps", Integer, nullable=False),
    Column("steps_per_second", Float),
    Column("training_seconds", Float, nullable=False, server_default=text("0")),
    Column("metrics", JSON, nullable=False),
    Column("best_step", Integer),
    Column("last_event", Integer, nullable=False, default=0),
    Column("error", JSON(none_as_null=True)),
    Column("weights_digest", String(80)),
    Column("estimated_seconds", Float),
    Column("tags", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("updated_at", Moment, nullable=False),
    Column("rank", Integer, nullable=False, server_default=text("0")),  # the priority; 1000 more if it counts among all owners
    *(Column(name, Integer, nullable=False, server_default=text("0")) for name in OF_RUN),
    CheckConstraint(f"status IN ({STATUSES})", name="status"),
    # The whole of what a place in the queue needs, so that 10,000 waiting runs are summed without reading their rows.
    Index("ix_runs_queue", "status", "owner", "rank", "id", "estimated_seconds"),
    Index("ix_runs_created_at", "created_at"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("run_id", String(40), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("from_step", Integer, nullable=False),
    Column("environment", JSON, nullable=False),
)

metrics = Table(
    "metrics",
    metadata,
    Column("run_id", String(40), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("step", Integer, primary_key=True),
    *(Column(series, Float) for series in SERIES),
    # SQLite stores NaN as NULL: {"loss": "nan"} tells a value that is not finite from one that is not there.
    Column("nonfinite", JSON(none_as_null=True)),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("run_id", String(40), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("data", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    sqlite_with_rowid=False,
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("run_id", String(40), ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("step", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("kept", Boolean(name="kept"), nullable=False),  # a milestone of the run; others make way for the next
    Column("digest", String(80), nullable=False),
    Column("weights_digest", String(80), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("sample", Text),
    Column("created_at", Moment, nullable=False),
    Column("state", LargeBinary, nullable=False),
    UniqueConstraint("run_id", "step"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner", String(40), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("request", String(80), nullable=False),  # digest of what was asked for
    Column("status", Integer, nullable=False),
    Column("location", String(255), nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
)

models = Table(
    "models",
    metadata,
    Column("id", String(100), primary_key=True),  # of models from before there were owners, the name
    Column("name", String(100), nullable=False),
    Column("owner", String(40), nullable=False, server_default=NOBODY),
    Column("last_version", Integer, nullable=False),  # versions count from 1; the number of a deleted one is not used again
    Column("created_at", Moment, nullable=False),
    Index("ix_models_name", "name", "owner", unique=True),
)

model_versions = Table(
    "model_versions",
    metadata,
    Column("model", String(100), ForeignKey("models.id", ondelete="RESTRICT"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("run_id", String(40), ForeignKey("runs.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("checkpoint_id", String(40), ForeignKey("checkpoints.id", ondelete="RESTRICT"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("model", "checkpoint_id"),
)

model_aliases = Table(
    "model_aliases",
    metadata,
    Column("model", String(100), primary_key=True),
    Column("alias", String(100), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("updated_at", Moment, nullable=False),
    ForeignKeyConstraint(["model", "version"], ["model_versions.model", "model_versions.version"], ondelete="RESTRICT"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("owner", String(40), nullable=False),
    Column("scopes", String(40), nullable=False),  # with blanks between
    Column("prefix", String(20), nullable=False),
    Column("digest", String(64), nullable=False),  # SHA-256 of the secret, which is nowhere
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
    UniqueConstraint("digest"),
)
