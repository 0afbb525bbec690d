"""How it is measured.

Every contender of a row runs in a process of its own, as its user would run it, and they take turns: in each round
every one of them runs for about the same time while the others sleep, and the order rotates from round to round, so
that a slow spell of the machine meets all of them. How many steps fill a turn is found first, which is the warm-up
too (compilation, buffers, caches) and is not counted.

Why own processes: libraries change each other's speed. With PyTorch and JAX loaded beside it the textbook script
takes 195 instead of 322 µs a step: its temporaries then find memory that glibc has kept, where the script alone has 68
page faults a step. The row "malloc tuned" shows what it could be with two variables set; it is no target.

A turn's time is the wall clock or the processor time of its process, whichever is less: what other work on the machine
takes away is not counted, and neither are helper threads that save a contender time. On an idle machine that is the
wall clock. What counts is the fastest turn of each: disturbance can only add to a time, never take from it. Only ratios
of two such times decide; microseconds are printed for orientation.
"""

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter, process_time

Steps = Callable[[int], None]
"""Make n updates, and return when they are done."""

Timer = Callable[[int], float]
"""Make n updates and return the seconds they took."""


@dataclass(frozen=True)
class Plan:
    """How long to measure. Many short turns: a short one is more likely to be left in peace."""

    rounds: int = 15
    turn_seconds: float = 0.08
    row_seconds: float = 15.0  # where an epoch is long there are fewer rounds, but at least 5


def measure(timers: Mapping[str, Timer], plan: Plan, granule: int = 1) -> dict[str, list[float]]:
    """Return the seconds a step of each contender in each round. Steps come in multiples of `granule` (an epoch)."""
    counts = {name: _fill(timer, plan.turn_seconds, granule) for name, timer in timers.items()}
    names = list(timers)
    round_seconds = sum(timers[name](counts[name]) for name in names)
    rounds = min(plan.rounds, max(5, int(plan.row_seconds / round_seconds)))
    taken: dict[str, list[float]] = {name: [] for name in names}
    for i in range(rounds):
        first = i % len(names)
        for name in names[first:] + names[:first]:
            taken[name].append(timers[name](counts[name]) / counts[name])
    return taken


def _fill(timer: Timer, seconds: float, granule: int) -> int:
    """Find how many steps take about the given time."""
    count = granule
    timer(count)  # compiles
    while (taken := timer(count)) < seconds / 4:
        count *= 2
    return max(granule, round(count * seconds / taken / granule) * granule)


def timed(steps: Steps) -> Timer:
    """Return a function that times the steps."""

    def run(n: int) -> float:
        gc.collect()
        wall, processor = perf_counter(), process_time()
        steps(n)
        return min(perf_counter() - wall, process_time() - processor)

    return run
