"""The command `postgrad train`."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli import follow as following
from service.cli import show, talk
from service.cli.body import body_of
from service.cli.options import Curl, Json, Timeout, Url

DATA, MODEL, OPTIMIZER, TRAINING, OUTPUT = "Data", "Model", "Optimizer", "Training", "Run and output"

Dataset = Annotated[
    str | None,
    typer.Option(
        metavar="KIND|ID", rich_help_panel=DATA, help="spiral, moons, circles, blobs, xor, or the id of a kept one: ds_…"
    ),
]
Data = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        rich_help_panel=DATA,
        help="Upload this file and train on it; .txt, .text and .md are texts.",
    ),
]
Label = Annotated[str | None, typer.Option(rich_help_panel=DATA, help="Name of the label column of --data.")]
Model = Annotated[str | None, typer.Option(metavar="KIND", rich_help_panel=MODEL, help="softmax, svm, mlp or char_rnn.")]
Hidden = Annotated[
    str | None,
    typer.Option(metavar="SIZES", rich_help_panel=MODEL, help="Hidden units: 100; of an mlp also 100,50 for two layers."),
]
Activation = Annotated[str | None, typer.Option(metavar="KIND", rich_help_panel=MODEL, help="relu or tanh.")]
Reg = Annotated[float | None, typer.Option(rich_help_panel=MODEL, help="Strength of L2 regularisation.")]
L1 = Annotated[float | None, typer.Option("--l1", rich_help_panel=MODEL, help="Strength of L1 regularisation.")]
Dropout = Annotated[float | None, typer.Option(rich_help_panel=MODEL, help="Share of the hidden units of an mlp that are off.")]
SequenceLength = Annotated[
    int | None, typer.Option(rich_help_panel=MODEL, help="Characters that the gradient of a char_rnn goes back through.")
]
Margin = Annotated[float | None, typer.Option(rich_help_panel=MODEL, help="Margin of an svm.")]
Optimizer = Annotated[
    str | None,
    typer.Option(
        metavar="KIND",
        rich_help_panel=OPTIMIZER,
        help="sgd, adagrad, rmsprop or adam [default: sgd; of a char_rnn adagrad with clip 0.2].",
    ),
]
LearningRate = Annotated[float | None, typer.Option(rich_help_panel=OPTIMIZER, help="Step size.")]
Momentum = Annotated[float | None, typer.Option(rich_help_panel=OPTIMIZER, help="Momentum of sgd.")]
Nesterov = Annotated[
    bool | None, typer.Option("--nesterov/--no-nesterov", rich_help_panel=OPTIMIZER, help="Nesterov's look-ahead.")
]
Steps = Annotated[int | None, typer.Option(rich_help_panel=TRAINING, help="Number of updates.")]
BatchSize = Annotated[
    int | None,
    typer.Option(rich_help_panel=TRAINING, help="Examples per step, or streams of a text [default: all; of a text 1]."),
]
Seed = Annotated[int | None, typer.Option(rich_help_panel=TRAINING, help="Seed of initial weights, batches and split.")]
Dtype = Annotated[str | None, typer.Option(metavar="KIND", rich_help_panel=TRAINING, help="float32 or float64.")]
LogEvery = Annotated[int | None, typer.Option(rich_help_panel=TRAINING, help="Steps between metric points.")]
ValidationFraction = Annotated[float | None, typer.Option(rich_help_panel=TRAINING, help="Share of the examples held out.")]
Standardize = Annotated[
    bool | None,
    typer.Option("--standardize/--no-standardize", rich_help_panel=TRAINING, help="Give each feature mean 0 and deviation 1."),
]
TimeBudget = Annotated[
    float | None, typer.Option(metavar="SECONDS", rich_help_panel=TRAINING, help="End the run after so much training.")
]
Name = Annotated[str | None, typer.Option(rich_help_panel=OUTPUT, help="Name of the run.")]
Tag = Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE", rich_help_panel=OUTPUT, help="A tag; can be repeated.")]
File = Annotated[
    str | None,
    typer.Option(metavar="FILE", rich_help_panel=OUTPUT, help="Request body as JSON, - for stdin; other flags change it."),
]
Follow = Annotated[
    bool,
    typer.Option(
        "--follow", "-f", rich_help_panel=OUTPUT, help="Show the progress, and end with the run; with --json as JSON Lines."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", rich_help_panel=OUTPUT, help="Write only the id of the run.")]


def train(
    *,
    dataset: Dataset = None, data: Data = None, label: Label = None,
    model: Model = None, hidden: Hidden = None, activation: Activation = None, reg: Reg = None, margin: Margin = None,
    l1: L1 = None, dropout: Dropout = None, sequence_length: SequenceLength = None,
    optimizer: Optimizer = None, learning_rate: LearningRate = None, momentum: Momentum = None, nesterov: Nesterov = None,
    steps: Steps = None, batch_size: BatchSize = None, seed: Seed = None, dtype: Dtype = None, log_every: LogEvery = None,
    validation_fraction: ValidationFraction = None, standardize: Standardize = None, time_budget: TimeBudget = None,
    name: Name = None, tag: Tag = None, file: File = None,
    follow: Follow = False, timeout: Timeout = None, as_json: Json = False, curl: Curl = False, quiet: Quiet = False,
    url: Url = None,
) -> None:  # fmt: skip
    """Train a model on the server.

    Flags that are not given are left to the server's defaults. The parameters of a dataset and what else has no flag
    (init; schedule, clip, decay, beta1, beta2; checkpoint_every, stratify, class_weights, early_stopping, target; priority)
    are fields of the request in `--file`.

    `postgrad train --dataset spiral --model mlp --hidden 100 --follow`
    """
    body = body_of(locals())
    _complete(body, data, label)
    if timeout is not None and not follow:
        raise typer.BadParameter("is for --follow, which is not given", param_hint="--timeout")
    with talk.server(url, curl=curl, then_more=True) as client:
        if data is not None:
            body["dataset"] = {"kind": "stored", "id": client.datasets.upload(data, label)["id"]}
        run: show.Object = client.runs.create(body)
        if quiet:
            typer.echo(run["id"])
        if follow:
            run = following.follow(client, run["id"], as_json=as_json, quiet=quiet, timeout=timeout)
            following.finish(run, as_json=as_json and not quiet, quiet=quiet)
    if as_json and not quiet:
        talk.out_json(run)
    elif not quiet:
        _say(run)


def _say(run: show.Object) -> None:
    what = f"{show.model_of(run)} on {show.data_of(run)}"
    typer.echo(f"{run['id']} {run['status']}: {what}, {run['progress']['steps']:,} steps")
    talk.note(f"watch it: postgrad runs watch {run['id']}")


def _complete(body: dict[str, object], data: Path | None, label: str | None) -> None:
    """Refuse before anything is sent what cannot become a run."""
    if data is not None and "dataset" in body:
        raise typer.BadParameter("the dataset is given twice", param_hint="--data")
    if data is None and label is not None:
        raise typer.BadParameter("names a column of --data, which is not given", param_hint="--label")
    if body.get("dataset") == {"kind": "text"}:
        raise typer.BadParameter("a text is given as a file: --data FILE.txt", param_hint="--dataset")
    if data is None and "dataset" not in body:
        raise typer.BadParameter("say what to train on: --dataset spiral, --data FILE or --file FILE", param_hint="--dataset")
    if "model" not in body:
        raise typer.BadParameter("say what to train: --model softmax, svm, mlp or char_rnn", param_hint="--model")
