"""Named models, for both clients: versions of what runs have learned, and aliases of versions."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import quote

from service.client.answers import Alias, Model, ModelPrediction
from service.client.calls import Call, Rows
from service.client.objects import Page

if TYPE_CHECKING:
    from service.client.asynchronous import AsyncClient
    from service.client.sync import Client

R = TypeVar("R")


def on_model(method: Literal["GET", "POST", "PUT", "DELETE"], name: str, *rest: str, **more: Any) -> Call[R]:
    """GET, POST, PUT or DELETE /v1/models/{name}[/…]."""
    path = "/".join(quote(part, safe="") for part in (name, *rest))
    return Call(method=method, path=f"/v1/models/{path}", **more)


def list_models(filters: dict[str, str | int | None]) -> Call[Page[Model]]:
    """GET /v1/models."""
    return Call(method="GET", path="/v1/models", params={key: value for key, value in filters.items() if value is not None})


def set_alias(name: str, alias: str, run_id: str, checkpoint: str) -> Call[Alias]:
    """PUT /v1/models/{name}/aliases/{alias}."""
    return on_model("PUT", name, "aliases", alias, body={"run": run_id, "checkpoint": checkpoint})


def predict(name: str, inputs: Rows, alias: str | None, version: int | None) -> Call[ModelPrediction]:
    """POST /v1/models/{name}/predict."""
    rows = inputs if isinstance(inputs, Sequence) else inputs.tolist()
    return on_model("POST", name, "predict", body={"inputs": rows, "alias": alias, "version": version}, repeatable=True)


class Models:
    """The named models of a server."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def list(self, **filters: str | int | None) -> Iterator[Model]:
        """Yield the models by name; `order`; `limit` is the size of a page."""
        return self._client.pages(list_models(filters))

    def page(self, **filters: str | int | None) -> Page[Model]:
        """Return one page of the list of models as the API sends it."""
        return self._client.call(list_models(filters))

    def get(self, name: str) -> Model:
        """Return a model: its versions, its aliases, and which version is `served`."""
        return self._client.call(on_model("GET", name))

    def set_alias(self, name: str, alias: str, run_id: str, checkpoint: str = "latest") -> Alias:
        """Let an alias stand for a checkpoint of a run; `production` answers by default. The first makes the model."""
        return self._client.call(set_alias(name, alias, run_id, checkpoint))

    def predict(self, name: str, inputs: Rows, alias: str | None = None, version: int | None = None) -> ModelPrediction:
        """Classify examples with `production`, or if there is none the newest version; or with an alias or a version."""
        return self._client.call(predict(name, inputs, alias, version))

    def delete_alias(self, name: str, alias: str) -> None:
        """Take an alias away; its version stays."""
        self._client.call(on_model("DELETE", name, "aliases", alias))

    def delete_version(self, name: str, version: int) -> None:
        """Delete a version for which no alias stands."""
        self._client.call(on_model("DELETE", name, "versions", str(version)))

    def delete(self, name: str) -> None:
        """Delete a model with its versions and aliases; the runs stay."""
        self._client.call(on_model("DELETE", name))


class AsyncModels:
    """The named models of a server."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client

    def list(self, **filters: str | int | None) -> AsyncIterator[Model]:
        """Yield the models by name; `order`; `limit` is the size of a page."""
        return self._client.pages(list_models(filters))

    async def page(self, **filters: str | int | None) -> Page[Model]:
        """Return one page of the list of models as the API sends it."""
        return await self._client.call(list_models(filters))

    async def get(self, name: str) -> Model:
        """Return a model: its versions, its aliases, and which version is `served`."""
        return await self._client.call(on_model("GET", name))

    async def set_alias(self, name: str, alias: str, run_id: str, checkpoint: str = "latest") -> Alias:
        """Let an alias stand for a checkpoint of a run; `production` answers by default. The first makes the model."""
        return await self._client.call(set_alias(name, alias, run_id, checkpoint))

    async def predict(self, name: str, inputs: Rows, alias: str | None = None, version: int | None = None) -> ModelPrediction:
        """Classify examples with `production`, or if there is none the newest version; or with an alias or a version."""
        return await self._client.call(predict(name, inputs, alias, version))

    async def delete_alias(self, name: str, alias: str) -> None:
        """Take an alias away; its version stays."""
        await self._client.call(on_model("DELETE", name, "aliases", alias))

    async def delete_version(self, name: str, version: int) -> None:
        """Delete a version for which no alias stands."""
        await self._client.call(on_model("DELETE", name, "versions", str(version)))

    async def delete(self, name: str) -> None:
        """Delete a model with its versions and aliases; the runs stay."""
        await self._client.call(on_model("DELETE", name))
