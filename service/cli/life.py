"""The commands `postgrad runs …` that stop a run for a while, and make a new run out of one."""

import json
from typing import Annotated, Any

import typer

from service.cli import talk
from service.cli.options import Curl, Json, RunId, Url
from service.cli.show import Object

Name = Annotated[str | None, typer.Option(help="Name of the new run [default: that of the old].", show_default=False)]
Steps = Annotated[int, typer.Option(min=1, help="All steps, those already done included.")]
CheckpointName = Annotated[str, typer.Option(help="latest, best, a step, or the id of a checkpoint.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Part of the spec to change: optimizer.learning_rate=0.1"),
]
PARTS = ("model", "optimizer", "training")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (pause, resume, extend, fork, verify):
        app.command()(command)


def pause(run_id: RunId, *, as_json: Json = False, curl: Curl = False, url: Url = None) -> None:
    """Stop a run for a while; go on with it: postgrad runs resume."""
    with talk.server(url, curl=curl) as client:
        run = client.runs.pause(run_id)
    _say(run, f"{run_id} {'paused' if run['status'] == 'paused' else 'is being paused'}", as_json=as_json)


def resume(run_id: RunId, *, as_json: Json = False, curl: Curl = False, url: Url = None) -> None:
    """Let a paused run go on from its checkpoint."""
    with talk.server(url, curl=curl) as client:
        run = client.runs.resume(run_id)
    _say(run, f"{run_id} goes on from step {run['progress']['step']}", as_json=as_json)


def extend(
    run_id: RunId, *, steps: Steps, name: Name = None, as_json: Json = False, curl: Curl = False, url: Url = None
) -> None:
    """Train a run that has ended or is paused for more steps, as a new run."""
    with talk.server(url, curl=curl) as client:
        run = client.runs.extend(run_id, steps, name)
    _say_new(run, as_json=as_json)


def fork(
    run_id: RunId,
    *,
    checkpoint: CheckpointName = "latest",
    changes: Set = None,
    name: Name = None,
    as_json: Json = False,
    curl: Curl = False,
    url: Url = None,
) -> None:
    """Branch off at a checkpoint: a new run that goes on from there with a changed spec."""
    overrides = overrides_of(changes or [])
    with talk.server(url, curl=curl) as client:
        run = client.runs.fork(run_id, overrides, checkpoint, name)
    _say_new(run, as_json=as_json)


def verify(run_id: RunId, *, as_json: Json = False, curl: Curl = False, url: Url = None) -> None:
    """Train a run again, as a new run, and compare the weights."""
    with talk.server(url, curl=curl) as client:
        run = client.runs.verify(run_id)
    _say_new(run, as_json=as_json)


def overrides_of(changes: list[str]) -> dict[str, dict[str, Any]]:
    """Read changes `part.field=value`; a value is JSON, or a word as it stands."""
    overrides: dict[str, dict[str, Any]] = {}
    for change in changes:
        path, equals, text = change.partition("=")
        part, dot, field = path.partition(".")
        if not (equals and dot and field) or part not in PARTS:
            detail = f"{change!r}, expected {'|'.join(PARTS)}.field=value, such as optimizer.learning_rate=0.1"
            raise typer.BadParameter(detail, param_hint="--set")
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        overrides.setdefault(part, {})[field] = value
    return overrides


def _say(run: Object, text: str, *, as_json: bool) -> None:
    if as_json:
        talk.out_json(run)
    else:
        typer.echo(text)


def _say_new(run: Object, *, as_json: bool) -> None:
    _say(run, run["id"], as_json=as_json)
    if not as_json:
        talk.note(f"queued, goes on from step {run['progress']['step']}; watch it: postgrad runs watch {run['id']}")
