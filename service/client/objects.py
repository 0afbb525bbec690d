"""What the API sends, as types: runs, their curves and events, data. A value is the dictionary that came, unchanged.

A test holds the keys against `/openapi.json`. Times are RFC 3339 in UTC.
"""

from typing import Any, Generic, Literal, TypedDict, TypeVar

T = TypeVar("T")
Status = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
Label = str | int


class Page(TypedDict, Generic[T]):
    """Part of a list; `after` with the last id gives the next part."""

    object: Literal["list"]
    data: list[T]
    has_more: bool
    first_id: Label | None
    last_id: Label | None


class Progress(TypedDict):
    """How far a run is."""

    step: int
    steps: int
    fraction: float
    steps_per_second: float | None
    training_seconds: float
    eta_seconds: float | None


class SeriesSummary(TypedDict):
    """A series in short; the best is null where there is no better."""

    last: float | None
    best: float | None
    best_step: int | None


class Run(TypedDict):
    """A run, with its spec resolved."""

    object: Literal["run"]
    id: str
    name: str | None
    status: Status
    stop_reason: str | None
    dataset: dict[str, Any]
    data: dict[str, Any]
    model: dict[str, Any]
    optimizer: dict[str, Any]
    training: dict[str, Any]
    attempt: int
    environment_changed: bool
    cancel_requested: bool
    pause_requested: bool
    parent: dict[str, Any] | None
    verified: bool | None
    priority: int
    queue_position: int | None
    progress: Progress
    metrics: dict[str, SeriesSummary]
    error: dict[str, Any] | None
    spec_digest: str
    weights_digest: str | None
    tags: dict[str, str]
    created_at: str
    started_at: str | None
    finished_at: str | None
    updated_at: str
    links: dict[str, str]


class RunPage(Page[Run]):
    """Part of a list of runs."""

    next_after: str | None


class Estimate(TypedDict):
    """What a run would be and cost."""

    object: Literal["run_estimate"]
    model: dict[str, Any]
    optimizer: dict[str, Any]
    training: dict[str, Any]
    data: dict[str, Any]
    parameters: int
    memory_bytes: int
    estimated_seconds: float
    points: int
    points_bytes: int
    checkpoints: int
    checkpoints_bytes: int


class NonFinite(TypedDict):
    """A point whose value is not a finite number; it is null in the series."""

    step: int
    kind: Literal["nan", "inf", "-inf"]


class History(TypedDict):
    """Curves of a run: `series[name][i]` is the value at `steps[i]`."""

    object: Literal["loss_history", "metrics"]
    run: str
    status: Status
    steps: list[int]
    series: dict[str, list[float | None]]
    nonfinite: dict[str, list[NonFinite]]
    total_points: int
    downsampled: bool


class Event(TypedDict):
    """Something that happened to a run: `kind` is state, attempt, metrics or checkpoint."""

    object: Literal["event"]
    id: int
    kind: str
    data: dict[str, Any]
    created_at: str


class Checkpoint(TypedDict):
    """A stored training state."""

    object: Literal["checkpoint"]
    id: str
    run: str
    step: int
    attempt: int
    names: list[Literal["latest", "best"]]
    digest: str
    weights_digest: str
    size_bytes: int
    sample: str | None
    created_at: str
    links: dict[str, str]


class CheckpointPage(Page[Checkpoint]):
    """Part of a list of checkpoints."""

    next_after: int | None


class Dataset(TypedDict):
    """A kept dataset."""

    object: Literal["dataset"]
    id: str
    name: str
    kind: str
    parameters: dict[str, Any] | None
    digest: str
    examples: int
    features: list[str]
    classes: list[Label]
    class_counts: list[int]
    statistics: list[dict[str, float]]
    size_bytes: int
    created_at: str
    links: dict[str, str]


class Sketch(TypedDict):
    """What a synthetic dataset would hold."""

    object: Literal["dataset_sketch"]
    features: list[str]
    classes: list[Label]
    class_counts: list[int]
    rows: list[list[float]]
    labels: list[Label]
    total_examples: int


class Preview(TypedDict):
    """The first examples of a dataset, or the beginning of a text."""

    object: Literal["dataset_preview"]
    dataset: str
    features: list[str]
    rows: list[list[float]]
    labels: list[Label]
    text: str | None
    total_examples: int
