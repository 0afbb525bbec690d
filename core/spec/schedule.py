"""How the learning rate changes while a run trains."""

from dataclasses import dataclass
from typing import Annotated, Literal

from core.fields import Limits

Warmup = Annotated[int, Limits(ge=0, le=10**9, doc="steps in which the rate first grows linearly to its full value")]


@dataclass(frozen=True, kw_only=True)
class Constant:
    """The same rate in every step, after the warm-up."""

    kind: Literal["constant"] = "constant"
    warmup_steps: Warmup = 0


@dataclass(frozen=True, kw_only=True)
class StepDecay:
    """The rate is multiplied by `factor` each `every` steps."""

    every: Annotated[int, Limits(ge=1, le=10**9, doc="steps between two reductions")]
    kind: Literal["step"] = "step"
    factor: Annotated[float, Limits(gt=0, le=1, doc="what the rate is multiplied by")] = 0.5
    warmup_steps: Warmup = 0


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """Half a cosine from the full rate down to `final` of it when all steps are done."""

    kind: Literal["cosine"] = "cosine"
    final: Annotated[float, Limits(ge=0, le=1, doc="share of the rate that is left at the end")] = 0.0
    warmup_steps: Warmup = 0


ScheduleSpec = Constant | StepDecay | Cosine
