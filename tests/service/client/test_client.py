"""Both clients against a live server."""

import asyncio
import json
import socket
from pathlib import Path

import numpy as np
import pytest

from service.client import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AsyncClient,
    Client,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    Run,
)

SHORT = {"steps": 20}
LONG = {"steps": 10**8}


def test_a_run_is_trained_and_used(client: Client) -> None:
    """The whole life of a run: created, waited for, measured, used."""
    seen: list[Run] = []
    created = client.runs.create(dataset="spiral", model="softmax", training=SHORT, name="short", tags={"for": "a test"})
    run = client.runs.wait(created["id"], timeout=60, on_progress=seen.append)
    assert (created["status"], run["status"], run["name"], run["tags"]) == ("queued", "succeeded", "short", {"for": "a test"})
    assert seen[-1] == run == client.runs.get(run["id"])

    history = client.runs.loss_history(run["id"])
    assert history["steps"] == [0, 10, 20]
    assert client.runs.loss_history(run["id"], from_step=10, to_step=10)["steps"] == [10]
    assert client.runs.metrics(run["id"])["series"]["train_accuracy"][-1] == run["metrics"]["train_accuracy"]["last"]
    assert next(client.runs.events(run["id"], after=1))["id"] == 2
    assert list(client.runs.checkpoints(run["id"]))[-1]["step"] == 20

    prediction = client.runs.predict(run["id"], [[0.5, 0.2], [-0.3, 0.4]])
    assert len(prediction["labels"]) == 2
    assert client.runs.predict(run["id"], np.array([[0.5, 0.2], [-0.3, 0.4]]), checkpoint="20") == prediction
    assert client.runs.evaluate(run["id"])["accuracy"] == run["metrics"]["train_accuracy"]["last"]
    assert client.runs.evaluate(run["id"], dataset={"kind": "spiral", "seed": 1}, checkpoint="best")["examples"] == 300
    assert client.runs.diagnostics(run["id"], checkpoint="10")["step"] == 10

    client.runs.delete(run["id"])
    with pytest.raises(NotFoundError):
        client.runs.get(run["id"])


def test_a_run_can_be_given_whole(client: Client) -> None:
    """A request body, its parts, and a body changed by parts make the same run."""
    body = {"dataset": {"kind": "moons"}, "model": {"kind": "svm"}, "training": SHORT}
    runs = [
        client.runs.create(body),
        client.runs.create(dataset="moons", model="svm", training=SHORT),
        client.runs.create({**body, "model": {"kind": "mlp"}}, model="svm"),
    ]
    assert len({run["spec_digest"] for run in runs}) == 1


def test_validating_creates_nothing(client: Client) -> None:
    """An estimate comes back and no run is there."""
    before = [run["id"] for run in client.runs.list()]
    assert client.runs.validate(dataset="spiral", model="mlp")["parameters"] == 603
    assert [run["id"] for run in client.runs.list()] == before


def test_lists_are_read_page_after_page(client: Client) -> None:
    """Small pages yield every run once, the newest first; filters go along."""
    tag = f"test:{type(client).__name__}"
    tags = {"test": type(client).__name__}
    made = [client.runs.create(dataset="xor", model="softmax", training=SHORT, tags=tags)["id"] for _ in range(5)]
    assert [run["id"] for run in client.runs.list(limit=2, tag=[tag])] == made[::-1]
    assert [run["id"] for run in client.runs.list(limit=2, tag=[tag], order="asc")] == made
    page = client.runs.page(limit=2, tag=[tag])
    assert (len(page["data"]), page["has_more"], page["last_id"]) == (2, True, made[-2])
    found = client.runs.list(limit=2, filter=f"tags.test = '{tag[5:]}'", order_by=["optimizer.learning_rate", "run_id ASC"])
    assert [run["id"] for run in found] == made
    client.runs.wait(made[-1], timeout=60)
    events = list(client.runs.events(made[-1]))
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))


def test_a_run_is_stopped(client: Client) -> None:
    """A running run cannot be deleted, and the error says what can be done; cancelling stops it."""
    run = client.runs.create(dataset="spiral", model="softmax", training=LONG)
    with pytest.raises(TimeoutError, match=r"run_\w+ is \w+ at step \d+ of 100000000 after 0.3 s"):
        client.runs.wait(run["id"], timeout=0.3)
    while client.runs.get(run["id"])["status"] == "queued":
        pass
    with pytest.raises(ConflictError) as refused:
        client.runs.delete(run["id"])
    assert refused.value.problem["allowed"] == ["pause", "cancel", "fork"]
    client.runs.cancel(run["id"])
    assert client.runs.wait(run["id"], timeout=60)["status"] == "cancelled"


def test_datasets_are_kept(client: Client, tmp_path: Path) -> None:
    """A synthetic dataset and an uploaded file are kept, listed, shown and deleted."""
    file = tmp_path / f"{type(client).__name__}.csv"
    file.write_text(f"a,b,kind\n1,2,yes\n3,4,no\n5,6,{type(client).__name__}\n")
    uploaded = client.datasets.upload(file, label="kind", name="answers")
    made = client.datasets.create({"kind": "circles", "seed": 7}, name="rings")
    assert (uploaded["name"], uploaded["features"], uploaded["examples"]) == ("answers", ["a", "b"], 3)
    assert client.datasets.get(made["id"]) == made
    assert [data["id"] for data in client.datasets.list(limit=1)][:2] == [made["id"], uploaded["id"]]
    assert client.datasets.page(limit=1)["has_more"]
    assert client.datasets.preview(uploaded["id"], limit=2)["rows"] == [[1, 2], [3, 4]]
    run = client.runs.create(dataset=uploaded["id"], model="softmax", training=SHORT)
    assert run["dataset"] == {"kind": "stored", "id": uploaded["id"]}
    client.datasets.delete(made["id"])
    with pytest.raises(NotFoundError):
        client.datasets.get(made["id"])


def test_a_model_is_exported(client: Client) -> None:
    """The file comes as bytes, in each format and of any checkpoint; an error is the server's."""
    run = client.runs.create(dataset="spiral", model="softmax", training=SHORT)
    client.runs.wait(run["id"], timeout=60)
    assert client.runs.export(run["id"])[:4] == b"PK\3\4"
    assert b'"W1":{"dtype":"F32","shape":[2,3]' in client.runs.export(run["id"], format="safetensors")
    assert client.runs.export(run["id"], "onnx", checkpoint="0") != client.runs.export(run["id"], "onnx", checkpoint="20")
    with pytest.raises(InvalidRequestError, match="format is 'pickle', must be 'npz', 'safetensors' or 'onnx'"):
        client.runs.export(run["id"], "pickle")
    with pytest.raises(NotFoundError, match="there is no checkpoint 'newest'"):
        client.runs.export(run["id"], checkpoint="newest")


def test_errors_say_what_is_wrong(client: Client) -> None:
    """An error carries status, code, request id and the problem; its message names each bad field."""
    with pytest.raises(NotFoundError, match="there is no run 'run_0'") as missing:
        client.runs.get("run_0")
    assert (missing.value.status, missing.value.code) == (404, "not_found")
    assert missing.value.request_id == missing.value.problem["request_id"]
    with pytest.raises(InvalidRequestError) as bad:
        client.runs.create({"dataset": {"kind": "spiral", "a": 1, "b": 2, "c": 3}, "model": {"kind": "svm", "d": 4}})
    assert all(f"{name} is not a known field" in str(bad.value) for name in ("dataset.a", "dataset.b", "dataset.c", "model.d"))


def test_the_server_is_described(client: Client) -> None:
    """The server says that it is ready, and what it is."""
    assert client.ready() is True
    assert client.info()["name"] == "postgrad"


def test_many_runs_are_awaited_at_once(url: str) -> None:
    """The asynchronous client waits for several runs in one loop."""

    async def train() -> list[str]:
        async with AsyncClient(url) as client:
            runs = [await client.runs.create(dataset="blobs", model="softmax", training={"steps": 5}) for _ in range(3)]
            ended = await asyncio.gather(*(client.runs.wait(run["id"], timeout=60) for run in runs))
        return [run["status"] for run in ended]

    assert asyncio.run(train()) == ["succeeded"] * 3


def test_an_absent_server_is_named() -> None:
    """Where nothing listens, the error names the address and says that nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with Client(address, max_retries=0) as client, pytest.raises(APIConnectionError, match=address) as error:
        client.ready()
    assert not error.value.sent


def test_a_silent_server_times_out() -> None:
    """A server that accepts and never answers is given up after the timeout."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Client(address, timeout=0.2, max_retries=0) as client, pytest.raises(APITimeoutError, match="in time") as error:
            client.info()
    assert error.value.sent


def test_the_address_comes_from_the_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """POSTGRAD_URL is the default address, with or without a slash at its end; nonsense is refused at once."""
    monkeypatch.setenv("POSTGRAD_URL", f"{url}/")
    with Client() as client:
        assert client.base_url == url
        assert json.dumps(client.info())
    for nonsense in ("127.0.0.1:8000", "ftp://host", "http://", "\0"):
        with pytest.raises(APIError, match="is not the address of a server"):
            Client(nonsense)
