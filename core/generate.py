"""Write text with a trained character RNN, one symbol after the other."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from core.errors import Interrupted
from core.models import CharRnn
from core.types import Floats, Ints, never


def generate(
    model: CharRnn, theta: Floats, prompt: Ints, length: int, *, rng: np.random.Generator, **how: Any
) -> Iterator[int]:
    """Yield the `length` codes that `steps` draws."""
    return (code for code in steps(model, theta, prompt, length, rng=rng, **how) if code is not None)


def steps(
    model: CharRnn,
    theta: Floats,
    prompt: Ints,
    length: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    rng: np.random.Generator,
    interrupted: Callable[[], bool] = never,
) -> Iterator[int | None]:
    """Read the prompt (L,), at least one code, then yield `length` codes, each drawn given all before it.

    Yield None after each code of the prompt but the last, for a long one takes as long as a long text.

    p = softmax(scores / temperature) over the `top_k` largest scores; temperature 0 takes the largest.
    Raise Interrupted where `interrupted()` is true before a symbol is read.
    """
    read = model.reader(theta)
    for code in prompt[:-1]:
        if interrupted():
            raise Interrupted
        read(int(code))
        yield None
    code = int(prompt[-1])
    for _ in range(length):
        if interrupted():
            raise Interrupted
        code = draw(read(code).astype(np.float64), temperature, top_k, rng)
        yield code


def draw(scores: Floats, temperature: float, top_k: int | None, rng: np.random.Generator) -> int:
    """Draw one of V codes by their scores (V,)."""
    if temperature == 0 or top_k == 1:
        return int(scores.argmax())
    logits = (scores - scores.max()) / temperature  # at most 0: exp cannot overflow
    if top_k is not None and top_k < len(logits):
        logits[np.argsort(-logits, kind="stable")[top_k:]] = -np.inf
    p = np.exp(logits)
    # Methods and min(): 6.5 µs a symbol; by np.searchsorted, np.cumsum and clip it is 11.
    return min(int(p.cumsum().searchsorted(rng.random() * p.sum(), "right")), len(p) - 1)
