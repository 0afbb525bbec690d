"""Records of the domain as response bodies."""

import math
from typing import Any

from service.api.responses import CheckpointOut, DatasetOut, EventOut, HistoryOut, NonFinite, Progress, RunOut, SeriesSummary
from service.domain import Checkpoint, DatasetInfo, Event, Run, RunStatus
from service.runs.history import History
from service.runs.predict import Prediction


def run_out(run: Run) -> RunOut:
    """Show a run."""
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
    shown = {name: getattr(run, name) for name in RunOut.model_fields if hasattr(run, name)}
    return RunOut(
        **{
            **shown,
            **{part: run.spec[part] for part in ("model", "optimizer", "training")},
            "progress": progress_of(run),
            "metrics": {name: SeriesSummary(**summary) for name, summary in run.metrics.items()},
            "links": {"self": here, **{verb.replace("-", "_"): f"{here}/{verb}" for verb in verbs}},
        }
    )


def progress_of(run: Run) -> Progress:
    """Say how far a run is."""
    rate = run.steps_per_second
    eta = (run.steps - run.step) / rate if rate and run.status is RunStatus.RUNNING else None
    return Progress(step=run.step, steps=run.steps, fraction=run.step / run.steps, steps_per_second=rate, eta_seconds=eta)


def dataset_out(info: DatasetInfo) -> DatasetOut:
    """Show a dataset."""
    here = f"/v1/datasets/{info.id}"
    return DatasetOut(**vars(info), links={"self": here, "preview": f"{here}/preview"})


def history_out(history: History, kind: str) -> HistoryOut:
    """Show curves; a value that is not finite is null in its series and named beside it."""
    nonfinite = {
        name: bad
        for name, values in history.series.items()
        if (bad := [NonFinite(step=step, kind=str(v)) for step, v in zip(history.steps, values, strict=True) if _bad(v)])
    }
    series = {name: [None if _bad(v) else v for v in values] for name, values in history.series.items()}
    return HistoryOut(
        object=kind,
        run=history.run.id,
        status=history.run.status,
        steps=history.steps,
        series=series,
        nonfinite=nonfinite,
        total_points=history.total_points,
    )


def _bad(value: float | None) -> bool:
    return value is not None and not math.isfinite(value)


def event_out(event: Event) -> EventOut:
    """Show an event."""
    return EventOut(id=event.seq, kind=event.kind, data=event.data, created_at=event.created_at)


def checkpoint_outs(run: Run, saved: list[Checkpoint]) -> list[CheckpointOut]:
    """Show the checkpoints of a run with the names that stand for them."""
    latest = saved[-1].step if saved else None
    shown = []
    for checkpoint in saved:
        values = {**vars(checkpoint), "run": checkpoint.run_id}
        del values["run_id"]
        steps = {"latest": latest, "best": run.best_step}
        names = [name for name, step in steps.items() if step == checkpoint.step]
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
