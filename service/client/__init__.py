"""Python client of the REST API, synchronous and for asyncio. It stands alone: nothing of the server is imported.

    from service.client import Client

    with Client() as client:
        run = client.runs.create(dataset="spiral", model={"kind": "mlp", "hidden_sizes": [100]})
        run = client.runs.wait(run["id"])
        print(client.runs.loss_history(run["id"])["series"]["loss"])
        print(client.runs.predict(run["id"], [[0.5, 0.2]])["labels"])

Objects are the dictionaries that the API sends, with types of their own: `Run`, `History`, `Prediction`, ….
"""

from service.client.answers import (
    Alias,
    ApiKey,
    Diagnostics,
    Evaluation,
    Generation,
    Info,
    Model,
    ModelPrediction,
    NewApiKey,
    Prediction,
    Version,
)
from service.client.asynchronous import AsyncClient
from service.client.boundary import Boundary
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
from service.client.objects import (
    Checkpoint,
    CheckpointPage,
    Dataset,
    Estimate,
    Event,
    History,
    Page,
    Preview,
    Run,
    RunPage,
    Sketch,
)
from service.client.queue import Queue
from service.client.sync import Client
from service.client.usage import Usage

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "Alias",
    "ApiKey",
    "AsyncClient",
    "AuthenticationError",
    "Boundary",
    "Checkpoint",
    "CheckpointPage",
    "Client",
    "ConflictError",
    "Dataset",
    "Diagnostics",
    "Estimate",
    "Evaluation",
    "Event",
    "ForbiddenError",
    "Generation",
    "History",
    "Info",
    "InvalidRequestError",
    "Model",
    "ModelPrediction",
    "NewApiKey",
    "NotFoundError",
    "Page",
    "Prediction",
    "Preview",
    "Queue",
    "RateLimitError",
    "Run",
    "RunPage",
    "ServerError",
    "Sketch",
    "TooLargeError",
    "Usage",
    "Version",
]
