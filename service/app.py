"""The only place where the parts of a server are put together."""

import fcntl
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from service.api import datasets, diagnostics, errors, export, generate, life, models, openapi, registry, runs, system
from service.api.deps import Parts
from service.api.middleware import RequestId, TooLargeProblem
from service.api.openinference.protocol import OpenInference
from service.errors import DataDirectoryInUse
from service.executors.dispatcher import Dispatcher
from service.runs.predict import ModelCache
from service.settings import Settings
from service.store.migrate import upgrade
from service.store.unit import Database

log = logging.getLogger(__name__)


def create_app(settings: Settings) -> FastAPI:
    """Make the application. Its database, workers and lock begin with its lifespan, not here."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with exclusive(settings.data_dir):
            await run_in_threadpool(upgrade, settings.url)
            database = Database(settings.url)
            dispatcher = Dispatcher(database, settings)
            app.state.parts = Parts(settings, database, dispatcher, ModelCache(settings.model_cache_bytes))
            await run_in_threadpool(dispatcher.start)
            log.info("postgrad %s on SQLite %s, %d workers", version("postgrad"), Database.version(), settings.workers)
            try:
                yield
            finally:
                await run_in_threadpool(dispatcher.stop)
                database.close()

    app = FastAPI(
        title="Postgrad",
        summary="POST data, descend the gradient, GET a model",
        version=version("postgrad"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        responses=openapi.RESPONSES,
        redirect_slashes=False,
    )
    errors.install(app)
    openapi.install(app)
    for part in (runs, life, models, generate, diagnostics, export, registry, datasets, system):
        app.include_router(part.router, max_body_size=settings.max_body_bytes)
    app.include_router(datasets.uploads, max_body_size=settings.max_upload_bytes)
    app.add_middleware(TooLargeProblem, settings=settings)
    app.add_middleware(OpenInference)
    app.add_middleware(RequestId)
    return app


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold the data directory for this server alone: what it finds running there, nobody runs any more."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "server.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataDirectoryInUse(
                f"another postgrad server uses {data_dir.absolute()}: stop it, or choose another directory "
                f"with --data-dir or POSTGRAD_DATA_DIR"
            ) from error
        yield
