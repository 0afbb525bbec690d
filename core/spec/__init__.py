"""Frozen specs: what a run is made of, each field with its default, its limits and its meaning."""

from core.spec.class_weights import Balanced, ClassWeightsSpec, PerClass
from core.spec.data import Blobs, Circles, DataSpec, Moons, Spiral, SyntheticSpec, Text, Xor
from core.spec.ending import LARGER_IS_BETTER, EarlyStopping, Target
from core.spec.model import CharRnn, Mlp, ModelSpec, Softmax, Svm
from core.spec.optimizer import Adagrad, Adam, OptimizerSpec, Rmsprop, Sgd
from core.spec.schedule import Constant, Cosine, ScheduleSpec, StepDecay
from core.spec.train import SPEC_VERSION, Training, TrainSpec, default_optimizer, held_out, resolve

__all__ = [
    "LARGER_IS_BETTER",
    "SPEC_VERSION",
    "Adagrad",
    "Adam",
    "Balanced",
    "Blobs",
    "CharRnn",
    "Circles",
    "ClassWeightsSpec",
    "Constant",
    "Cosine",
    "DataSpec",
    "EarlyStopping",
    "Mlp",
    "ModelSpec",
    "Moons",
    "OptimizerSpec",
    "PerClass",
    "Rmsprop",
    "ScheduleSpec",
    "Sgd",
    "Softmax",
    "Spiral",
    "StepDecay",
    "Svm",
    "SyntheticSpec",
    "Target",
    "Text",
    "TrainSpec",
    "Training",
    "Xor",
    "default_optimizer",
    "held_out",
    "resolve",
]
