"""The model that answers a request for predictions, without a thread where that is possible."""

from starlette.concurrency import run_in_threadpool

from service.api.deps import Parts
from service.runs import serving
from service.runs.predict import Trained
from service.store.served import Served


async def ready(server: Parts, name: str, which: serving.Which) -> tuple[Served, Trained]:
    """Return what answers for a name and its model; raise NotFound or Conflict."""
    found = serving.find_served(server.database, name, which)
    if found is None:
        found = await run_in_threadpool(serving.explain, server.database, name, which)
    model = server.models.get(found.checkpoint_id)
    if model is None:
        model = await run_in_threadpool(serving.load_served, server.database, server.models, found)
    return found, model
