"""Both clients with texts: kept, trained on, written."""

from pathlib import Path
from typing import Any

import pytest

from service.client import APIConnectionError, Client, ConflictError, InvalidRequestError
from service.client.sse import Text

VERSE = "고양이가 매트 위에 앉았다 🐈\u2028\n" * 30
MODEL: dict[str, Any] = {"kind": "char_rnn", "hidden_size": 8, "sequence_length": 8}
PLAN = {"steps": 20, "log_every": 10}


def test_text_is_kept_trained_on_and_written(client: Client, tmp_path: Path) -> None:
    """A file of text is a dataset; what a char_rnn writes comes whole or character by character."""
    (tmp_path / "verse.txt").write_bytes(VERSE.encode())
    dataset = client.datasets.upload(tmp_path / "verse.txt")
    assert (dataset["examples"], dataset["id"]) == (
        len(VERSE),
        client.datasets.create({"kind": "text", "text": VERSE})["id"],
    )
    assert client.datasets.preview(dataset["id"])["text"] == VERSE[:500]
    run = client.runs.create(dataset=dataset["id"], model=MODEL, training=PLAN)
    assert client.runs.wait(run["id"], timeout=60)["status"] == "succeeded"
    assert client.runs.evaluate(run["id"])["confusion_matrix"] is None

    whole = client.runs.generate(run["id"], "고양이", length=300, temperature=3.0, seed=5)
    assert len(whole["text"]) == 300
    assert list(client.runs.stream(run["id"], "고양이", length=300, temperature=3.0, seed=5)) == list(whole["text"])
    assert len(client.runs.generate(run["id"])["text"]) == 200
    with pytest.raises(InvalidRequestError, match="prompt has 'x', which the model's text does not hold"):
        list(client.runs.stream(run["id"], "x"))
    with pytest.raises(ConflictError, match="use generate"):
        client.runs.predict(run["id"], [[0.5]])


def test_a_stream_comes_in_any_pieces() -> None:
    """Events are put together from pieces of any size; one that breaks off is an error."""
    events = ": ping\n\n" + "".join(f'event: character\ndata: {{"text": "\\u{ord(c):04x}"}}\n\n' for c in "고a\n")
    stream = (events + 'event: done\ndata: {"text": "…"}\n\n').encode()
    for size in (1, 7, len(stream)):
        text = Text()
        pieces = [stream[i : i + size] for i in range(0, len(stream), size)]
        assert [character for piece in pieces for character in text.take(piece)] == ["고", "a", "\n"]
        text.end()
    broken = Text()
    broken.take(events.encode())
    with pytest.raises(APIConnectionError, match="broke off"):
        broken.end()
