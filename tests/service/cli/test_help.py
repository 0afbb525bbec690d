"""What `--help` tells of fields and defaults is so."""

import re
from dataclasses import fields, replace

import pytest

from core.spec import Adagrad, Adam, CharRnn, Mlp, ModelSpec, Rmsprop, Sgd, Softmax, Svm, Training, TrainSpec, default_optimizer
from service.api.schemas import GenerateRequest, RunCreate
from service.cli.body import body_of
from service.settings import Settings
from tests.service.cli.conftest import Run

MODELS: list[ModelSpec] = [Softmax(), Svm(), Mlp(), CharRnn()]


def told(postgrad: Run, *command: str) -> str:
    """Return the help of a command in one line, without the frame around it."""
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", postgrad(*command, "--help", COLUMNS="200").stdout).split())


def test_every_field_of_a_run_is_told(postgrad: Run) -> None:
    """Of train: a field either has a flag or is named as one that --file takes."""
    help_text = told(postgrad, "train").replace("--hidden ", "hidden_sizes hidden_size ")
    specs = (Softmax, Svm, Mlp, CharRnn, Sgd, Adagrad, Rmsprop, Adam, Training)
    names = {field.name for spec in specs for field in fields(spec)} | set(RunCreate.model_fields)
    rest = names - {"kind", "training", "tags"}
    missing = {name for name in rest if not re.search(rf"\b{name}\b|--{name.replace('_', '-')}\b", help_text)}
    assert not missing


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.kind)
def test_the_default_optimizer_of_each_model(postgrad: Run, model: ModelSpec) -> None:
    """Train says it in its help, and completes it when a flag changes a part of it."""
    default = default_optimizer(model)
    sent = body_of({"model": model.kind, "learning_rate": 0.5})
    assert TrainSpec.from_dict(sent).optimizer == replace(default, learning_rate=0.5)
    text = (
        f"of a char_rnn {default.kind} with clip {default.clip}]"
        if isinstance(model, CharRnn)
        else f"[default: {default.kind};"
    )
    assert text in told(postgrad, "train")


@pytest.mark.parametrize("name", ["length", "temperature", "seed"])
def test_the_defaults_of_generate(postgrad: Run, name: str) -> None:
    """They are those of the API."""
    default = GenerateRequest.model_fields[name].default
    assert re.search(rf"--{name} [^[]*\[default: {default:g}\]", told(postgrad, "generate"))


@pytest.mark.parametrize("name", ["host", "port", "data_dir", "processes", "log_level", "log_format"])
def test_the_defaults_of_serve(postgrad: Run, name: str) -> None:
    """They are those of the settings."""
    default = re.escape(str(Settings.model_fields[name].default))
    assert re.search(rf"--{name.replace('_', '-')} [^[]*(\[[^[]*\] [^[]*)?\[default: {default}[\]:]", told(postgrad, "serve"))
