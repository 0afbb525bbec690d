"""The only place where the parts of a server are put together."""

import fcntl
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from service.api import (
    api_keys,
    boundary,
    datasets,
    diagnostics,
    errors,
    events,
    export,
    generate,
    history,
    life,
    metrics,
    mlflow,
    models,
    openapi,
    queue,
    registry,
    runs,
    sketch,
    system,
    telemetry,
    web,
)
from service.api.access import Access
from service.api.authentication import Authenticate, Protocols
from service.api.deps import Parts
from service.api.hosts import AllowedHosts
from service.api.length import OneLength
from service.api.middleware import HeadAsGet, RequestId, TooLargeProblem
from service.api.openinference.protocol import PREFIX, OpenInference, failure
from service.api.query import strict_query
from service.api.shared import SharedReads
from service.errors import DataDirectoryInUse
from service.executors.dispatcher import Dispatcher
from service.runs.api_keys import Keyring
from service.runs.kept_curves import CurveCache
from service.runs.once import Keys
from service.runs.predict import ModelCache
from service.runs.watch import Watch
from service.settings import Settings
from service.store.migrate import upgrade
from service.store.unit import Database

log = logging.getLogger(__name__)

ROUTERS = (
    runs,
    life,
    events,
    queue,
    history,
    boundary,
    models,
    generate,
    diagnostics,
    export,
    registry,
    datasets,
    sketch,
    api_keys,
    system,
    metrics,
    web,
)


def create_app(settings: Settings) -> FastAPI:
    """Make the application. Its database, workers and lock begin with its lifespan, not here."""
    app = FastAPI(
        title="Postgrad",
        summary="POST data, descend the gradient, GET a model",
        version=version("postgrad"),
        lifespan=lambda app: running(app, settings),
        docs_url=None,
        redoc_url=None,
        responses=openapi.RESPONSES,
        redirect_slashes=False,
        telemetry=telemetry.config(),
    )
    app.state.metrics = metrics.Metrics()
    errors.install(app)
    openapi.install(app)
    mount(app, settings)
    return app


def mount(app: FastAPI, settings: Settings) -> None:
    """Add the routes, and what every request passes on its way to them: from the last line up."""
    strict = [Depends(strict_query)]
    for part in ROUTERS:
        app.include_router(part.router, max_body_size=settings.max_body_bytes, dependencies=strict)
    app.include_router(datasets.uploads, max_body_size=settings.max_upload_bytes, dependencies=strict)
    app.include_router(mlflow.router, max_body_size=settings.max_body_bytes)
    app.add_middleware(TooLargeProblem, settings=settings, protocols={mlflow.PREFIX: mlflow.failure})
    app.add_middleware(OpenInference)
    protocols: Protocols = {f"{PREFIX}/": failure, mlflow.PREFIX: mlflow.failure}
    app.add_middleware(Authenticate, per_minute=settings.max_requests_per_minute, protocols=protocols)
    app.add_middleware(OneLength)
    app.add_middleware(AllowedHosts, hosts=settings.hosts, named=settings.named_hosts)
    app.add_middleware(Access, metrics=app.state.metrics)
    app.add_middleware(RequestId)
    app.add_middleware(HeadAsGet)


@asynccontextmanager
async def running(app: FastAPI, settings: Settings) -> AsyncIterator[None]:
    """Begin and end the parts of the server."""
    with exclusive(settings.data_dir):
        await run_in_threadpool(upgrade, settings.url)
        database = Database(settings.url, on_write=app.state.metrics.commits.observe)
        keyring = Keyring(database, required=bool(settings.require_key))
        await run_in_threadpool(keyring.check)
        watch = Watch(database, settings.max_streams, settings.max_streams_per_key)
        dispatcher = Dispatcher(database, settings, on_free=watch.look)
        app.state.parts = Parts(
            settings=settings,
            database=database,
            dispatcher=dispatcher,
            models=ModelCache(settings.model_cache_bytes),
            curves=CurveCache(settings.curve_cache_bytes),
            watch=watch,
            keys=Keys(settings.idempotency_key_seconds),
            shared=SharedReads(),
            keyring=keyring,
        )
        watch.start()
        await run_in_threadpool(dispatcher.start)
        log.info("postgrad %s on SQLite %s, %d workers", version("postgrad"), Database.version(), settings.workers)
        try:
            yield
        finally:
            await run_in_threadpool(watch.close)
            await run_in_threadpool(dispatcher.stop)
            database.close()


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
