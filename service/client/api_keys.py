"""API keys, for both clients; these calls need a key with the scope admin, once there is one."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from service.client.answers import ApiKey, NewApiKey
from service.client.calls import Call, Object
from service.client.objects import Page

if TYPE_CHECKING:
    from service.client.asynchronous import AsyncClient
    from service.client.sync import Client

PATH = "/v1/api-keys"


def create_key(name: str, scopes: Sequence[str], more: Mapping[str, Any]) -> Call[NewApiKey]:
    """POST /v1/api-keys."""
    return Call(method="POST", path=PATH, body={"name": name, "scopes": list(scopes), **more})


def list_keys(filters: Mapping[str, str | int | None]) -> Call[Page[ApiKey]]:
    """GET /v1/api-keys."""
    return Call(method="GET", path=PATH, params={key: value for key, value in filters.items() if value is not None})


def get_key(key_id: str) -> Call[ApiKey]:
    """GET /v1/api-keys/{id}."""
    return Call(method="GET", path=f"{PATH}/{quote(key_id, safe='')}")


def delete_key(key_id: str) -> Call[Object]:
    """DELETE /v1/api-keys/{id}."""
    return Call(method="DELETE", path=f"{PATH}/{quote(key_id, safe='')}")


class ApiKeys:
    """The API keys of a server."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def create(self, name: str, scopes: Sequence[str], **more: Any) -> NewApiKey:
        """Make a key; its `secret` is shown this once. `expires_in` (seconds), `expires_at`, `owner`, `claim`."""
        return self._client.call(create_key(name, scopes, more))

    def list(self, **filters: str | int | None) -> Iterator[ApiKey]:
        """Yield the keys, the newest first; `order`; `limit` is the size of a page."""
        return self._client.pages(list_keys(filters))

    def get(self, key_id: str) -> ApiKey:
        """Return a key without its secret."""
        return self._client.call(get_key(key_id))

    def delete(self, key_id: str) -> None:
        """Delete a key; its next request is refused."""
        self._client.call(delete_key(key_id))


class AsyncApiKeys:
    """The API keys of a server."""

    def __init__(self, client: "AsyncClient") -> None:
        self._client = client

    async def create(self, name: str, scopes: Sequence[str], **more: Any) -> NewApiKey:
        """Make a key; its `secret` is shown this once. `expires_in` (seconds), `expires_at`, `owner`, `claim`."""
        return await self._client.call(create_key(name, scopes, more))

    def list(self, **filters: str | int | None) -> AsyncIterator[ApiKey]:
        """Yield the keys, the newest first; `order`; `limit` is the size of a page."""
        return self._client.pages(list_keys(filters))

    async def get(self, key_id: str) -> ApiKey:
        """Return a key without its secret."""
        return await self._client.call(get_key(key_id))

    async def delete(self, key_id: str) -> None:
        """Delete a key; its next request is refused."""
        await self._client.call(delete_key(key_id))
