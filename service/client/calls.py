"""Every request that the client can make, as plain data. Nothing here opens a socket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypedDict
from urllib.parse import quote
from uuid import uuid4

Object = dict[str, Any]
"""A JSON object of the API, as it came."""


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

    filename: str
    content: bytes
    fields: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request."""

    method: Method
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    upload: Upload | None = None
    accept: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice does no more than sending it once."""
        return self.method != "POST" or KEY in self.headers


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


def create_run(body: Any, parts: RunParts) -> Call:
    """POST /v1/runs."""
    return Call(method="POST", path="/v1/runs", body=_run_body(body, parts), headers=once())


def once() -> dict[str, str]:
    """Return headers with a new idempotency key: however often the call is sent, it is done once."""
    return {KEY: uuid4().hex}


def validate_run(body: Any, parts: RunParts) -> Call:
    """POST /v1/runs/validate."""
    return Call(method="POST", path="/v1/runs/validate", body=_run_body(body, parts))


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


def list_runs(params: Params) -> Call:
    """GET /v1/runs."""
    return Call(method="GET", path="/v1/runs", params=_given(params))


def on_run(method: Method, run_id: str, verb: str = "", **more: Any) -> Call:
    """GET, POST, PATCH or DELETE /v1/runs/{id}[/verb], with `params`, `body` or `headers`."""
    path = f"/v1/runs/{quote(run_id, safe='')}" + (f"/{verb}" if verb else "")
    params = _given(more.pop("params", {}))
    return Call(method=method, path=path, params=params, **more)


def predict(run_id: str, inputs: Rows, checkpoint: str) -> Call:
    """POST /v1/runs/{id}/predict."""
    rows = inputs if isinstance(inputs, Sequence) else inputs.tolist()
    return on_run("POST", run_id, "predict", body={"inputs": rows, "checkpoint": checkpoint})


def evaluate(run_id: str, dataset: str | Mapping[str, Any] | None, checkpoint: str) -> Call:
    """POST /v1/runs/{id}/evaluate."""
    return on_run("POST", run_id, "evaluate", body={"dataset": reference(dataset), "checkpoint": checkpoint})


def export(run_id: str, fmt: str, checkpoint: str) -> Call:
    """GET /v1/runs/{id}/export."""
    return on_run("GET", run_id, "export", params={"format": fmt, "checkpoint": checkpoint}, accept="*/*")


def generate(run_id: str, prompt: str, wish: Wish, *, stream: bool = False) -> Call:
    """POST /v1/runs/{id}/generate, for the whole text or for a stream of its characters."""
    accept = "text/event-stream" if stream else "application/json"
    return on_run("POST", run_id, "generate", body={"prompt": prompt, **wish}, accept=accept)


def create_dataset(parameters: str | Mapping[str, Any], name: str | None) -> Call:
    """POST /v1/datasets."""
    return Call(method="POST", path="/v1/datasets", body={"parameters": reference(parameters), "name": name}, headers=once())


def upload_dataset(filename: str, content: bytes, label: str | None, name: str | None) -> Call:
    """POST /v1/datasets/upload."""
    fields = _given({"label": label, "name": name})
    return Call(
        method="POST",
        path="/v1/datasets/upload",
        upload=Upload(filename=filename, content=content, fields=fields),
    )


def list_datasets(params: Params) -> Call:
    """GET /v1/datasets."""
    return Call(method="GET", path="/v1/datasets", params=_given(params))


def on_dataset(method: Literal["GET", "DELETE"], dataset_id: str, verb: str = "", params: Params | None = None) -> Call:
    """GET or DELETE /v1/datasets/{id}[/verb]."""
    path = f"/v1/datasets/{quote(dataset_id, safe='')}" + (f"/{verb}" if verb else "")
    return Call(method=method, path=path, params=_given(params or {}))


def queue(limit: int | None) -> Call:
    """GET /v1/queue."""
    return Call(method="GET", path="/v1/queue", params=_given({"limit": limit}))


INFO = Call(method="GET", path="/v1/info")
READY = Call(method="GET", path="/readyz")


def _given(params: Params) -> dict[str, Any]:
    return {name: value for name, value in params.items() if value is not None}
