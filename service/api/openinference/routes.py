"""The routes of the protocol. Each gets the plain request: stock clients send no Content-Type."""

import re
import time
from importlib.metadata import version
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from service.api.deps import parts_of
from service.api.large import turn_of
from service.api.openinference import body, describe, tensors
from service.api.openinference.outputs import encode, wanted_of
from service.api.openinference.statistics import Statistics
from service.api.probes import probe
from service.api.ready import ready
from service.api.system import checks_of
from service.errors import NotFound
from service.runs import predict, registry, serving
from service.runs.patience import ENDLESS, Patience
from service.runs.predict import Trained
from service.store.served import Served

SMALL_BYTES = 65536
"""Bodies up to this size are worked on where they arrive: at most 3 ms. Larger and compressed ones go to a thread."""
MAX_INDEX = 10_000
SHOWN = 100  # letters of a name in a message


def _statistics(request: Request) -> Statistics:
    statistics: Statistics = request.scope["statistics"]
    return statistics


async def _ready(request: Request) -> tuple[str, Served, Trained]:
    """Return name, version and model that a path asks for; raise NotFound, or Conflict for a model of text."""
    name, number = request.scope["path_params"]["name"], request.scope["path_params"].get("version")
    if number is not None and not re.fullmatch("[0-9]{1,9}", number):
        raise NotFound(f"version of the model {name[:SHOWN]}", number[:SHOWN])
    found, model = await ready(parts_of(request), name, None if number is None else int(number))
    predict.check_classifies(model)
    return name, found, model


async def server(request: Request) -> Response:  # noqa: ARG001 (each route gets it)
    """Name the server, its version and the extensions of the protocol that it has."""
    return JSONResponse({"name": "postgrad", "version": version("postgrad"), "extensions": describe.EXTENSIONS})


async def live(request: Request) -> Response:  # noqa: ARG001
    """Say that the server lives."""
    return JSONResponse({"live": True})


async def server_ready(request: Request) -> Response:
    """Say whether the server can do its work, as /readyz does: 200 or 503."""
    checks = await probe(checks_of, parts_of(request))
    if all(checks.values()):
        return JSONResponse({"ready": True, "live": True})
    missing = ", ".join(name for name, fine in checks.items() if not fine)
    return JSONResponse({"error": f"not ready: {missing}"}, 503, {"Retry-After": "1"})


async def metadata(request: Request) -> Response:
    """Describe a model: versions, input, outputs. Of a run that is asked by its id, versions are steps of checkpoints."""
    name, _, model = await _ready(request)
    versions = await run_in_threadpool(serving.versions_of, parts_of(request).database, name)
    return JSONResponse(describe.metadata(name, versions, model))


async def model_ready(request: Request) -> Response:
    """Say that a model is ready; its checkpoint has been read and checked by then."""
    name, _, _ = await _ready(request)
    return JSONResponse({"name": name, "ready": True})


async def configuration(request: Request) -> Response:
    """Return the configuration of a model, as the model configuration extension has it."""
    name, _, model = await _ready(request)
    return JSONResponse(describe.configuration(name, model))


async def infer(request: Request) -> Response:
    """Classify examples: JSON, binary tensors, or both, in and out; `outputs` chooses among labels, scores, probabilities."""
    started = time.perf_counter_ns()
    name, found, model = await _ready(request)
    statistics, limit = _statistics(request), parts_of(request).settings.max_body_bytes
    try:
        sent = await body.read(request, limit)

        def work(patience: Patience = ENDLESS) -> Response:
            plain = sent.content if sent.encoding is None else body.unpack(sent.content, sent.encoding, limit)
            return _infer(plain, sent.json_length, (name, found, model), statistics, (started, patience))

        size = len(sent.content)
        least = 2 if sent.json_length is None else 1  # bytes for a number: "1," in JSON, INT8 behind it
        rows = size // (least * model.model.n_features) + 1
        if sent.encoding is None and size <= SMALL_BYTES and serving.is_quick(model, rows):
            return work()
        async with turn_of(request, parts_of(request).turns) as patience:
            return await run_in_threadpool(work, patience)
    except Exception:
        statistics.failed(name, found.version, time.perf_counter_ns() - started)
        raise


def _infer(
    plain: bytes, length: str | None, asked: tuple[str, Served, Trained], statistics: Statistics, clock: tuple[int, Patience]
) -> Response:
    name, found, model = asked
    started, patience = clock
    head = tensors.split(plain, length)
    X = tensors.rows_of(head, model.model.n_features)
    wanted = wanted_of(head.document, model)
    known: dict[str, Any] = {"model_name": name, "model_version": str(found.version), **tensors.id_of(head)}
    read = time.perf_counter_ns()
    prediction = predict.classify(model, X, patience)
    computed = time.perf_counter_ns()
    content, json_length = encode(known, prediction, wanted)
    statistics.succeeded(name, found.version, len(X), (started, read, computed, time.perf_counter_ns()))
    if json_length is None:
        return Response(content, media_type="application/json")
    headers = {"Inference-Header-Content-Length": str(json_length)}
    return Response(content, headers=headers, media_type="application/octet-stream")


async def model_statistics(request: Request) -> Response:
    """Return how often and how long a model was asked since this server process started, by version."""
    name, found, _ = await _ready(request)
    statistics, numbers = _statistics(request), {found.version}
    if "version" not in request.path_params:
        numbers |= {number for asked, number in statistics.asked() if asked == name}
    return JSONResponse({"model_stats": [statistics.of(name, number) for number in sorted(numbers)]})


async def all_statistics(request: Request) -> Response:
    """Return the same of all models that were asked and are there still."""
    statistics, database = _statistics(request), parts_of(request).database

    def there() -> list[tuple[str, int]]:
        return [asked for asked in statistics.asked() if serving.find_served(database, *asked)]

    kept = await run_in_threadpool(there)
    return JSONResponse({"model_stats": [statistics.of(*asked) for asked in kept]})


async def index(request: Request) -> Response:
    """List the first named models with their versions, up to 10,000 or a page of bytes.

    With `{"ready": true}` only those that can be asked.
    """
    sent = await body.read(request, parts_of(request).settings.max_body_bytes)
    only_ready = bool(sent.content) and tensors.split(sent.content, None).document.get("ready") is True
    database, most_bytes = parts_of(request).database, parts_of(request).settings.max_page_bytes
    models = await run_in_threadpool(
        registry.page, database, after=None, limit=MAX_INDEX, descending=False, most_bytes=most_bytes
    )
    lines = [line for model in models.rows for line in describe.index_of(model)]
    return JSONResponse([line for line in lines if line["state"] == "READY" or not only_ready])
