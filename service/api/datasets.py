"""/v1/datasets: make, upload, look, delete."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Form, Query, Request, Response, UploadFile

from core.data.text import Corpus
from core.fields import show, unknown
from service.api.deps import After, DatasetId, Limit, Order, Server, Shown
from service.api.large import LARGE
from service.api.lists import page_after
from service.api.once import Once
from service.api.pictures import HEADERS, PICTURE, SVG, scatter
from service.api.quick_json import QuickJson
from service.api.responses import DatasetList, DatasetOut, Preview
from service.api.schemas import DatasetCreate, Name
from service.api.views import dataset_out
from service.domain import StoredDataset
from service.errors import FieldProblem, InvalidInput
from service.runs import datasets
from service.runs.texts import FEATURES
from service.runs.upload import upload as keep_upload
from service.store.unit import Transaction

router = APIRouter(prefix="/v1/datasets", tags=["datasets"], route_class=QuickJson)
uploads = APIRouter(prefix="/v1/datasets", tags=["datasets"])

FORM = ("file", "label", "name")  # of an upload
Axis = Annotated[str | None, Query(max_length=500, description="name of a feature")]
KEPT: dict[int | str, dict[str, Any]] = {
    200: {"model": DatasetOut, "description": "identical bytes are kept already: this is that dataset"}
}


@router.post("", status_code=201, responses=KEPT, response_model=DatasetOut, dependencies=[LARGE])
def create_dataset(body: DatasetCreate, server: Server, once: Once) -> Any:
    """Make a synthetic dataset from its parameters and keep it, or keep a text."""
    database, settings = server.database, server.settings
    return once.answer(lambda also: datasets.create(database, settings, body.parameters, body.name, also), _shown)


def _shown(_: Transaction, kept: datasets.Kept) -> Shown:
    info, new = kept
    return 201 if new else 200, f"/v1/datasets/{info.id}", dataset_out(info)


async def _strict(request: Request) -> None:
    """Refuse what FastAPI would drop: a field that an upload does not have, or has once already."""
    names = [name for name, _ in (await request.form()).multi_items()]
    for name in names:
        if name not in FORM:
            raise InvalidInput(FieldProblem((name,), f"{show(name)} {unknown(name, FORM)}", FORM))
        if names.count(name) > 1:
            raise InvalidInput(FieldProblem((name,), f"{name} came {names.count(name)} times, expected once"))


@uploads.post("/upload", status_code=201, responses=KEPT, dependencies=[Depends(_strict), LARGE])
def upload_dataset(
    file: UploadFile,
    response: Response,
    server: Server,
    label: Annotated[str | None, Form(max_length=500, description="label column of a CSV or Parquet file")] = None,
    name: Annotated[Name | None, Form()] = None,
) -> DatasetOut:
    """Keep a CSV, NPZ, Parquet or text file. What is wrong with it is named by row and column, and nothing of it is kept."""
    filename = "".join(filter(str.isprintable, file.filename or ""))[-200:] or "upload"
    info, new = keep_upload(server.database, server.settings, file.file, filename, label, name)
    response.status_code = 201 if new else 200
    response.headers["Location"] = f"/v1/datasets/{info.id}"
    return dataset_out(info)


@router.get("", response_model=DatasetList)
def list_datasets(
    request: Request, response: Response, server: Server, after: After = None, limit: Limit = 20, order: Order = "desc"
) -> dict[str, Any]:
    """List the kept datasets, the newest first."""
    most_bytes, newest_first = server.settings.max_page_bytes, order == "desc"
    found = datasets.page(server.database, after=after, limit=limit, newest_first=newest_first, most_bytes=most_bytes)
    return page_after(request, response, [dataset_out(info) for info in found.rows], more=found.more)


@router.get("/{dataset_id}")
def get_dataset(dataset_id: DatasetId, server: Server) -> DatasetOut:
    """Return a kept dataset: its columns, classes and statistics."""
    return dataset_out(datasets.get(server.database, dataset_id))


@router.get("/{dataset_id}/preview", dependencies=[LARGE])
def preview_dataset(
    dataset_id: DatasetId,
    server: Server,
    limit: Annotated[
        int | None, Query(ge=1, le=1000, description="examples to show: 10 rows, 500 characters of a text")
    ] = None,
) -> Preview:
    """Return the first examples of a dataset, or the beginning of a text."""
    data = datasets.load(server.database, StoredDataset(id=dataset_id))
    if isinstance(data, Corpus):
        text = data.decode(data.codes[: limit or 500])
        return Preview(dataset=dataset_id, features=list(FEATURES), rows=[], labels=[], text=text, total_examples=len(data))
    return Preview(
        dataset=dataset_id,
        features=list(data.features),
        rows=data.X[: limit or 10].tolist(),
        labels=[data.classes[i] for i in data.y[: limit or 10]],
        text=None,
        total_examples=len(data),
    )


@router.get("/{dataset_id}/plot.svg", response_class=Response, responses=PICTURE, dependencies=[LARGE])
def plot_dataset(dataset_id: DatasetId, server: Server, x: Axis = None, y: Axis = None) -> Response:
    """Draw the examples over two features, by default the first two; over a single one each class has its own line."""
    info, data = datasets.examples(server.database, dataset_id)
    across = _position(x, info.features, 0, "x")
    up = _position(y, info.features, 1 if across == 0 else 0, "y")
    alone = len(info.features) == 1
    second = -data.y.astype(np.float64) if alone else data.X[:, up]
    names = (info.features[across], None if alone else info.features[up])
    shown = scatter.Examples(data.X[:, across], second, names, data.y, data.classes, np.array([], np.int64))
    return Response(scatter.draw(info.name, shown), media_type=SVG, headers=HEADERS)


def _position(name: str | None, features: list[str], default: int, field: str) -> int:
    if name is None:
        return default
    if name not in features:
        detail = f"{field} is {show(name)}, the dataset has {', '.join(map(show, features[:20]))}"
        raise InvalidInput(FieldProblem(("query", field), detail))
    return features.index(name)


@router.delete("/{dataset_id}", status_code=204)
def delete_dataset(dataset_id: DatasetId, server: Server) -> None:
    """Delete a dataset that no run uses."""
    datasets.delete(server.database, dataset_id)
