"""The datasets that a server keeps, for both clients."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from service.client.calls import Call, Params, R, Upload, given, once, reference
from service.client.objects import Dataset, Page, Preview, Sketch

if TYPE_CHECKING:
    from service.client.asynchronous import AsyncClient
    from service.client.sync import Client

SVG = "image/svg+xml"


def create_dataset(parameters: str | Mapping[str, Any], name: str | None) -> Call[Dataset]:
    """POST /v1/datasets."""
    return Call(method="POST", path="/v1/datasets", body={"parameters": reference(parameters), "name": name}, headers=once())


def sketch_dataset(parameters: str | Mapping[str, Any], limit: int | None) -> Call[Sketch]:
    """POST /v1/datasets/preview. It keeps nothing, so it may be sent twice."""
    body = given({"parameters": reference(parameters), "limit": limit})
    return Call(method="POST", path="/v1/datasets/preview", body=body, repeatable=True)


def upload_dataset(path: str | Path, content: bytes, label: str | None, name: str | None) -> Call[Dataset]:
    """POST /v1/datasets/upload. The server keeps the same bytes once, so it may be sent twice."""
    form = Upload(path=str(path), content=content, fields=given({"label": label, "name": name}))
    return Call(method="POST", path="/v1/datasets/upload", upload=form, repeatable=True)


def list_datasets(params: Params) -> Call[Page[Dataset]]:
    """GET /v1/datasets."""
    return Call(method="GET", path="/v1/datasets", params=given(params))


def on_dataset(
    method: Literal["GET", "DELETE"], dataset_id: str, verb: str = "", params: Params | None = None, **more: Any
) -> Call[R]:
    """GET or DELETE /v1/datasets/{id}[/verb]."""
    path = f"/v1/datasets/{quote(dataset_id, safe='')}" + (f"/{verb}" if verb else "")
    return Call(method=method, path=path, params=given(params or {}), **more)


class Datasets:
    """The datasets that a server keeps."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def create(self, parameters: str | Mapping[str, Any], name: str | None = None) -> Dataset:
        """Make and keep a dataset: `create({"kind": "spiral", "seed": 1})`, or `create({"kind": "text", "text": …})`."""
        return self._client.call(create_dataset(parameters, name))

    def sketch(self, parameters: str | Mapping[str, Any], limit: int | None = None) -> Sketch:
        """Return examples of a synthetic dataset, spread evenly, without keeping anything."""
        return self._client.call(sketch_dataset(parameters, limit))

    def upload(self, path: str | Path, label: str | None = None, name: str | None = None) -> Dataset:
        """Keep a CSV, NPZ or Parquet file, whose column `label` holds the classes, or a text called .txt, .text or .md."""
        return self._client.call(upload_dataset(path, Path(path).read_bytes(), label, name))

    def get(self, dataset_id: str) -> Dataset:
        """Return a kept dataset: its columns, classes and statistics."""
        return self._client.call(on_dataset("GET", dataset_id))

    def list(self, **filters: str | int | None) -> Iterator[Dataset]:
        """Yield the kept datasets, the newest first; `order`; `limit` is the size of a page."""
        return self._client.pages(list_datasets(filters))

    def page(self, **filters: str | int | None) -> Page[Dataset]:
        """Return one page of the list of datasets as the API sends it."""
        return self._client.call(list_datasets(filters))

    def preview(self, dataset_id: str, limit: int | None = None) -> Preview:
        """Return the first examples of a dataset, or the beginning of a text."""
        return self._client.call(on_dataset("GET", dataset_id, "preview", {"limit": limit}))

    def plot(self, dataset_id: str, x: str | None = None, y: str | None = None) -> str:
        """Return a picture, as SVG, of the examples over two features: `x` and `y` name them, else the first two."""
        return self._client.text(on_dataset("GET", dataset_id, "plot.svg", {"x": x, "y": y}, accept=SVG))

    def delete(self, dataset_id: str) -> None:
        """Delete a dataset that no run uses."""
        self._client.call(on_dataset("DELETE", dataset_id))


class AsyncDatasets:
    """The datasets that a server keeps."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client

    async def create(self, parameters: str | Mapping[str, Any], name: str | None = None) -> Dataset:
        """Make and keep a dataset: `create({"kind": "spiral", "seed": 1})`, or `create({"kind": "text", "text": …})`."""
        return await self._client.call(create_dataset(parameters, name))

    async def sketch(self, parameters: str | Mapping[str, Any], limit: int | None = None) -> Sketch:
        """Return examples of a synthetic dataset, spread evenly, without keeping anything."""
        return await self._client.call(sketch_dataset(parameters, limit))

    async def upload(self, path: str | Path, label: str | None = None, name: str | None = None) -> Dataset:
        """Keep a CSV, NPZ or Parquet file, whose column `label` holds the classes, or a text called .txt, .text or .md."""
        content = await asyncio.to_thread(Path(path).read_bytes)
        return await self._client.call(upload_dataset(path, content, label, name))

    async def get(self, dataset_id: str) -> Dataset:
        """Return a kept dataset: its columns, classes and statistics."""
        return await self._client.call(on_dataset("GET", dataset_id))

    def list(self, **filters: str | int | None) -> AsyncIterator[Dataset]:
        """Yield the kept datasets, the newest first; `order`; `limit` is the size of a page."""
        return self._client.pages(list_datasets(filters))

    async def page(self, **filters: str | int | None) -> Page[Dataset]:
        """Return one page of the list of datasets as the API sends it."""
        return await self._client.call(list_datasets(filters))

    async def preview(self, dataset_id: str, limit: int | None = None) -> Preview:
        """Return the first examples of a dataset, or the beginning of a text."""
        return await self._client.call(on_dataset("GET", dataset_id, "preview", {"limit": limit}))

    async def plot(self, dataset_id: str, x: str | None = None, y: str | None = None) -> str:
        """Return a picture, as SVG, of the examples over two features: `x` and `y` name them, else the first two."""
        return await self._client.text(on_dataset("GET", dataset_id, "plot.svg", {"x": x, "y": y}, accept=SVG))

    async def delete(self, dataset_id: str) -> None:
        """Delete a dataset that no run uses."""
        await self._client.call(on_dataset("DELETE", dataset_id))
