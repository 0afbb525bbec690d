"""Records of the domain as response bodies."""

from collections.abc import Sequence
from math import inf
from typing import Any

from service.api.responses import CheckpointOut, DatasetOut, EventOut, Progress, RunOut, SeriesSummary
from service.domain import Checkpoint, DatasetInfo, Event, Run, RunStatus
from service.runs.predict import Prediction
from service.store import places, queue
from service.store.places import Standing
from service.store.unit import Transaction


def runs_out(db: Transaction, runs: Sequence[Run], workers: int) -> list[RunOut]:
    """Show runs, those that wait with their place in the queue."""
    waiting = places.standings(db, [run for run in runs if run.status is RunStatus.QUEUED], workers)
    return [run_out(run, waiting.get(run.id)) for run in runs]


def run_out(run: Run, standing: Standing | None) -> RunOut:
    """Show a run; `standing` is its place in the queue if it waits."""
    here = f"/v1/runs/{run.id}"
    use = "generate" if run.spec["model"]["kind"] == "char_rnn" else "predict"
    verbs = (
        "loss-history",
        "metrics",
        "events",
        "checkpoints",
        use,
        "evaluate",
        "diagnostics",
        "cancel",
        "pause",
        "resume",
        "extend",
        "fork",
        "verify",
    )
    links = {"self": here, **{verb.replace("-", "_"): f"{here}/{verb}" for verb in verbs}, "plot": f"{here}/plot.svg"}
    if use == "predict" and len(run.data["features"]) == 2:
        links |= {"decision_boundary": f"{here}/decision-boundary", "boundary": f"{here}/boundary.svg"}
    shown = {name: getattr(run, name) for name in RunOut.model_fields if hasattr(run, name)}
    return RunOut(
        **{
            **shown,
            **{part: run.spec[part] for part in ("model", "optimizer", "training")},
            "queue_position": standing and standing.position,
            "progress": progress_of(run, standing),
            "metrics": {name: SeriesSummary(**summary) for name, summary in run.metrics.items()},
            "links": links,
        }
    )


def progress_of(run: Run, standing: Standing | None) -> Progress:
    """Say how far a run is, and when it will have ended."""
    rate, eta = run.steps_per_second, None
    if run.status is RunStatus.RUNNING and rate:
        left = (run.spec["training"].get("time_budget") or inf) - run.training_seconds
        eta = min((run.steps - run.step) / rate, max(0.0, left))
    if standing and standing.starts_in_seconds is not None:
        eta = standing.starts_in_seconds + queue.remaining_seconds(run)
    return Progress(
        step=run.step,
        steps=run.steps,
        fraction=run.step / run.steps,
        steps_per_second=rate,
        training_seconds=run.training_seconds,
        eta_seconds=eta,
    )


def dataset_out(info: DatasetInfo) -> DatasetOut:
    """Show a dataset."""
    here = f"/v1/datasets/{info.id}"
    links = {"preview": f"{here}/preview"}
    if info.statistics:  # a text has none, and no picture
        links["plot"] = f"{here}/plot.svg"
    return DatasetOut(**vars(info), links={"self": here, **links})


def event_out(event: Event) -> EventOut:
    """Show an event."""
    return EventOut(id=event.seq, kind=event.kind, data=event.data, created_at=event.created_at)


def checkpoint_outs(saved: list[Checkpoint], named: dict[str, int | None]) -> list[CheckpointOut]:
    """Show checkpoints of a run with the names that stand for their steps."""
    shown = []
    for checkpoint in saved:
        here = f"/v1/runs/{checkpoint.run_id}"
        links = {"run": here, "export": f"{here}/export?checkpoint={checkpoint.id}"}
        values = {**vars(checkpoint), "run": checkpoint.run_id, "links": links}
        del values["run_id"]
        names = [name for name, step in named.items() if step == checkpoint.step]
        shown.append(CheckpointOut(**values, names=names))
    return shown


def prediction_fields(prediction: Prediction) -> dict[str, Any]:
    """Show a prediction as the fields of its answer."""
    return {
        "checkpoint": prediction.checkpoint.id,
        "step": prediction.checkpoint.step,
        "labels": prediction.labels,
        "classes": prediction.classes,
        "scores": prediction.scores.tolist(),
        "probabilities": None if prediction.probabilities is None else prediction.probabilities.tolist(),
    }
