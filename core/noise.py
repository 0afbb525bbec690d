"""Random numbers inside a training step, the same whenever that step is made."""

import numpy as np


class Noise:
    """A stream that can be entered at any step: what is drawn there follows from seed and step alone (decision 0005)."""

    rng: np.random.Generator

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def enter(self, step: int) -> None:
        """Go to the beginning of a step's part of the stream."""
        self.rng = np.random.default_rng([self._seed, 4, step])  # 10 µs
