"""The matrix products of a two-layer net's step and nothing else, by NumPy's BLAS: what the machine can do at these shapes."""

import numpy as np

from bench.task import Task


class Products:
    """Five products: two on the way forward, three back (the inputs need no gradient), the bias as one more column."""

    def __init__(self, task: Task) -> None:
        (d, h), k = task.start["W1"].shape, len(task.start["b2"])
        n = task.batch_size or len(task.y)
        rng = np.random.default_rng(0)
        shapes = [(h, d + 1, n), (k, h + 1, n), (k, n, h + 1), (h, k, n), (h, n, d + 1)]

        def made(*shape: int) -> np.ndarray:
            return rng.standard_normal(shape).astype(np.float32)

        self._work = [(made(m, inner), made(inner, p), np.empty((m, p), np.float32)) for m, inner, p in shapes]

    def steps(self, n: int) -> None:
        """Do the products of n steps."""
        for _ in range(n):
            for A, B, C in self._work:
                np.matmul(A, B, out=C)
