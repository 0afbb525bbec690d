"""Optimizers, by their constants."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core.fields import Limits
from core.spec.schedule import ScheduleSpec

LearningRate = Annotated[float, Limits(gt=0, le=1e6, doc="step size")]
Schedule = Annotated[ScheduleSpec | None, Limits(doc="how the rate changes; null: it does not")]
Clip = Annotated[float | None, Limits(gt=0, le=1e6, doc="each entry of the gradient is limited to ±clip; null: it is not")]
Decay = Annotated[float, Limits(ge=0, lt=1, doc="decay of the running average")]


@dataclass(frozen=True, kw_only=True)
class Sgd:
    """Gradient descent, with momentum and Nesterov's look-ahead on request."""

    kind: Literal["sgd"] = "sgd"
    learning_rate: LearningRate = 1.0
    momentum: Annotated[float, Limits(ge=0, lt=1, doc="share of the last step that is kept")] = 0.0
    nesterov: Annotated[bool, Limits(doc="take the gradient's step from the look-ahead position; needs momentum")] = False
    schedule: Schedule = None
    clip: Clip = None


@dataclass(frozen=True, kw_only=True)
class Adagrad:
    """Steps divided by the root of the sum of all squared gradients."""

    kind: Literal["adagrad"] = "adagrad"
    learning_rate: LearningRate = 0.1
    schedule: Schedule = None
    clip: Clip = None


@dataclass(frozen=True, kw_only=True)
class Rmsprop:
    """Steps divided by the root of a running average of squared gradients."""

    kind: Literal["rmsprop"] = "rmsprop"
    learning_rate: LearningRate = 0.001
    decay: Decay = 0.99
    schedule: Schedule = None
    clip: Clip = None


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Running averages of the gradient and of its square, both corrected for their start at zero."""

    kind: Literal["adam"] = "adam"
    learning_rate: LearningRate = 0.001
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    schedule: Schedule = None
    clip: Clip = None


OptimizerSpec = Sgd | Adagrad | Rmsprop | Adam
