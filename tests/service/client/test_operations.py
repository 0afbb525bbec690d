"""The client against the OpenAPI document: every operation has a method, every object a type, both clients the same."""

import inspect
import re
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

import httpx
import pytest

import service.client
from service.client import AsyncClient, Client, boundary, queue, usage
from service.client import answers as answered
from service.client import objects as sent

ROWS = [[0.5, 0.2]]
OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "GET /healthz": lambda client: client.healthy(),
    "GET /readyz": lambda client: client.ready(),
    "GET /metrics": lambda client: client.metrics(),
    "GET /v1/info": lambda client: client.info(),
    "GET /v1/queue": lambda client: client.queue(limit=3),
    "GET /v1/usage": lambda client: client.usage(),
    "POST /v1/datasets": lambda client: client.datasets.create("spiral"),
    "GET /v1/datasets": lambda client: list(client.datasets.list()),
    "POST /v1/datasets/preview": lambda client: client.datasets.sketch("spiral", limit=9),
    "POST /v1/datasets/upload": lambda client: client.datasets.upload(__file__),
    "GET /v1/datasets/{dataset_id}": lambda client: client.datasets.get("ds_1"),
    "DELETE /v1/datasets/{dataset_id}": lambda client: client.datasets.delete("ds_1"),
    "GET /v1/datasets/{dataset_id}/preview": lambda client: client.datasets.preview("ds_1", limit=3),
    "GET /v1/datasets/{dataset_id}/plot.svg": lambda client: client.datasets.plot("ds_1", x="x2", y="x1"),
    "POST /v1/runs": lambda client: client.runs.create(dataset="spiral", model="svm"),
    "GET /v1/runs": lambda client: list(client.runs.list(status="running")),
    "POST /v1/runs/validate": lambda client: client.runs.validate(dataset="spiral", model="svm"),
    "GET /v1/runs/{run_id}": lambda client: client.runs.get("run_1"),
    "PATCH /v1/runs/{run_id}": lambda client: client.runs.update("run_1", name="x"),
    "DELETE /v1/runs/{run_id}": lambda client: client.runs.delete("run_1"),
    "POST /v1/runs/{run_id}/cancel": lambda client: client.runs.cancel("run_1"),
    "POST /v1/runs/{run_id}/pause": lambda client: client.runs.pause("run_1"),
    "POST /v1/runs/{run_id}/resume": lambda client: client.runs.resume("run_1"),
    "POST /v1/runs/{run_id}/extend": lambda client: client.runs.extend("run_1", 9),
    "POST /v1/runs/{run_id}/fork": lambda client: client.runs.fork("run_1"),
    "POST /v1/runs/{run_id}/verify": lambda client: client.runs.verify("run_1"),
    "GET /v1/runs/{run_id}/loss-history": lambda client: client.runs.loss_history("run_1"),
    "GET /v1/runs/{run_id}/loss-history.{suffix}": lambda client: client.runs.loss_history_file("run_1", "csv", max_points=9),
    "GET /v1/runs/{run_id}/plot.svg": lambda client: client.runs.plot("run_1", log=True),
    "GET /v1/runs/{run_id}/metrics": lambda client: client.runs.metrics("run_1"),
    "GET /v1/runs/{run_id}/metrics.{suffix}": lambda client: client.runs.metrics_file("run_1", "ndjson"),
    "GET /v1/runs/{run_id}/decision-boundary": lambda client: client.runs.decision_boundary("run_1"),
    "GET /v1/runs/{run_id}/boundary.svg": lambda client: client.runs.boundary_plot("run_1", resolution=50),
    "GET /v1/runs/{run_id}/events": lambda client: list(client.runs.events("run_1")),
    "GET /v1/runs/{run_id}/checkpoints": lambda client: list(client.runs.checkpoints("run_1")),
    "POST /v1/runs/{run_id}/predict": lambda client: client.runs.predict("run_1", ROWS),
    "POST /v1/runs/{run_id}/evaluate": lambda client: client.runs.evaluate("run_1"),
    "GET /v1/runs/{run_id}/diagnostics": lambda client: client.runs.diagnostics("run_1"),
    "GET /v1/runs/{run_id}/export": lambda client: client.runs.export("run_1"),
    "POST /v1/runs/{run_id}/generate": lambda client: client.runs.generate("run_1"),
    "PUT /v1/models/{name}/aliases/{alias}": lambda client: client.models.set_alias("m", "production", "run_1"),
    "DELETE /v1/models/{name}/aliases/{alias}": lambda client: client.models.delete_alias("m", "production"),
    "DELETE /v1/models/{name}/versions/{version}": lambda client: client.models.delete_version("m", 1),
    "GET /v1/models": lambda client: list(client.models.list()),
    "GET /v1/models/{name}": lambda client: client.models.get("m"),
    "DELETE /v1/models/{name}": lambda client: client.models.delete("m"),
    "POST /v1/models/{name}/predict": lambda client: client.models.predict("m", ROWS),
    "POST /v1/api-keys": lambda client: client.api_keys.create("me", ["read"]),
    "GET /v1/api-keys": lambda client: list(client.api_keys.list()),
    "GET /v1/api-keys/{key_id}": lambda client: client.api_keys.get("key_1"),
    "DELETE /v1/api-keys/{key_id}": lambda client: client.api_keys.delete("key_1"),
}
ELSEWHERE = {
    "GET /v1/runs/{run_id}/loss-history/plot.svg": "another address of plot.svg",
    " /v2": "the Open Inference Protocol, for stock clients of inference servers: docs/clients.md has tritonclient",
}
TYPES: dict[str, Any] = {
    "UsageOut": usage.Usage,
    "ServerUsageOut": usage.UsageOfServer,
    "UsedOut": usage.Used,
    "RunOut": sent.Run,
    "RunList": sent.RunPage,
    "Progress": sent.Progress,
    "SeriesSummary": sent.SeriesSummary,
    "ValidateOut": sent.Estimate,
    "DatasetOut": sent.Dataset,
    "DatasetList": sent.Page,
    "Preview": sent.Preview,
    "SketchOut": sent.Sketch,
    "HistoryOut": sent.History,
    "NonFinite": sent.NonFinite,
    "BoundaryOut": boundary.Boundary,
    "ExamplesOut": boundary.BoundaryExamples,
    "EventOut": sent.Event,
    "EventList": sent.Page,
    "CheckpointOut": sent.Checkpoint,
    "CheckpointList": sent.CheckpointPage,
    "PredictOut": answered.Prediction,
    "ModelPredictOut": answered.ModelPrediction,
    "EvaluateOut": answered.Evaluation,
    "GenerateOut": answered.Generation,
    "DiagnosticsOut": answered.Diagnostics,
    "GradientCheckOut": answered.GradientCheck,
    "DeadUnitsOut": answered.DeadUnits,
    "FirstLossOut": answered.FirstLoss,
    "ClassOut": answered.ClassReport,
    "HintOut": answered.Hint,
    "VersionOut": answered.Version,
    "ModelOut": answered.Model,
    "ModelList": sent.Page,
    "AliasOut": answered.Alias,
    "KeyOut": answered.ApiKey,
    "KeyMade": answered.NewApiKey,
    "KeyList": sent.Page,
    "QueueOut": queue.Queue,
    "WorkersOut": queue.Workers,
    "RunningOut": queue.Running,
    "WaitingOut": queue.Waiting,
}


@pytest.fixture(scope="module")
def openapi(url: str) -> dict[str, Any]:
    """Return the document of the server."""
    document: dict[str, Any] = httpx.get(f"{url}/openapi.json").json()
    return document


def operations(openapi: dict[str, Any]) -> Iterator[str]:
    """Yield method and path of each operation."""
    for path, methods in openapi["paths"].items():
        yield from (f"{method.upper()} {path}" for method in methods)


def answer(request: httpx.Request) -> httpx.Response:
    """Answer with something of the kind that was asked for."""
    accept = request.headers["Accept"]
    if accept == "application/json":
        return httpx.Response(200, json={"data": [], "has_more": False, "status": "ok"})
    return httpx.Response(200, text="…", headers={"Content-Type": accept, "Content-Disposition": "attachment"})


def test_every_operation_has_a_method(openapi: dict[str, Any]) -> None:
    """But for those that are named above, with the reason."""
    missing = {each for each in operations(openapi) if each not in OPERATIONS}
    assert {each for each in missing if not any(part in each for part in ELSEWHERE)} == set()
    assert all(any(part in each for each in missing) for part in ELSEWHERE)
    assert set(OPERATIONS) <= set(operations(openapi))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_method_asks_for_its_operation(connect: Callable[..., Any], openapi: dict[str, Any], operation: str) -> None:
    """Method, path and parameters are those of the document."""
    asked: list[httpx.Request] = []

    def script(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer(request)

    OPERATIONS[operation](connect(script))
    (request,) = asked
    method, path = operation.split(" ")
    described = openapi["paths"][path][method.lower()]
    assert request.method == method
    assert re.fullmatch(re.sub(r"{\w+}", r"[^/]+", path.replace(".", r"\.")), request.url.path)
    known = {parameter["name"] for parameter in described.get("parameters", []) if parameter["in"] == "query"}
    assert set(request.url.params) <= known
    assert ("requestBody" in described) >= bool(request.content)


def nullable(schema: dict[str, Any]) -> bool:
    """Whether a value may be null."""
    return any(each.get("type") == "null" for each in schema.get("anyOf", []))


@pytest.mark.parametrize("name", TYPES)
def test_a_type_has_the_keys_of_its_object(openapi: dict[str, Any], name: str) -> None:
    """No key is missing or too much, and None is allowed exactly where null is."""
    properties = openapi["components"]["schemas"][name]["properties"]
    hints = get_type_hints(TYPES[name])
    assert set(hints) == set(properties)
    optional = {
        key for key, hint in hints.items() if get_origin(hint) in (Union, types.UnionType) and type(None) in get_args(hint)
    }
    assert optional == {key for key, schema in properties.items() if nullable(schema)}


def test_every_object_has_a_type(openapi: dict[str, Any]) -> None:
    """What the operations above answer with is described by a type of the client; every type is held against the document."""
    bodies = {key for key in openapi["components"]["schemas"] if key.endswith(("Out", "List"))}
    assert bodies - set(TYPES) == {"FieldErrorOut"}  # in a problem document, which is an error
    ours = {each for module in (sent, answered, boundary, queue, usage) for each in vars(module).values() if is_typeddict(each)}
    assert ours - set(TYPES.values()) == {answered.Info}


def test_the_server_is_described_by_its_type(client: Client) -> None:
    """The one object that the document does not describe."""
    assert set(client.info()) == set(get_type_hints(answered.Info))


def test_both_clients_have_the_same_methods() -> None:
    """Names, parameters, defaults and explanations are the same, so that what is known of one is true of the other."""
    with Client("http://server") as one:
        other = AsyncClient("http://server")
        for space in ("", "runs", "datasets", "models", "api_keys"):
            mine, theirs = (getattr(each, space) if space else each for each in (one, other))
            assert methods(mine) == methods(theirs)


def methods(space: Any) -> dict[str, tuple[list[tuple[str, Any]], str | None]]:
    """Return the public methods of a client, or a namespace of one, with parameters and explanation."""
    return {
        name.replace("aclose", "close"): (
            [(each.name, each.default) for each in inspect.signature(method).parameters.values()],
            inspect.getdoc(method),
        )
        for name, method in inspect.getmembers(space, inspect.ismethod)
        if not name.startswith("_")
    }


def test_the_types_come_with_the_package() -> None:
    """Type checkers use the annotations of a package that says so."""
    assert (Path(service.client.__file__).parent.parent / "py.typed").exists()
    assert all(hasattr(service.client, name) for name in service.client.__all__)
