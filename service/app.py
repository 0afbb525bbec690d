"""The only place where the parts of a server are put together."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from fastapi import Depends, FastAPI
from fastapi.concurrency import contextmanager_in_threadpool
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
    usage,
    web,
)
from service.api.access import Access
from service.api.authentication import Authenticate
from service.api.bodies import Bodies
from service.api.deps import Parts
from service.api.hosts import AllowedHosts
from service.api.middleware import HeadAsGet, RequestId, TooLargeProblem
from service.api.openinference.protocol import PREFIX, OpenInference, failure
from service.api.query import strict_query
from service.api.refusals import Protocols
from service.api.shared import SharedReads
from service.api.turns import Turns
from service.executors.dispatcher import Dispatcher
from service.executors.exclusive import exclusive
from service.executors.line import FarDispatcher, Placing
from service.executors.placing import placing
from service.runs.api_keys import Keyring
from service.runs.kept_curves import CurveCache
from service.runs.once import Keys
from service.runs.predict import ModelCache
from service.runs.watch import Watch
from service.settings import Settings
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
    usage,
    metrics,
    web,
)
WITH_DATA = (runs, models, registry, datasets)
"""Those whose requests may bring data."""


@dataclass(frozen=True)
class Part:
    """What an application is given that is one of several of a server: another process has the lock and the workers."""

    dispatcher: FarDispatcher
    counts: metrics.Shared


def create_app(settings: Settings, part: Part | None = None) -> FastAPI:
    """Make the application. Its database, workers and lock begin with its lifespan, not here."""
    app = FastAPI(
        title="Postgrad",
        summary="POST data, descend the gradient, GET a model",
        version=version("postgrad"),
        lifespan=lambda app: running(app, settings, part),
        docs_url=None,
        redoc_url=None,
        responses=openapi.RESPONSES,
        redirect_slashes=False,
        telemetry=telemetry.config(),
    )
    app.state.metrics = metrics.Metrics(None if part is None else part.counts)
    errors.install(app)
    openapi.install(app)
    mount(app, settings)
    return app


def mount(app: FastAPI, settings: Settings) -> None:
    """Add the routes, and what every request passes on its way to them: from the last line up."""
    strict = [Depends(strict_query)]
    small = min(settings.max_small_body_bytes, settings.max_body_bytes)
    for part in ROUTERS:
        most = settings.max_body_bytes if part in WITH_DATA else small
        app.include_router(part.router, max_body_size=most, dependencies=strict)
    app.include_router(datasets.uploads, max_body_size=settings.max_upload_bytes, dependencies=strict)
    app.include_router(mlflow.router, max_body_size=small)
    app.add_middleware(TooLargeProblem, settings=settings, protocols={mlflow.PREFIX: mlflow.failure})
    app.add_middleware(OpenInference)
    protocols: Protocols = {f"{PREFIX}/": failure, mlflow.PREFIX: mlflow.failure}
    app.add_middleware(Bodies, settings=settings, protocols=protocols)
    app.add_middleware(Authenticate, per_minute=settings.max_requests_per_minute, protocols=protocols)
    app.add_middleware(AllowedHosts, hosts=settings.hosts, named=settings.named_hosts, protocols=protocols)
    app.add_middleware(Access, metrics=app.state.metrics)
    app.add_middleware(RequestId)
    app.add_middleware(HeadAsGet)


@asynccontextmanager
async def running(app: FastAPI, settings: Settings, part: Part | None) -> AsyncIterator[None]:
    """Begin and end the parts of the server."""
    database = Database(
        settings.url,
        on_write=app.state.metrics.commits.observe,
        min_free_bytes=settings.min_free_bytes,
        spends_reserve=True,
    )
    keyring = Keyring(database, required=bool(settings.require_key))
    watch = Watch(database, settings.max_streams, settings.max_streams_per_key)
    placed = _placing(database, settings, keyring, watch) if part is None else _placed_elsewhere(part, watch)
    async with placed as dispatcher:
        app.state.parts = Parts(
            settings=settings,
            database=database,
            dispatcher=dispatcher,
            models=ModelCache(settings.model_cache_bytes, app.state.metrics.cache),
            curves=CurveCache(settings.curve_cache_bytes),
            watch=watch,
            keys=Keys(settings),
            shared=SharedReads(),
            keyring=keyring,
            turns=Turns(settings.max_costly_requests, settings.max_costly_waiting_per_key),
            text_turns=Turns(settings.max_costly_requests, settings.max_costly_waiting_per_key),
        )
        watch.start()
        try:
            yield
        finally:
            await run_in_threadpool(watch.close)
    database.close()


@asynccontextmanager
async def _placing(database: Database, settings: Settings, keyring: Keyring, watch: Watch) -> AsyncIterator[Placing]:
    """Hold the data directory, migrate, and place runs from here."""
    with exclusive(settings.data_dir, settings.url):
        dispatcher = Dispatcher(database, settings, on_free=watch.look)
        async with contextmanager_in_threadpool(placing(dispatcher, keyring, database)):
            log.info("postgrad %s on SQLite %s, %d workers", version("postgrad"), Database.version(), settings.workers)
            yield dispatcher


@asynccontextmanager
async def _placed_elsewhere(part: Part, watch: Watch) -> AsyncIterator[Placing]:
    """Wait for the process that does all that."""
    await run_in_threadpool(part.dispatcher.start, watch.look)
    yield part.dispatcher
