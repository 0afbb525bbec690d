"""Samples of a model of text: a short text beside each checkpoint that stays, written once."""

from collections.abc import Callable, Iterable
from time import thread_time

from core.state import TrainState

REST = 50
"""A passing best writes again after this many times the processor time of the sample before: such samples cost at most 2 %.

200 characters take 2.5 ms at H = 100, 0.5 % of an interval of 0.5 s, and 80 ms at H = 2048, 16 % of it. It is not the
clock on the wall that counts: where others have the processor, a sample would seem to take long.
"""

Sampler = Callable[[TrainState], str | None]
"""Lets a model of text write; None for any other."""


class TextSamples:
    """What the model of a run has written at milestones, at the best point and at the end, until it is stored.

    A text depends on the state alone. A best that comes too soon after the one before stays `owed` until a later commit, at
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
        if self._owed is not None and (now or self._owed.step in self.texts or thread_time() >= self._rests_until):
            began = thread_time()
            self._add(self._owed)
            ended = thread_time()
            self._owed, self._rests_until = None, max(self._rests_until, ended + REST * (ended - began))

    def late(self, saved_step: int) -> dict[int, str]:
        """Return the samples of checkpoints up to a step, which are stored already."""
        return {step: text for step, text in self.texts.items() if step <= saved_step and text is not None}

    def stored(self) -> None:
        """Forget what is stored by now."""
        self.texts = {}

    def _add(self, state: TrainState) -> None:
        if state.step not in self.texts:
            self.texts[state.step] = self._sampler(state)
