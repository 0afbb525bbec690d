"""A described run becomes a stored, queued one."""

import hashlib
import json
from dataclasses import asdict, dataclass, field

from core.errors import SpecError
from core.estimate import Estimate, Stored, estimate
from core.problem import check_data
from core.spec import Text, Training, TrainSpec, resolve
from service.actor import NOBODY
from service.domain import Run, RunStatus, StoredDataset, new_id, now
from service.errors import FieldProblem, InvalidInput, QueueFull, TooLarge
from service.runs import quotas
from service.runs.datasets import DatasetRef, Description, Kept, create, describe
from service.settings import Settings
from service.store import datasets, room, runs
from service.store.owned import owner_of
from service.store.unit import Also, Database, Transaction, nothing


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What a client asks for."""

    dataset: DatasetRef
    spec: TrainSpec
    name: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    priority: int = 0


def check(database: Database, settings: Settings, request: RunRequest) -> tuple[TrainSpec, Description, Estimate]:
    """Return the resolved spec, what the dataset holds, and the cost; raise InvalidInput or TooLarge. Creates nothing."""
    data = describe(database, request.dataset)
    try:
        check_data(request.spec, text=data.text, class_counts=data.class_counts)
        spec = resolve(request.spec, data.examples)
    except SpecError as error:
        raise InvalidInput(FieldProblem(error.path, str(error))) from error
    cost = estimate(spec, data.examples, len(data.features), len(data.classes))
    if cost.memory_bytes > settings.worker_memory_bytes:
        raise TooLarge(
            f"the run needs about {cost.memory_bytes:,} bytes of memory for {cost.parameters:,} parameters, this server "
            f"allows {settings.worker_memory_bytes:,} (POSTGRAD_WORKER_MEMORY_BYTES): "
            f"fewer hidden units or a smaller training.batch_size need less"
        )
    check_time(cost.seconds, settings)
    check_stored(spec.training, cost.stored, settings)
    return spec, data, cost


def check_time(seconds: float, settings: Settings) -> None:
    """Raise TooLarge if a run is estimated to take longer than is allowed."""
    if seconds > settings.max_run_seconds:
        raise TooLarge(
            f"the run would take about {seconds:,.0f} seconds, this server allows {settings.max_run_seconds:,.0f} "
            f"(POSTGRAD_MAX_RUN_SECONDS): fewer steps or a smaller model need less"
        )


def check_stored(plan: Training, stored: Stored, settings: Settings) -> None:
    """Raise TooLarge if a run is estimated to store more than is allowed."""
    if stored.checkpoints > (most := settings.max_checkpoints):
        every, log_every = plan.checkpoint_every or 1, plan.log_every or 1
        fits = (stored.checkpoints - 3) * every // (most - 2) + 1
        raise TooLarge(
            f"the run would keep {stored.checkpoints:,} checkpoints with training.checkpoint_every {every:,}, the best and the "
            f"latest included; this server allows {most:,} (POSTGRAD_MAX_CHECKPOINTS): "
            f"training.checkpoint_every {-(-fits // log_every) * log_every} keeps fewer; a run that goes on from "
            "another gets it by fork"
        )
    if stored.total_bytes > settings.max_run_bytes:
        raise TooLarge(
            f"the run would store about {stored.total_bytes:,} bytes, {stored.points:,} points and {stored.checkpoints:,} "
            f"checkpoints of {stored.checkpoint_bytes:,} bytes, this server allows {settings.max_run_bytes:,} "
            f"(POSTGRAD_MAX_RUN_BYTES): a greater training.log_every or training.checkpoint_every stores less"
        )


def submit(database: Database, settings: Settings, request: RunRequest, also: Also[Run] = nothing) -> Run:
    """Store the run and queue it, a text given with it as a dataset; both are there when this returns, or neither."""
    checked = check(database, settings, request)

    def keep(db: Transaction, run: Run) -> Run:
        queue(db, run, settings)
        also(db, run)
        return run

    if not isinstance(request.dataset, Text):
        run = _described(request, request.dataset, *checked)
        return database.write(lambda db: keep(db, run))
    stored: list[Run] = []

    def with_text(db: Transaction, kept: Kept) -> None:
        ref = StoredDataset(id=kept[0].id)  # runs stay small: they refer to it
        stored.append(keep(db, _described(request, ref, *checked)))

    create(database, settings, request.dataset, None, with_text)
    return stored[-1]


def _described(request: RunRequest, ref: DatasetRef, spec: TrainSpec, data: Description, cost: Estimate) -> Run:
    plain, dataset, moment = spec.to_dict(), asdict(ref), now()
    return Run(
        id=new_id("run"),
        name=request.name,
        status=RunStatus.QUEUED,
        dataset=dataset,
        data=data.plain(),
        spec=plain,
        spec_digest=digest({"dataset": dataset, "spec": plain}),
        steps=spec.training.steps or 0,
        tags=request.tags,
        priority=request.priority,
        estimated_seconds=cost.seconds,
        created_at=moment,
        updated_at=moment,
    )


def queue(db: Transaction, run: Run, settings: Settings) -> None:
    """Store a queued run; raise QueueFull, TooLarge for one that takes too long, InvalidInput if its data are gone."""
    check_time(run.estimated_seconds or 0.0, settings)
    room.check(db, settings.min_free_bytes)
    dataset_id = run.dataset["id"] if run.dataset["kind"] == "stored" else None
    if (waiting := runs.count_queued(db)) >= (limit := settings.max_queued_runs):
        raise QueueFull(f"{waiting} runs are queued, this server allows {limit} (POSTGRAD_MAX_QUEUED_RUNS): try again later")
    limit = settings.max_queued_runs_per_key
    if owner_of(db) != NOBODY and (waiting := runs.count_queued(db, own=True)) >= limit:
        told = f"{waiting} runs of this key are queued, this server allows {limit} (POSTGRAD_MAX_QUEUED_RUNS_PER_KEY)"
        raise QueueFull(f"{told}: try again later")
    quotas.check_run(db, settings)
    if dataset_id is not None and not datasets.is_there(db, dataset_id):  # deleted since it was checked
        raise InvalidInput(FieldProblem(("dataset", "id"), f"there is no dataset {dataset_id!r}"))
    runs.add(db, run, dataset_id)


def digest(value: object) -> str:
    """Name a JSON value by its content."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
