"""Mini-batches in an order that depends on the seed and the step alone, so that any step can be resumed."""

import numpy as np

from core.types import Floats, Ints


class Batches:
    """Batches of B rows out of N, a new random order in each epoch; the last batch of an epoch may be smaller.

    The order of epoch e comes from a generator seeded with (seed, 1, e): nothing needs to be remembered to go on.
    Without a batch size, every step gets all rows in their own order.
    """

    def __init__(self, rows: Floats, y: Ints, batch_size: int | None, seed: int) -> None:
        self.full = batch_size is None or batch_size >= len(y)
        # A full batch is read as rows.T: laid out so that this is contiguous, the first product takes 3.5, not 5.6 µs.
        self._rows = np.asfortranarray(rows) if self.full else rows
        self._y = y
        self._size = len(y) if self.full else int(batch_size or len(y))
        self._seed = seed
        self._epoch = -1
        self._buffers: dict[int, Floats] = {}

    @property
    def per_epoch(self) -> int:
        """Number of batches in an epoch."""
        return -(-len(self._y) // self._size)

    def starts(self, step: int) -> bool:
        """Whether nothing is carried from the batch before: examples do not follow one another."""
        del step
        return True

    def at(self, step: int) -> tuple[Floats, Ints]:
        """Return rows (B, …) and labels (B,) of a step. The rows are valid until the next call."""
        if self.full:
            return self._rows, self._y
        epoch, i = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._order = np.random.default_rng([self._seed, 1, epoch]).permutation(len(self._y))
            self._epoch = epoch
        chosen = self._order[i * self._size : (i + 1) * self._size]
        if len(chosen) not in self._buffers:
            self._buffers[len(chosen)] = np.empty((len(chosen), *self._rows.shape[1:]), self._rows.dtype)
        rows = self._buffers[len(chosen)]
        np.take(self._rows, chosen, axis=0, out=rows, mode="clip")  # "raise" would copy through a buffer
        return rows, self._y[chosen]
