"""A request computes only as long as it may and as somebody waits for its answer."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import pytest

from core.generate import steps
from core.models import CharRnn
from service.api import large
from service.api.quick_json import COSTLY_BYTES
from service.api.turns import Turns
from service.runs.patience import Patience
from tests.service.api.conftest import Api, serving

TEXT = "the quick brown fox jumps over the lazy dog. " * 40
WIDE = {"kind": "mlp", "hidden_sizes": [600, 600]}
"""So many parameters that 100 rows need a thread and a turn."""
ROWS = [[0.1, 0.2]] * 100
STREAM = {"Accept": "text/event-stream"}


@dataclass(frozen=True)
class House:
    """A server, and the ids of a run on a table and one on a text."""

    api: Api
    table: str
    text: str


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run a server with two trained runs, the first with a name."""
    with serving(tmp_path_factory.mktemp("patience"), workers=1, commit_interval_seconds=0.05) as api:
        training = {"steps": 1}
        table = {"dataset": {"kind": "moons"}, "model": WIDE, "training": training}
        text = {"dataset": {"kind": "text", "text": TEXT}, "model": {"kind": "char_rnn"}, "training": training}
        ids = [api.post("/v1/runs", json=body).json()["id"] for body in (table, text)]
        for run_id in ids:
            assert api.wait(run_id, "succeeded")
        api.put("/v1/models/net/aliases/production", json={"run": ids[0]}).raise_for_status()
        yield House(api, *ids)


Ask = Callable[[House], httpx.Response]
TENSOR = {"inputs": [{"name": "input", "shape": [100, 2], "datatype": "FP64", "data": ROWS}]}
COSTLY: dict[str, Ask] = {
    "predict": lambda h: h.api.post(f"/v1/runs/{h.table}/predict", json={"inputs": ROWS}),
    "predict with a checkpoint": lambda h: h.api.post(f"/v1/runs/{h.table}/predict", json={"inputs": ROWS, "checkpoint": "0"}),
    "predict by name": lambda h: h.api.post("/v1/models/net/predict", json={"inputs": ROWS}),
    "infer": lambda h: h.api.post("/v2/models/net/infer", json=TENSOR),
    "evaluate": lambda h: h.api.post(f"/v1/runs/{h.table}/evaluate", json={}),
    "evaluate a text": lambda h: h.api.post(f"/v1/runs/{h.text}/evaluate", json={}),
    "boundary": lambda h: h.api.get(f"/v1/runs/{h.table}/decision-boundary"),
    "picture": lambda h: h.api.get(f"/v1/runs/{h.table}/boundary.svg"),
    "diagnostics": lambda h: h.api.get(f"/v1/runs/{h.table}/diagnostics"),
    "generate": lambda h: h.api.post(f"/v1/runs/{h.text}/generate", json={}),
}


@pytest.mark.parametrize("ask", COSTLY.values(), ids=COSTLY)
def test_it_ends_once_nobody_waits(house: House, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever computes for long looks whether its client is there."""
    monkeypatch.setattr(large, "Patience", lambda seconds, over: Patience(seconds, lambda: over() or True))
    answer = ask(house)
    assert answer.status_code == 503
    assert "nobody waits" in answer.text
    monkeypatch.undo()
    assert ask(house).status_code == 200


@pytest.mark.parametrize("ask", COSTLY.values(), ids=COSTLY)
def test_it_is_refused_if_it_takes_too_long(house: House, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The refusal names what was asked for, the estimate, the limit and its setting."""
    monkeypatch.setattr(large, "Patience", lambda _, over: Patience(1e-9, over))
    answer = ask(house)
    assert answer.status_code == 413
    for told in ("would take about", "POSTGRAD_MAX_REQUEST_SECONDS", "parameters", "less"):
        assert told in answer.text


def test_a_stream_is_refused_before_it_begins(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a problem document."""
    monkeypatch.setattr(large, "Patience", lambda _, over: Patience(1e-9, over))
    answer = house.api.post(f"/v1/runs/{house.text}/generate", json={"prompt": TEXT[:100], "length": 300}, headers=STREAM)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "400 characters" in answer.json()["detail"]


def test_a_prompt_is_read_in_pieces() -> None:
    """Between any two of its symbols a stream may give its turn to another, or end."""
    model = CharRnn(5, 4, 3, 0.0)
    theta = np.random.default_rng(0).standard_normal(model.layout.size)
    found = list(steps(model, theta, np.array([1, 2, 3, 4]), 5, rng=np.random.default_rng(0)))
    assert found[:3] == [None] * 3
    assert None not in found[3:]
    assert len(found) == 8


def test_a_large_body_takes_a_turn_before_it_is_parsed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What it becomes in memory is many times its size, so few do it at a time; a small one needs none."""
    with serving(tmp_path_factory.mktemp("turn"), workers=0, max_costly_requests=1) as api:
        turns = api.app.state.parts.turns
        large_body = b" " * COSTLY_BYTES + b'{"dataset": {"kind": "xor"}, "model": {"kind": "svm"}}'
        json = {"Content-Type": "application/json"}

        def ask(body: bytes) -> Any:
            return httpx.post(f"{api.base_url}/v1/runs", content=body, headers=json, timeout=60).status_code

        turns._taken["another"] = 1
        with ThreadPoolExecutor(1) as thread:
            waits = thread.submit(ask, large_body)
            assert _waiting(turns)
            assert ask(large_body.strip()) == 202
            assert not waits.done()
            turns._give_back("another")  # from a thread that is not the loop's: the next request wakes the loop
            assert ask(large_body.strip()) == 202
            assert waits.result() == 202


def _waiting(turns: Turns) -> bool:
    """Return whether a request waits for a turn within ten seconds."""
    pause = threading.Event()
    return any(turns._waiting or pause.wait(0.05) for _ in range(200))
