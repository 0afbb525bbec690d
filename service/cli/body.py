"""The flags of `postgrad train` as a request body. What is not given is not sent: the server has the defaults."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from service.cli.codes import ExitCode
from service.cli.talk import fail

PLACES = {
    "name": (),
    "reg": ("model",),
    "l1": ("model",),
    "dropout": ("model",),
    "margin": ("model",),
    "sequence_length": ("model",),
    "activation": ("model",),
    "learning_rate": ("optimizer",),
    "momentum": ("optimizer",),
    "nesterov": ("optimizer",),
    "steps": ("training",),
    "batch_size": ("training",),
    "seed": ("training",),
    "dtype": ("training",),
    "log_every": ("training",),
    "validation_fraction": ("training",),
    "standardize": ("training",),
    "time_budget": ("training",),
}
"""The part of the body that each flag of the same name belongs to; () is the body itself."""

Body = dict[str, Any]


def body_of(flags: Mapping[str, Any]) -> Body:
    """Make the body: that of --file, changed by the other flags that were given."""
    given = {name: value for name, value in flags.items() if value is not None}
    body = _read(given["file"]) if "file" in given else {}
    for part in ("dataset", "model", "optimizer"):
        if part in given:
            _choose(body, part, given[part])
    for name, place in PLACES.items():
        if name in given:
            (body.setdefault(place[0], {}) if place else body)[name] = given[name]
    if "hidden" in given:
        _hide(body.setdefault("model", {}), _sizes(given["hidden"]))
    if given.get("tag"):
        body.setdefault("tags", {}).update(_tag(text) for text in given["tag"])
    if "optimizer" in body and "kind" not in body["optimizer"]:  # the API takes its default only as a whole
        text = body.get("model", {}).get("kind") == "char_rnn"
        body["optimizer"] = {**({"kind": "adagrad", "clip": 0.2} if text else {"kind": "sgd"}), **body["optimizer"]}
    return body


def _choose(body: Body, part: str, kind: str) -> None:
    """Set the kind of a part; what a file said about another kind does not fit this one."""
    chosen = {"kind": "stored", "id": kind} if part == "dataset" and kind.startswith("ds_") else {"kind": kind}
    if {**body.get(part, {}), **chosen} != body.get(part):
        body[part] = chosen


def _read(name: str) -> Body:
    """Read a request body from a file, or from stdin if it is called -."""
    try:
        body = json.loads(sys.stdin.read() if name == "-" else Path(name).read_text("utf-8"))
    except OSError as error:
        fail(f"cannot read {name}: {error.strerror}", ExitCode.USAGE)
    except ValueError as error:
        fail(f"{name} is not JSON: {error}", ExitCode.USAGE)
    parts = ("dataset", "model", "optimizer", "training", "tags")
    if not isinstance(body, dict) or not all(isinstance(body.get(part, {}), dict) for part in parts):
        fail(f"{name} is not the body of a run: expected an object with dataset, model, …", ExitCode.USAGE)
    return body


def _sizes(text: str) -> list[int]:
    try:
        return [int(size) for size in text.split(",") if size.strip()]
    except ValueError:
        raise typer.BadParameter(
            f"{text!r}, expected whole numbers with commas, such as 100,50", param_hint="--hidden"
        ) from None


def _hide(model: Body, sizes: list[int]) -> None:
    """Set the hidden units: of a char_rnn, which has one layer, that is one number."""
    if model.get("kind") != "char_rnn":
        model["hidden_sizes"] = sizes
    elif len(sizes) == 1:
        model["hidden_size"] = sizes[0]
    else:
        raise typer.BadParameter("a char_rnn has one hidden layer, expected one number", param_hint="--hidden")


def _tag(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise typer.BadParameter(f"{text!r}, expected key=value", param_hint="--tag")
    return key, value
