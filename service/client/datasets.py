"""The datasets that a server keeps, for both clients."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.client import calls
from service.client.calls import Object

if TYPE_CHECKING:
    from service.client.asynchronous import AsyncClient
    from service.client.sync import Client


class Datasets:
    """The datasets that a server keeps."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def create(self, parameters: str | Mapping[str, Any], name: str | None = None) -> Object:
        """Make and keep a dataset: `create({"kind": "spiral", "seed": 1})`, or `create({"kind": "text", "text": …})`."""
        return self._client.call(calls.create_dataset(parameters, name))

    def upload(self, path: str | Path, label: str | None = None, name: str | None = None) -> Object:
        """Keep a CSV, NPZ or Parquet file, whose column `label` holds the classes, or a text called .txt, .text or .md."""
        return self._client.call(calls.upload_dataset(Path(path).name, Path(path).read_bytes(), label, name))

    def get(self, dataset_id: str) -> Object:
        """Return a kept dataset: its columns, classes and statistics."""
        return self._client.call(calls.on_dataset("GET", dataset_id))

    def list(self, **filters: str | int | None) -> Iterator[Object]:
        """Yield the kept datasets, the newest first; `order`; `limit` is the size of a page."""
        return self._client.pages(calls.list_datasets(filters))

    def page(self, **filters: str | int | None) -> Object:
        """Return one page of the list of datasets as the API sends it."""
        return self._client.call(calls.list_datasets(filters))

    def preview(self, dataset_id: str, limit: int | None = None) -> Object:
        """Return the first examples of a dataset, or the beginning of a text."""
        return self._client.call(calls.on_dataset("GET", dataset_id, "preview", {"limit": limit}))

    def delete(self, dataset_id: str) -> None:
        """Delete a dataset that no run uses."""
        self._client.call(calls.on_dataset("DELETE", dataset_id))


class AsyncDatasets:
    """The datasets that a server keeps."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client

    async def create(self, parameters: str | Mapping[str, Any], name: str | None = None) -> Object:
        """Make and keep a dataset: `create({"kind": "spiral", "seed": 1})`, or `create({"kind": "text", "text": …})`."""
        return await self._client.call(calls.create_dataset(parameters, name))

    async def upload(self, path: str | Path, label: str | None = None, name: str | None = None) -> Object:
        """Keep a CSV, NPZ or Parquet file, whose column `label` holds the classes, or a text called .txt, .text or .md."""
        content = await asyncio.to_thread(Path(path).read_bytes)
        return await self._client.call(calls.upload_dataset(Path(path).name, content, label, name))

    async def get(self, dataset_id: str) -> Object:
        """Return a kept dataset: its columns, classes and statistics."""
        return await self._client.call(calls.on_dataset("GET", dataset_id))

    def list(self, **filters: str | int | None) -> AsyncIterator[Object]:
        """Yield the kept datasets, the newest first; `order`; `limit` is the size of a page."""
        return self._client.pages(calls.list_datasets(filters))

    async def page(self, **filters: str | int | None) -> Object:
        """Return one page of the list of datasets as the API sends it."""
        return await self._client.call(calls.list_datasets(filters))

    async def preview(self, dataset_id: str, limit: int | None = None) -> Object:
        """Return the first examples of a dataset, or the beginning of a text."""
        return await self._client.call(calls.on_dataset("GET", dataset_id, "preview", {"limit": limit}))

    async def delete(self, dataset_id: str) -> None:
        """Delete a dataset that no run uses."""
        await self._client.call(calls.on_dataset("DELETE", dataset_id))
