"""Response bodies."""

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from service.domain import RunStatus, StopReason

Links = dict[str, str]
T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """Part of a list; `?after=` with the last id gives the next part."""

    object: Literal["list"] = "list"
    data: list[T]
    has_more: bool
    first_id: str | int | None
    last_id: str | int | None


class Progress(BaseModel):
    """How far a run is. Seconds: of training, over all attempts, and until it ends; the rate is that of the present attempt."""

    step: int
    steps: int
    fraction: float
    steps_per_second: float | None
    training_seconds: float
    eta_seconds: float | None


class SeriesSummary(BaseModel):
    """A series in short. Best: the lowest loss, the highest accuracy; null for a series that has no better."""

    last: float | None
    best: float | None
    best_step: int | None


class RunOut(BaseModel):
    """A run, with its spec resolved."""

    object: Literal["run"] = "run"
    id: str
    name: str | None
    status: RunStatus
    stop_reason: StopReason | None
    dataset: dict[str, Any]
    data: Annotated[dict[str, Any], Field(description="`examples`, and the names of `features` and `classes`")]
    model: dict[str, Any]
    optimizer: dict[str, Any]
    training: dict[str, Any]
    attempt: int
    environment_changed: Annotated[bool, Field(description="an attempt went on with other libraries than the one before")]
    cancel_requested: bool
    pause_requested: bool
    parent: Annotated[dict[str, Any] | None, Field(description="`run`, `checkpoint`, `step` and `relation` to it")]
    verified: Annotated[bool | None, Field(description="of a run that verifies another: whether the weights are the same")]
    priority: int
    queue_position: Annotated[int | None, Field(description="1: begun next; null unless it is queued")]
    progress: Progress
    metrics: dict[str, SeriesSummary]
    error: dict[str, Any] | None
    spec_digest: str
    weights_digest: str | None
    tags: dict[str, str]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    links: Links


class RunList(Page[RunOut]):
    """A page of runs."""

    next_after: Annotated[str | None, Field(description="`after` of the next page: the last id, or a place in an order")]


class ValidateOut(BaseModel):
    """What a run would be and cost; nothing was created."""

    object: Literal["run_estimate"] = "run_estimate"
    model: dict[str, Any]
    optimizer: dict[str, Any]
    training: dict[str, Any]
    data: dict[str, Any]
    parameters: int
    memory_bytes: int
    estimated_seconds: float
    points: Annotated[int, Field(description="metric points that it stores, if it makes all of its steps")]
    points_bytes: int
    checkpoints: Annotated[int, Field(description="checkpoints that it keeps then: the best and the latest included")]
    checkpoints_bytes: int


class DatasetOut(BaseModel):
    """A kept dataset."""

    object: Literal["dataset"] = "dataset"
    id: str
    name: str
    kind: str
    parameters: dict[str, Any] | None
    digest: str
    examples: int
    features: list[str]
    classes: list[str | int]
    class_counts: list[int]
    statistics: Annotated[list[dict[str, float]], Field(description="mean, std, min and max of each feature; none of a text")]
    size_bytes: int
    created_at: datetime
    links: Links


class DatasetList(Page[DatasetOut]):
    """A page of datasets."""


class Preview(BaseModel):
    """The first examples of a dataset, or the beginning of a text."""

    object: Literal["dataset_preview"] = "dataset_preview"
    dataset: str
    features: list[str]
    rows: list[list[float]]
    labels: list[str | int]
    text: Annotated[str | None, Field(description="the first characters of a text, which has no rows; else null")]
    total_examples: int


class NonFinite(BaseModel):
    """A point whose value is not a finite number; it is null in the series."""

    step: int
    kind: Literal["nan", "inf", "-inf"]


class HistoryOut(BaseModel):
    """Curves of a run: `series[name][i]` is the value at `steps[i]`."""

    object: Literal["loss_history", "metrics"]
    run: str
    status: RunStatus
    steps: list[int]
    series: dict[str, list[float | None]]
    nonfinite: dict[str, list[NonFinite]]
    total_points: int
    downsampled: bool = False


class EventOut(BaseModel):
    """Something that happened to a run."""

    object: Literal["event"] = "event"
    id: Annotated[int, Field(description="number in the run's one sequence of events, from 1, without a gap")]
    kind: str
    data: dict[str, Any]
    created_at: datetime


class EventList(Page[EventOut]):
    """A page of events."""


class CheckpointOut(BaseModel):
    """A stored training state."""

    object: Literal["checkpoint"] = "checkpoint"
    id: str
    run: str
    step: int
    attempt: int
    names: Annotated[list[Literal["latest", "best"]], Field(description="names that stand for it now")]
    digest: str
    weights_digest: str
    size_bytes: int
    sample: Annotated[
        str | None,
        Field(description="what a model of text wrote at this step; milestones, the best and the end of a run have it"),
    ]
    created_at: datetime
    links: Links


class CheckpointList(Page[CheckpointOut]):
    """A page of the checkpoints of a run, in the order of their steps."""

    next_after: Annotated[int | None, Field(description="step that `after` of the next page is; null on the last page")]
