"""Every request that the client can make, as plain data. Nothing here opens a socket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypedDict, TypeVar
from urllib.parse import quote
from uuid import uuid4

from service.client.answers import Evaluation, Generation, Info, Prediction
from service.client.objects import CheckpointPage, Estimate, Event, Page, Run, RunPage
from service.client.queue import Queue
from service.client.usage import Usage

Object = dict[str, Any]
"""A JSON object of the API, as it came."""
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Array(Protocol):
    """Anything that turns into lists, such as a NumPy array."""

    def tolist(self) -> Any:
        """Return nested lists."""


Rows = Sequence[Sequence[float]] | Array
SHORT = ("dataset", "model", "optimizer")
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
KEY = "Idempotency-Key"
Params = Mapping[str, str | float | Sequence[str] | None]


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A multipart form with one file."""

    path: str
    """Where the file is; the server gets its name alone."""
    content: bytes
    fields: dict[str, str]

    @property
    def filename(self) -> str:
        """The name of the file."""
        return Path(self.path).name


@dataclass(frozen=True, kw_only=True)
class Call(Generic[R_co]):
    """One request, whose answer is an R."""

    method: Method
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    upload: Upload | None = None
    accept: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False
    """Of a POST without a key: it only asks, or finds out that the same was done before."""

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method != "POST" or KEY in self.headers or self.repeatable


class RunParts(TypedDict, total=False):
    """The parts of a run to create; a string stands for `{"kind": …}`, one that begins with `ds_` for a kept dataset."""

    dataset: str | Mapping[str, Any]
    model: str | Mapping[str, Any]
    optimizer: str | Mapping[str, Any]
    training: Mapping[str, Any]
    name: str
    tags: Mapping[str, str]
    priority: int


class Wish(TypedDict, total=False):
    """How text is written; what is left out is the server's default."""

    length: int
    temperature: float
    top_k: int | None
    seed: int
    checkpoint: str


def create_run(body: Any, parts: RunParts) -> Call[Run]:
    """POST /v1/runs."""
    return Call(method="POST", path="/v1/runs", body=_run_body(body, parts), headers=once())


def once() -> dict[str, str]:
    """Return headers with a new idempotency key: however often the call is sent, it is done once."""
    return {KEY: uuid4().hex}


def validate_run(body: Any, parts: RunParts) -> Call[Estimate]:
    """POST /v1/runs/validate."""
    return Call(method="POST", path="/v1/runs/validate", body=_run_body(body, parts), repeatable=True)


def _run_body(body: Any, parts: RunParts) -> Any:
    if body is not None and not parts:
        return body
    short = {name: reference(value) for name, value in parts.items() if name in SHORT}
    return {**(body or {}), **parts, **short}


def reference(value: Any) -> Any:
    """Write a kind, or the id of a kept dataset, in full; what is in full already stays as it is."""
    if not isinstance(value, str):
        return value
    return {"kind": "stored", "id": value} if value.startswith("ds_") else {"kind": value}


def list_runs(params: Params) -> Call[RunPage]:
    """GET /v1/runs."""
    return Call(method="GET", path="/v1/runs", params=given(params))


def on_run(method: Method, run_id: str, verb: str = "", **more: Any) -> Call[R]:
    """GET, POST, PATCH or DELETE /v1/runs/{id}[/verb], with `params`, `body` or `headers`."""
    path = f"/v1/runs/{quote(run_id, safe='')}" + (f"/{verb}" if verb else "")
    params = given(more.pop("params", {}))
    return Call(method=method, path=path, params=params, **more)


def checkpoints(run_id: str) -> Call[CheckpointPage]:
    """GET /v1/runs/{id}/checkpoints."""
    return on_run("GET", run_id, "checkpoints")


def events(run_id: str, after: int, limit: int | None) -> Call[Page[Event]]:
    """GET /v1/runs/{id}/events."""
    return on_run("GET", run_id, "events", params={"after": after, "limit": limit})


def predict(run_id: str, inputs: Rows, checkpoint: str) -> Call[Prediction]:
    """POST /v1/runs/{id}/predict."""
    rows = inputs if isinstance(inputs, Sequence) else inputs.tolist()
    return on_run("POST", run_id, "predict", body={"inputs": rows, "checkpoint": checkpoint}, repeatable=True)


def evaluate(run_id: str, dataset: str | Mapping[str, Any] | None, checkpoint: str) -> Call[Evaluation]:
    """POST /v1/runs/{id}/evaluate."""
    return on_run("POST", run_id, "evaluate", body={"dataset": reference(dataset), "checkpoint": checkpoint}, repeatable=True)


def export(run_id: str, fmt: str, checkpoint: str) -> Call[bytes]:
    """GET /v1/runs/{id}/export."""
    return on_run("GET", run_id, "export", params={"format": fmt, "checkpoint": checkpoint}, accept="*/*")


def generate(run_id: str, prompt: str, wish: Wish, *, stream: bool = False) -> Call[Generation]:
    """POST /v1/runs/{id}/generate, for the whole text or for a stream of its characters."""
    accept = "text/event-stream" if stream else "application/json"
    return on_run("POST", run_id, "generate", body={"prompt": prompt, **wish}, accept=accept, repeatable=True)


def queue(limit: int | None) -> Call[Queue]:
    """GET /v1/queue."""
    return Call(method="GET", path="/v1/queue", params=given({"limit": limit}))


INFO: Call[Info] = Call(method="GET", path="/v1/info")
USAGE: Call[Usage] = Call(method="GET", path="/v1/usage")
HEALTH: Call[Object] = Call(method="GET", path="/healthz")
READY: Call[Object] = Call(method="GET", path="/readyz")
METRICS: Call[str] = Call(method="GET", path="/metrics", accept="text/plain")


def given(params: Params) -> dict[str, Any]:
    """Return the parameters that are given."""
    return {name: value for name, value in params.items() if value is not None}
