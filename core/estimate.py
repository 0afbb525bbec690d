"""What a run will cost, before it is started."""

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf

import numpy as np

from core.evaluate import CHUNK, streams_of
from core.models import build
from core.optimizers import make
from core.spec import CharRnn, Mlp, Training, TrainSpec, held_out

# Measured on one core of a 2.6 GHz Zen 4 with OpenBLAS: the cost of one NumPy call, and of one float32 operation in large
# products; float64 does half as many. An estimate, right within a factor of about two.
SECONDS_A_CALL = 1.3e-6
FLOATS_A_SECOND = 4e10
# Of 100,000 points in a database one takes 121 bytes with seven series, 158 with all eleven.
POINT_BYTES = 160
CHECKPOINT_BYTES = 4096
"""What a checkpoint takes beside its state: its row, its sample, the unused end of its last page."""
HELD_BYTES = 64 * 1024 * 1024
"""Of states, what may wait in a worker for the next commit (POSTGRAD_MAX_BACKLOG_BYTES)."""
HEADER_BYTES = 1000
"""What a state takes beside its arrays: at most so much JSON."""


@dataclass(frozen=True)
class Stored:
    """What a run keeps if it makes all of its steps: `points`, `checkpoints`, and the bytes of one of either.

    Checkpoints are those at each `checkpoint_every`, the best and the latest.
    """

    points: int
    checkpoints: int
    checkpoint_bytes: int

    @property
    def points_bytes(self) -> int:
        """Bytes of all points."""
        return self.points * POINT_BYTES

    @property
    def checkpoints_bytes(self) -> int:
        """Bytes of all checkpoints."""
        return self.checkpoints * self.checkpoint_bytes

    @property
    def total_bytes(self) -> int:
        """Bytes of both."""
        return self.points_bytes + self.checkpoints_bytes


@dataclass(frozen=True)
class Estimate:
    """`parameters` P, `memory_bytes` of one worker beside its 60 MB of programs, `seconds` on one core, what is `stored`."""

    parameters: int
    memory_bytes: int
    seconds: float
    stored: Stored


def estimate(spec: TrainSpec, n: int, n_features: int, n_classes: int) -> Estimate:
    """Estimate a resolved run over n examples of D features and K classes."""
    if isinstance(spec.model, CharRnn):
        return _text(spec, spec.model, n, n_classes)
    plan = spec.training
    item = np.dtype(plan.dtype).itemsize
    n_train = n - held_out(n, plan.validation_fraction)
    batch = plan.batch_size or n_train
    hidden = spec.model.hidden_sizes if isinstance(spec.model, Mlp) else ()
    dropped = sum(hidden) if isinstance(spec.model, Mlp) and spec.model.dropout else 0
    sizes = (n_features, *hidden, n_classes)
    parameters = build(spec.model, n_features, n_classes).layout.size
    units = 5 * sum(hidden) + 3 * dropped + 4 * n_classes
    apart = plan.batch_size is not None or dropped > 0  # then points are measured on all training examples apart
    bound = {batch, n_train % batch}, _chunks(n_train) if apart else set(), _chunks(n - n_train)
    programs = [rows for sizes in bound for rows in sizes if rows]  # each has its work arrays
    forward = 2 * sum((inner + 1) * out for inner, out in pairwise(sizes))
    calls = 12 + 9 * len(hidden)
    rate = FLOATS_A_SECOND * (1 if item == 4 else 0.5)
    step = calls * SECONDS_A_CALL + 3 * forward * batch / rate + 2e-10 * item * units * batch + 2e-9 * dropped * batch
    point = apart * n_train * forward / rate + 20e-6
    stored = _stored(spec, parameters, n_features, step)
    memory = (
        n * n_features * 8 * 3  # the examples, the training part, its normalised copy
        + item * n * (n_features + 1) * 2
        + item * parameters * (_vectors(spec) + len(programs) * (3 + (spec.model.l1 > 0)))
        + item * units * sum(programs)
        + _committed(stored)
    )
    return Estimate(parameters, memory, _seconds(plan, step, point), stored)


def _chunks(n: int) -> set[int]:
    """Return in which numbers of rows n examples are evaluated."""
    return {min(n, CHUNK), n % CHUNK}


def _text(spec: TrainSpec, model: CharRnn, n: int, n_symbols: int) -> Estimate:
    plan = spec.training
    item = np.dtype(plan.dtype).itemsize
    streams, length, hidden = plan.batch_size or 1, model.sequence_length, model.hidden_size
    parameters = build(model, 1, n_symbols).layout.size
    held = held_out(n, plan.validation_fraction)
    window, evaluated = streams * length, streams_of(held, length) * length if held else 0
    rate = FLOATS_A_SECOND * (1 if item == 4 else 0.5)
    forward = 2 * window * hidden * (hidden + n_symbols)
    calls, passes = 20 + 6 * length, 10 * parameters + 9 * window * n_symbols
    # The calls are short ones, and the products and what they leave fit into the caches: 200 for 153 µs with one stream of
    # 25 symbols, 2,550 for 2,380 µs with 64 (H = 100, V = 80).
    step = calls * SECONDS_A_CALL / 2 + 3 * forward / (2 * rate) + item * passes * 5e-11
    point = held * (2 * hidden * (hidden + n_symbols) / rate + 1e-7) + 20e-6
    stored = _stored(spec, parameters + streams * hidden, 1, step)
    memory = (
        n * 32
        + item * parameters * (_vectors(spec) + 3 * (2 if held else 1))  # a program has its gradient and turned weights
        + item * (window + evaluated) * (6 * hidden + 5 * n_symbols)
        + _committed(stored)
    )
    return Estimate(parameters, memory, _seconds(plan, step, point), stored)


def _vectors(spec: TrainSpec) -> int:
    """Return how many vectors (P,) there are beside the programs: theta, slots, two for the update, the best weights."""
    return 3 + make(spec.optimizer).slots + _restores(spec)


def _committed(stored: Stored) -> int:
    """Return the bytes of states that wait for a commit, and of the same written out for it, of which one is copied again.

    Measured with 6,000,000 parameters: 386 MB for SGD and 539 for Adam, where 23 MB are one vector and 435 and 619 estimated.
    """
    state = stored.checkpoint_bytes
    held = min(HELD_BYTES, stored.checkpoints * state) + state
    return 2 * held + state


def _restores(spec: TrainSpec) -> bool:
    stopping = spec.training.early_stopping
    return stopping is not None and stopping.restore_best


def _stored(spec: TrainSpec, numbers: int, n_features: int, step: float) -> Stored:
    """Return what is kept of a run of D features whose steps take so many seconds; `numbers` P, with what is carried on."""
    plan = spec.training
    item = np.dtype(plan.dtype).itemsize
    copies = 1 + make(spec.optimizer).slots + _restores(spec)
    most = plan.steps or 0
    if plan.time_budget is not None:  # a step may take half of what is estimated
        most = min(most, ceil(2 * plan.time_budget / step))
    checkpoint_every = plan.checkpoint_every or 1
    return Stored(
        points=points_of(plan, most),
        checkpoints=most // checkpoint_every + 3,
        checkpoint_bytes=item * numbers * copies + 16 * n_features + HEADER_BYTES + CHECKPOINT_BYTES,
    )


def points_of(plan: Training, steps: int) -> int:
    """Return how often a run of so many steps is measured: before the first, every `log_every` steps, and at the end."""
    log_every = plan.log_every or 1
    return 1 + steps // log_every + (steps % log_every > 0)


def _seconds(plan: Training, step: float, point: float) -> float:
    """Return the seconds of a run whose steps and metric points take so many each.

    What is begun within the time budget is ended, and the last point comes after it.
    """
    steps = plan.steps or 0
    return min((steps + 1) * step + points_of(plan, steps) * point, (plan.time_budget or inf) + 2 * (step + point))
