"""Optimizers, by their constants."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core.fields import Limits

LearningRate = Annotated[float, Limits(gt=0, le=1e6, doc="step size")]
Decay = Annotated[float, Limits(ge=0, lt=1, doc="decay of the running average")]


@dataclass(frozen=True, kw_only=True)
class Sgd:
    """Gradient descent, with momentum and Nesterov's look-ahead on request."""

    kind: Literal["sgd"] = "sgd"
    learning_rate: LearningRate = 1.0
    momentum: Annotated[float, Limits(ge=0, lt=1, doc="share of the last step that is kept")] = 0.0
    nesterov: Annotated[bool, Limits(doc="take the gradient's step from the look-ahead position; needs momentum")] = False


@dataclass(frozen=True, kw_only=True)
class Adagrad:
    """Steps divided by the root of the sum of all squared gradients."""

    kind: Literal["adagrad"] = "adagrad"
    learning_rate: LearningRate = 0.1


@dataclass(frozen=True, kw_only=True)
class Rmsprop:
    """Steps divided by the root of a running average of squared gradients."""

    kind: Literal["rmsprop"] = "rmsprop"
    learning_rate: LearningRate = 0.001
    decay: Decay = 0.99


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Running averages of the gradient and of its square, both corrected for their start at zero."""

    kind: Literal["adam"] = "adam"
    learning_rate: LearningRate = 0.001
    beta1: Decay = 0.9
    beta2: Decay = 0.999


OptimizerSpec = Sgd | Adagrad | Rmsprop | Adam
