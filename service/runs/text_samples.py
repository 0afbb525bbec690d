"""Samples of a model of text: a short text beside each checkpoint that stays, written once."""

from collections.abc import Callable, Iterable
from time import monotonic

from core.state import TrainState

REST = 50
"""A passing best writes again after this many times the seconds its sample took, so that samples cost at most 2 % of a run.

200 characters take 3 ms at H = 100, six in a thousand of an interval of 0.5 s, and 79 ms at H = 2048, a sixth of it.
"""

Sampler = Callable[[TrainState], str | None]
"""Lets a model of text write; None for any other."""


class TextSamples:
    """What the model of a run has written at milestones, at the best point and at the end, until it is stored.

    A text depends on the state alone. A best that comes too soon after the last sample stays `owed` until a later commit, at
    the latest until the attempt ends: which samples a run has in the end does not depend on when it was committed.
    """

    def __init__(self, sampler: Sampler, lacking: Iterable[TrainState] = ()) -> None:
        """Begin with `lacking`: states whose checkpoints are stored without the sample that they should have."""
        self._sampler, self._rests_until = sampler, 0.0
        self._owed: TrainState | None = None
        self.texts: dict[int, str | None] = {}
        """By step; None of a model that writes no text."""
        for state in lacking:
            self._add(state)

    def write(self, states: Iterable[TrainState], *, best: TrainState | None, now: bool) -> None:
        """Let the model write at these states, and at the best one if it has rested or must write `now`.

        `best` is the best of an interval, None if it has no new one.
        """
        for state in states:
            self._add(state)
        self._owed = best or self._owed
        if self._owed is not None and (now or self._owed.step in self.texts or monotonic() >= self._rests_until):
            self._add(self._owed)
            self._owed = None

    def late(self, saved_step: int) -> dict[int, str]:
        """Return the samples of checkpoints up to a step, which are stored already."""
        return {step: text for step, text in self.texts.items() if step <= saved_step and text is not None}

    def stored(self) -> None:
        """Forget what is stored by now."""
        self.texts = {}

    def _add(self, state: TrainState) -> None:
        if state.step in self.texts:
            return
        began = monotonic()
        self.texts[state.step] = self._sampler(state)
        ended = monotonic()
        self._rests_until = ended + REST * (ended - began)
