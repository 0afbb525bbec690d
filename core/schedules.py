"""Learning-rate schedules: `step -> float`, what the learning rate is multiplied by in the update after `step` others."""

import math
from collections.abc import Callable

from core.spec import Constant, Cosine, ScheduleSpec, StepDecay

Schedule = Callable[[int], float]


def make(spec: ScheduleSpec | None, steps: int) -> Schedule:
    """Make the schedule that a spec describes, for a run of so many steps; None is constant."""
    match spec:
        case None | Constant(warmup_steps=0):
            return lambda _: 1.0
        case Constant():
            after: Schedule = lambda _: 1.0  # noqa: E731 (as the others)
        case StepDecay():
            after = lambda step: spec.factor ** (step // spec.every)  # noqa: E731
        case Cosine():
            after = lambda step: cosine(step / steps, spec.final)  # noqa: E731
    return lambda step: warmup(step, spec.warmup_steps) * after(step)


def warmup(step: int, steps: int) -> float:
    """Grow linearly: 1/n in the first of n steps, 1 from the n-th on. Source: Goyal et al. 2017."""
    return min(1.0, (step + 1) / steps) if steps else 1.0


def cosine(fraction: float, final: float) -> float:
    """Fall along final + (1 - final)·½(1 + cos π·fraction). Source: Loshchilov and Hutter 2017, without restarts."""
    return final + (1 - final) * 0.5 * (1 + math.cos(math.pi * fraction))
