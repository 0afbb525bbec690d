"""Records of the domain as response bodies."""

from math import inf

from service.api.responses import CheckpointOut, DatasetOut, EventOut, Progress, RunOut, SeriesSummary
from service.domain import Checkpoint, DatasetInfo, Event, Run, RunStatus


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
    links = {"self": here, **{verb.replace("-", "_"): f"{here}/{verb}" for verb in verbs}, "plot": f"{here}/plot.svg"}
    if use == "predict" and len(run.data["features"]) == 2:
        links |= {"decision_boundary": f"{here}/decision-boundary", "boundary": f"{here}/boundary.svg"}
    shown = {name: getattr(run, name) for name in RunOut.model_fields if hasattr(run, name)}
    return RunOut(
        **{
            **shown,
            **{part: run.spec[part] for part in ("model", "optimizer", "training")},
            "progress": progress_of(run),
            "metrics": {name: SeriesSummary(**summary) for name, summary in run.metrics.items()},
            "links": links,
        }
    )


def progress_of(run: Run) -> Progress:
    """Say how far a run is."""
    rate = run.steps_per_second
    left = (run.spec["training"].get("time_budget") or inf) - run.training_seconds
    eta = min((run.steps - run.step) / rate, max(0.0, left)) if rate and run.status is RunStatus.RUNNING else None
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
