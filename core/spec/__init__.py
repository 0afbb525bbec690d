"""Frozen specs: what a run is made of, each field with its default, its limits and its meaning."""

from core.spec.data import Blobs, Circles, Moons, Spiral, SyntheticSpec, Xor
from core.spec.model import Mlp, ModelSpec, Softmax, Svm
from core.spec.optimizer import Adagrad, Adam, OptimizerSpec, Rmsprop, Sgd
from core.spec.train import SPEC_VERSION, Training, TrainSpec, held_out, resolve

__all__ = [
    "SPEC_VERSION",
    "Adagrad",
    "Adam",
    "Blobs",
    "Circles",
    "Mlp",
    "ModelSpec",
    "Moons",
    "OptimizerSpec",
    "Rmsprop",
    "Sgd",
    "Softmax",
    "Spiral",
    "Svm",
    "SyntheticSpec",
    "TrainSpec",
    "Training",
    "Xor",
    "held_out",
    "resolve",
]
