"""What hints are drawn from, and what a hint is."""

from dataclasses import dataclass
from typing import Any, Literal

from core.spec import TrainSpec
from service.domain import StopReason
from service.runs.diagnose.measure import DeadUnits, FirstLoss, GradientCheck


@dataclass(frozen=True)
class Hint:
    """Something to know, in plain language, and what to do about it."""

    code: str
    severity: Literal["info", "warning", "error"]
    message: str
    suggestion: str
    overrides: dict[str, dict[str, Any]] | None = None
    """What a fork that follows the suggestion changes; None if no fork can."""


@dataclass(frozen=True)
class Curve:
    """The points of a series that are finite numbers."""

    steps: list[int]
    values: list[float]


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the hints are drawn from; a measure that a model does not have is None or empty."""

    spec: TrainSpec
    chance_loss: float
    """The data loss of guessing."""
    stop_reason: StopReason | None = None
    curves: dict[str, Curve]
    gradient: GradientCheck | None = None
    dead_units: list[DeadUnits]
    first_loss: FirstLoss | None = None
    never_predicted: list[str | int]
    deviations: list[float]
    """Standard deviation of each feature, as the data came."""

    def curve(self, name: str) -> Curve:
        """Return a series; an empty one if it is not there."""
        return self.curves.get(name, Curve([], []))

    @property
    def rate(self) -> float:
        """The learning rate."""
        return self.spec.optimizer.learning_rate


def one_digit(value: float) -> float:
    """Round to one significant digit."""
    return float(f"{value:.1g}")


def at_rate(rate: float) -> dict[str, dict[str, Any]]:
    """Change the learning rate to one digit of this."""
    return {"optimizer": {"learning_rate": one_digit(rate)}}


def fork_at(rate: float) -> tuple[str, dict[str, dict[str, Any]]]:
    """Suggest one digit of this learning rate, in words and as what a fork changes."""
    return f"fork the run with learning_rate {one_digit(rate):g}", at_rate(rate)


def slower(e: Evidence) -> tuple[str, dict[str, dict[str, Any]]]:
    """Suggest a third of the learning rate."""
    return fork_at(e.rate / 3)
