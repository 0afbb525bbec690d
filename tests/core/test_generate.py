"""Text out of a model."""

import numpy as np
import pytest

from core.generate import draw, generate
from core.models import CharRnn
from core.types import Floats

MODEL = CharRnn(5, 4, 3, 0.0)
THETA = np.random.default_rng(0).standard_normal(MODEL.layout.size)
SCORES = np.array([0.5, -1.0, 2.0, 0.0, 1.0])


def written(prompt: list[int], length: int = 30, temperature: float = 1.0, seed: int = 0) -> list[int]:
    """Return what the model writes."""
    rng = np.random.default_rng(seed)
    return list(generate(MODEL, THETA, np.array(prompt), length, temperature=temperature, rng=rng))


def softmax(logits: Floats) -> Floats:
    """Return exp(z) / Σ exp(z)."""
    p: Floats = np.exp(logits)
    p /= p.sum()
    return p


def test_the_generator_decides() -> None:
    """The same one gives the same codes, as many as asked for, all of them symbols."""
    assert written([0]) == written([0]) != written([0], seed=1)
    assert len(written([0])) == 30
    assert set(written([0], 300)) <= set(range(5))


def test_temperature_zero_takes_the_largest() -> None:
    """It follows the reader's best score and needs no luck."""
    read, code, expected = MODEL.reader(THETA), 0, []
    for _ in range(30):
        code = int(read(code).argmax())
        expected.append(code)
    assert written([0], temperature=0) == written([0], temperature=0, seed=1) == expected


def test_the_prompt_is_read_in_full() -> None:
    """The first code is drawn by the scores after all of the prompt, which are others without its first symbol."""
    whole, tail = MODEL.reader(THETA), MODEL.reader(THETA)
    scores, others = [whole(code) for code in (3, 1)][-1], [tail(code) for code in (1,)][-1]
    assert np.abs(softmax(scores) - softmax(others)).max() > 0.01
    for prompt, by in (([3, 1], scores), ([1], others)):
        for seed in range(500):
            assert written(prompt, 1, seed=seed) == [draw(by, 1.0, None, np.random.default_rng(seed))]
    assert [written([3, 1], 1, seed=seed) for seed in range(500)] != [written([1], 1, seed=seed) for seed in range(500)]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("top_k", [None, 2, 5])
def test_draws_follow_the_softmax(temperature: float, top_k: int | None) -> None:
    """Of 20 000 draws, each code has its share of softmax(scores / temperature) over the top_k; χ² below its 99.9 % point."""
    logits = SCORES / temperature
    logits[np.argsort(-SCORES)[top_k or 5 :]] = -np.inf
    p, rng, n = softmax(logits), np.random.default_rng(0), 20_000
    counts = np.bincount([draw(SCORES, temperature, top_k, rng) for _ in range(n)], minlength=5)
    possible = p > 0
    assert counts[~possible].sum() == 0
    assert np.sum((counts - n * p)[possible] ** 2 / (n * p[possible])) < 18.5


def test_top_1_is_the_largest() -> None:
    """However hot."""
    assert {draw(SCORES, 100.0, 1, np.random.default_rng(seed)) for seed in range(20)} == {2}
