"""How the time of a step grows with N, D, H and K, and what a second BLAS thread does to it."""

from dataclasses import dataclass

from threadpoolctl import ThreadpoolController

from bench.data import noise
from bench.peers.ours import Ours
from bench.task import task
from bench.timing import Plan, Steps, Timer, measure, timed
from core.spec import Mlp

BASE = {"N": 1000, "D": 20, "H": 100, "K": 10}
VALUES = {"N": (100, 1000, 10_000), "D": (2, 20, 200, 2000), "H": (10, 100, 1000), "K": (2, 10, 100)}


@dataclass(frozen=True)
class Cost:
    """A step of a two-layer net, full batch, float32; what is not named is N=1000, D=20, H=100, K=10."""

    letter: str
    value: int
    one_thread: float
    two_threads: float


def growth(plan: Plan) -> list[Cost]:
    """Measure each size with one and with two threads, in turns."""
    controller = ThreadpoolController().select(internal_api="openblas")
    costs = []
    for letter, values in VALUES.items():
        for value in values:
            sizes = BASE | {letter: value}
            steps = net(sizes["N"], sizes["D"], sizes["H"], sizes["K"])
            taken = measure({"1": limited(steps, controller, 1), "2": limited(steps, controller, 2)}, plan)
            costs.append(Cost(letter, value, min(taken["1"]), min(taken["2"])))
    return costs


def net(n: int, d: int, h: int, k: int) -> Steps:
    """Make a net on random numbers."""
    return Ours(task(Mlp(hidden_sizes=(h,)), noise(n, d, k), rate=0.01)).steps


def limited(steps: Steps, controller: ThreadpoolController, threads: int) -> Timer:
    """Time the same steps with so many BLAS threads."""

    def run(n: int) -> None:
        with controller.limit(limits=threads):
            steps(n)

    return timed(run)
