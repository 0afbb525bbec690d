"""Text as codes, and its windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.text import Corpus, Streams
from core.errors import DataError
from tests.core.cases import TEXT

texts = st.text(min_size=2, max_size=40).filter(lambda text: len(set(text)) > 1)


@given(texts)
def test_a_text_survives_its_codes(text: str) -> None:
    """Decoding the codes gives the text, whatever its characters; symbols stand in the order of their code points."""
    corpus = Corpus.of(text)
    assert corpus.decode(corpus.codes) == text
    assert np.array_equal(corpus.encode(text), corpus.codes)
    assert corpus.symbols == tuple(sorted(set(text)))
    assert len(corpus) == len(text)


def test_a_character_beyond_16_bits_is_one_symbol() -> None:
    """An emoji has one code."""
    assert Corpus.of("a🙂").codes.tolist() == [0, 1]
    assert "🙂" in TEXT.symbols


@pytest.mark.parametrize(("text", "message"), [("", "the text is empty"), ("aaa", "the text has 1 different characters")])
def test_text_that_teaches_nothing_is_refused(text: str, message: str) -> None:
    """There must be something to tell apart."""
    with pytest.raises(DataError, match=message):
        Corpus.of(text)


def test_unknown_characters_are_named() -> None:
    """Ten of them at most."""
    corpus = Corpus.of("ab")
    with pytest.raises(DataError, match=r"^the model has never seen 'x', '하'; it knows 2 characters$"):
        corpus.encode("a하x")
    with pytest.raises(DataError, match=r"'l', …; "):
        corpus.encode("cdefghijklmn")


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 20))
def test_each_window_comes_once_an_epoch(streams: int, length: int, more: int) -> None:
    """Side by side, each stream reads its part of the text in order; y is what follows x; any step can be asked at any time."""
    codes = np.arange(streams * length + more + 1)
    windows = Streams(codes[:-1], codes[1:], streams, length)
    each = (len(codes) - 1) // streams
    assert windows.per_epoch == each // length
    read = np.concatenate([windows.at(step)[0] for step in range(windows.per_epoch)])
    for b in range(streams):
        assert read[:, b].tolist() == list(range(b * each, b * each + windows.per_epoch * length))
    for step in reversed(range(2 * windows.per_epoch)):
        x, y = windows.at(step)
        assert (x.shape, y.shape) == ((length, streams), (length * streams,))
        assert np.array_equal(y, x.ravel() + 1)
        assert np.array_equal(x, windows.at(step + windows.per_epoch)[0])
        assert windows.starts(step) is (step in {0, windows.per_epoch})
