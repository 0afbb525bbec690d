"""For each route the costliest request that the limits let through."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from tests.responsiveness.house import FEATURES, TEXT, House

Request = dict[str, Any]
JSON = {"Content-Type": "application/json"}
MLFLOW = "/api/2.0/mlflow"
BOUNDARY = b"--attack"
OTHER_IDS = {"suffix": "csv", "key_id": "key_0", "file": "swagger-ui-bundle.js"}


@dataclass(frozen=True)
class Row:
    """A request of a route: whose key it needs, and what follows the path that its template gives."""

    route: str
    key: str | None = "read"
    use: str = "long"
    """The run that `{run_id}` stands for."""
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: Callable[[House], bytes] | None = None
    media: str = "application/json"

    def requests(self, house: House) -> list[Request]:
        """Return it as the clients send it."""
        method, template = self.route.split(" ")
        known = {**house.ids, **OTHER_IDS, "run_id": house.ids[self.use]}
        if template.startswith("/web/"):
            known |= {"version": version("plotly"), "path": "js/main.js"}
        known.setdefault("path", f"{known['run_id']}/model.onnx")
        path = re.sub(r"{([a-z_]+)(:path)?}", lambda found: known[found[1]], template)
        query = self.query.format(**known)
        headers = dict(self.headers)
        if self.key:
            headers["Authorization"] = f"Bearer {house.keys[self.key]}"
        content = None
        if self.body is not None:
            headers["Content-Type"] = self.media
            content = house.file(self.body)
        return [{"method": method, "target": f"{path}{query and '?'}{query}", "headers": headers, "body": content}]


def _fill(house: House, one: str, limit: str = "max_body_bytes", head: str = "", tail: str = "") -> bytes:
    """Repeat a piece, with commas between, as often as a body may hold it."""
    room = house.limits[limit] - len(head) - len(tail) - 100
    return f"{head}{','.join([one] * (room // (len(one.encode()) + 1)))}{tail}".encode()


def rows_of_numbers(house: House) -> bytes:
    """Return inputs for the wide model, as many as fit."""
    return _fill(house, json.dumps([0.123456] * FEATURES), head='{"inputs":[', tail="]}")


def cells_of_text(house: House) -> bytes:
    """Return inputs that are all wrong."""
    return _fill(house, json.dumps(["a"] * FEATURES), head='{"inputs":[', tail="]}")


def unknown_keys(house: House) -> bytes:
    """Return an object with as many keys as fit, none of which is known."""
    room = house.limits.get("max_small_body_bytes", house.limits["max_body_bytes"]) // 13 - 10
    return json.dumps({f"k{i:07}": 0 for i in range(room)}, separators=(",", ":")).encode()


def long_key(house: House) -> bytes:
    """Return an object with one unknown key that fills the body."""
    room = house.limits.get("max_small_body_bytes", house.limits["max_body_bytes"])
    return json.dumps({"x" * (room - 100): 0}).encode()


def text_to_train(house: House) -> bytes:
    """Return a run whose text fills the body."""
    room = (house.limits["max_body_bytes"] - 1000) // len(TEXT.encode())
    return json.dumps({"dataset": {"kind": "text", "text": TEXT * min(room, 1000)}, "model": {"kind": "char_rnn"}}).encode()


def text_to_measure(house: House) -> bytes:
    """Return an evaluation of the largest text net on as many characters as are accepted: 0.22 ms are estimated for each."""
    characters = int(house.limits["max_request_seconds"] / 0.00025)
    return json.dumps({"dataset": {"kind": "text", "text": TEXT * (characters // len(TEXT))}}).encode()


def text_to_write(house: House) -> bytes:
    """Return a wish for as much text as may be asked for."""
    del house
    return json.dumps({"prompt": TEXT * 2, "length": 10_000}).encode()


def many_tags(house: House) -> bytes:
    """Return tags up to their limits."""
    del house
    return json.dumps({"tags": {f"{i:03}" + "t" * 100: "v" * 500 for i in range(50)}}).encode()


def large_synthetic(house: House) -> bytes:
    """Return the largest synthetic dataset whose estimate is accepted."""
    del house
    return json.dumps({"parameters": {"kind": "blobs", "points_per_class": 9000, "classes": 10, "features": 100}}).encode()


def uploaded(house: House) -> bytes:
    """Return a form with a CSV that fills the upload limit."""
    line = ",".join(["0.5"] * 99) + ",a\n"
    head = ",".join([*(f"x{i}" for i in range(99)), "label"]) + "\n"
    count = (min(house.limits["max_upload_bytes"], 64 << 20) - 5000) // len(line)
    return _form(head.encode() + line.encode() * count)


def blank_lines(house: House) -> bytes:
    """Return a form with a CSV of blank lines."""
    return _form(b"a,b\n" + b"\n" * (house.limits["max_upload_bytes"] // 2) + b"1,x\n")


def _form(content: bytes) -> bytes:
    part = b'\r\nContent-Disposition: form-data; name="file"; filename="table.csv"\r\n\r\n'
    return b"--" + BOUNDARY + part + content + b"\r\n--" + BOUNDARY + b"--\r\n"


def tensor(house: House) -> bytes:
    """Return the inputs of the wide model as a tensor in JSON."""
    count = house.limits["max_body_bytes"] // (FEATURES * 9) - 10
    data = np.full(count * FEATURES, 0.123456).tolist()
    sent = {"inputs": [{"name": "input", "shape": [count, FEATURES], "datatype": "FP64", "data": data}]}
    return json.dumps(sent, separators=(",", ":")).encode()


def binary_tensor(house: House) -> bytes:
    """Return the same as bytes; their head is as long as `Inference-Header-Content-Length` says."""
    count = house.limits["max_body_bytes"] // (FEATURES * 4) - 10
    content = np.zeros((count, FEATURES), np.float32).tobytes()
    return binary_head(count) + content


def binary_head(count: int) -> bytes:
    """Return the JSON in front of a binary tensor, always of the same length."""
    size = count * FEATURES * 4
    tensor = f'"shape":[{count:>9},{FEATURES}],"datatype":"FP32","parameters":{{"binary_data_size":{size:>12}}}'
    return f'{{"inputs":[{{"name":"input",{tensor}}}]}}'.encode()


def search(house: House) -> bytes:
    """Return a search for runs with the longest filter."""
    del house
    return json.dumps({"experiment_ids": ["0"], "filter": "1" * 4990 + "x", "max_results": 1000}).encode()


FILTER = "1" * 4990 + "x"
RUN = "/v1/runs/{run_id}"
V2 = "/v2/models/{name}"
TRAIN = (
    Row("POST /v1/runs", "train", body=text_to_train),
    Row(f"PATCH {RUN}", "train", body=many_tags),
    *(Row(f"POST {RUN}/{verb}", "train", body=long_key) for verb in ("cancel", "pause", "resume", "extend", "fork", "verify")),
    Row("PUT /v1/models/{name}/aliases/{alias}", "train", body=long_key),
    Row("POST /v1/datasets", "train", body=large_synthetic),
    Row("POST /v1/datasets/upload", "train", body=uploaded, media=f"multipart/form-data; boundary={BOUNDARY.decode()}"),
    Row("POST /v1/api-keys", "admin", body=long_key),
    Row("GET /v1/api-keys", "admin"),
    Row("GET /v1/api-keys/{key_id}", "admin"),
    Row("DELETE /v1/api-keys/{key_id}", "admin"),
    *(Row(f"{method} {MLFLOW}/{{path:path}}", "train", body=long_key) for method in ("POST", "PUT", "PATCH", "DELETE")),
    *(
        Row(f"{method} {MLFLOW}-artifacts/artifacts/{{path:path}}", "train", body=long_key)
        for method in ("POST", "PUT", "PATCH", "DELETE")
    ),
)
READ = (
    Row("GET /v1/runs", query=f"filter={FILTER}"),
    Row("POST /v1/runs/validate", body=unknown_keys),
    Row(f"GET {RUN}"),
    Row(f"GET {RUN}/events", headers=(("Accept", "text/event-stream"),)),
    Row("GET /v1/queue"),
    Row(f"GET {RUN}/loss-history", query="max_points=1000000"),
    Row(f"GET {RUN}/loss-history.{{suffix}}"),
    Row(f"GET {RUN}/plot.svg", query="max_points=100000"),
    Row(f"GET {RUN}/loss-history/plot.svg"),
    Row(f"GET {RUN}/metrics", query="max_points=50"),
    Row(f"GET {RUN}/metrics.{{suffix}}", query="max_points=50"),
    Row(f"GET {RUN}/decision-boundary", use="flat", query="resolution=300&examples=true"),
    Row(f"GET {RUN}/boundary.svg", use="flat", query="resolution=300"),
    Row(f"GET {RUN}/checkpoints"),
    Row(f"POST {RUN}/predict", use="wide", body=cells_of_text),
    Row(f"POST {RUN}/evaluate", use="text", body=text_to_measure),
    Row(f"POST {RUN}/generate", use="text", body=text_to_write, headers=(("Accept", "text/event-stream"),)),
    Row(f"GET {RUN}/diagnostics", use="wide"),
    Row(f"GET {RUN}/export", use="wide", query="format=onnx"),
    Row("GET /v1/models"),
    Row("GET /v1/models/{name}"),
    Row("POST /v1/models/{name}/predict", body=rows_of_numbers),
    Row("GET /v1/datasets"),
    Row("GET /v1/datasets/{dataset_id}"),
    Row("GET /v1/datasets/{dataset_id}/preview", query="limit=1000"),
    Row("GET /v1/datasets/{dataset_id}/plot.svg"),
    Row("POST /v1/datasets/preview", body=large_synthetic),
    Row("GET /v1/usage"),
    Row("GET /v1/info"),
    Row("GET /metrics"),
    Row("GET /v2"),
    Row("GET /v2/health/live"),
    Row("GET /v2/health/ready"),
    Row("GET /v2/models/stats"),
    *(
        Row(f"{method} {V2}{middle}{end}", body=tensor if end == "/infer" else None)
        for method, end in (("POST", "/infer"), ("GET", ""), ("GET", "/ready"), ("GET", "/config"), ("GET", "/stats"))
        for middle in ("", "/versions/{version}")
    ),
    Row("POST /v2/repository/index", body=long_key),
    Row(f"GET {MLFLOW}/experiments/get", query="experiment_id=0"),
    Row(f"GET {MLFLOW}/experiments/get-by-name", query="experiment_name=Default"),
    Row(f"POST {MLFLOW}/experiments/search", body=long_key),
    Row(f"POST {MLFLOW}/logged-models/search", body=long_key),
    Row(f"POST {MLFLOW}/runs/search", body=search),
    Row(f"GET {MLFLOW}/runs/get", query="run_id={run_id}"),
    Row(f"GET {MLFLOW}/metrics/get-history", query="run_id={run_id}&metric_key=loss"),
    Row(f"GET {MLFLOW}/artifacts/list", query="run_id={run_id}", use="wide"),
    Row(f"GET {MLFLOW}-artifacts/artifacts", query="path={run_id}", use="wide"),
    Row(f"GET {MLFLOW}-artifacts/artifacts/{{path:path}}", use="wide"),
    Row(f"GET {MLFLOW}/{{path:path}}"),
)
PUBLIC = (
    Row("GET /healthz", None),
    Row("GET /readyz", None),
    Row("GET /openapi.json", None),
    Row("GET /docs", None),
    Row("GET /docs/{file}", None),
    Row("GET /", None),
    Row("GET /web/{path:path}", None),
    Row("GET /web/plotly/{version}/plotly.min.js", None),
)
MORE = (
    Row("POST /v1/runs/validate", body=text_to_train),
    Row(f"POST {RUN}/predict", use="wide", body=rows_of_numbers),
    Row(
        "POST /v1/datasets/upload",
        "train",
        body=blank_lines,
        media=f"multipart/form-data; boundary={BOUNDARY.decode()}",
    ),
    Row(
        f"POST {V2}/infer",
        body=binary_tensor,
        headers=(("Inference-Header-Content-Length", str(len(binary_head(0)))),),
    ),
    Row("GET /v1/runs", query=f"order_by={FILTER}"),
)
"""Second requests of routes that are costly in more than one way."""

DELETES = (
    Row("DELETE /v1/datasets/{dataset_id}", "train"),
    Row("DELETE /v1/models/{name}/aliases/{alias}", "train"),
    Row("DELETE /v1/models/{name}/versions/{version}", "train"),
    Row("DELETE /v1/models/{name}", "train"),
    Row(f"DELETE {RUN}", "train"),
)
"""Last: the others need what they delete."""

ALL = (*PUBLIC, *READ, *MORE, *TRAIN, *DELETES)
