"""Frozen specs: what a run is made of, each field with its default, its limits and its meaning."""

from core.spec.data import Blobs, Circles, DataSpec, Moons, Spiral, SyntheticSpec, Text, Xor
from core.spec.model import CharRnn, Mlp, ModelSpec, Softmax, Svm
from core.spec.optimizer import Adagrad, Adam, OptimizerSpec, Rmsprop, Sgd
from core.spec.schedule import Constant, Cosine, ScheduleSpec, StepDecay
from core.spec.train import SPEC_VERSION, EarlyStopping, Training, TrainSpec, default_optimizer, held_out, resolve

__all__ = [
    "SPEC_VERSION",
    "Adagrad",
    "Adam",
    "Blobs",
    "CharRnn",
    "Circles",
    "Constant",
    "Cosine",
    "DataSpec",
    "EarlyStopping",
    "Mlp",
    "ModelSpec",
    "Moons",
    "OptimizerSpec",
    "Rmsprop",
    "ScheduleSpec",
    "Sgd",
    "Softmax",
    "Spiral",
    "StepDecay",
    "Svm",
    "SyntheticSpec",
    "Text",
    "TrainSpec",
    "Training",
    "Xor",
    "default_optimizer",
    "held_out",
    "resolve",
]
