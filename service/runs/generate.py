"""Write text with a checkpoint of a run, character by character. Allowed while the run is still training."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.data.text import encode
from core.errors import UnknownSymbols
from core.estimate_use import writing_seconds
from core.generate import steps
from core.models import CharRnn
from core.train import quiet
from core.types import Ints
from service.domain import Checkpoint
from service.errors import Conflict, FieldProblem, InvalidInput
from service.runs.patience import Patience
from service.runs.predict import ModelCache, trained
from service.store.unit import Database

END = -1
SHOWN = 20  # unknown characters in a message


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to write: `length` characters after the prompt. Temperature 0 takes the likeliest one each time."""

    prompt: str = ""
    length: int = 200
    temperature: float = 1.0
    top_k: int | None = None
    seed: int = 0


def generate(
    database: Database, cache: ModelCache, run_id: str, wish: Wish, checkpoint: str, patience: Patience
) -> tuple[Checkpoint, Iterator[str]]:
    """Return the checkpoint that writes, and the characters as they come; an empty one for each of the prompt that is read.

    Raise TooLarge if they are estimated to take too long. They end with Interrupted once nobody waits any more.
    """
    found = trained(database, cache, run_id, checkpoint)
    if not isinstance(found.model, CharRnn):
        raise Conflict(f"the run {run_id} trains no char_rnn, only that writes text: use predict")
    symbols = [str(symbol) for symbol in found.classes]
    prompt = _codes(wish.prompt, symbols)
    symbols_read = len(prompt) + wish.length
    patience.afford(
        writing_seconds(found.theta, symbols_read),
        f"reading and writing {symbols_read:,} characters with {found.theta.size:,} parameters",
        "a shorter prompt or length takes less",
    )
    rng = np.random.default_rng(wish.seed)
    how: dict[str, Any] = {"temperature": wish.temperature, "top_k": wish.top_k, "rng": rng, "interrupted": patience.over}
    codes = steps(found.model, found.theta, prompt, wish.length, **how)
    return found.checkpoint, _characters(codes, symbols)


def _characters(codes: Iterator[int | None], symbols: list[str]) -> Iterator[str]:
    while True:
        with quiet():  # not around a yield: who takes the next character may be another thread
            code = next(codes, END)
        if code == END:
            return
        yield "" if code is None else symbols[code]


def _codes(prompt: str, symbols: list[str]) -> Ints:
    """Return the codes of the prompt; in place of an empty one a line break, or what comes first in the alphabet."""
    if not prompt:
        return encode("\n" if "\n" in symbols else symbols[0], symbols)
    try:
        return encode(prompt, symbols)
    except UnknownSymbols as error:
        named = ", ".join(map(repr, error.unknown[:SHOWN])) + (", …" if len(error.unknown) > SHOWN else "")
        problem = FieldProblem(("prompt",), f"prompt has {named}, which the model's text does not hold")
        raise InvalidInput(problem) from error
