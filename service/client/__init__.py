"""Python client of the REST API, synchronous and for asyncio. It stands alone: nothing of the server is imported.

    from service.client import Client

    with Client() as client:
        run = client.runs.create(dataset="spiral", model={"kind": "mlp", "hidden_sizes": [100]})
        run = client.runs.wait(run["id"])
        print(client.runs.loss_history(run["id"])["series"]["loss"])
        print(client.runs.predict(run["id"], [[0.5, 0.2]])["labels"])

Objects are dictionaries, as the API sends them.
"""

from service.client.asynchronous import AsyncClient
from service.client.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    ServerError,
    TooLargeError,
)
from service.client.sync import Client

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncClient",
    "AuthenticationError",
    "Client",
    "ConflictError",
    "ForbiddenError",
    "InvalidRequestError",
    "NotFoundError",
    "RateLimitError",
    "ServerError",
    "TooLargeError",
]
