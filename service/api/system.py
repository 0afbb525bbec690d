"""Health, version and the API's own documentation, which works offline."""

from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import Any

import fastapi_offline
from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from service.api.deps import Parts, Server
from service.api.errors import problem
from service.api.headers import policy_for
from service.api.pieces import InPieces
from service.api.probes import probe
from service.domain import RunStatus
from service.errors import Busy
from service.runs.environment import fingerprint
from service.store import migrate, runs
from service.store.unit import Database

router = APIRouter(tags=["system"])

TYPES = {"js": "text/javascript", "css": "text/css", "png": "image/png"}
SWAGGER = ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Say that the server lives; asks nothing of anything else, not even a thread."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request, server: Server) -> Any:
    """Say whether the server can do its work: the database answers, its tables are current, runs are being placed.

    No worker hangs, and the disk has more room than is kept free.
    """
    checks = await probe(checks_of, server)
    if all(checks.values()):
        return {"status": "ready", "checks": checks}
    missing = ", ".join(name for name, fine in checks.items() if not fine)
    return problem(request, 503, f"not ready: {missing}", "not_ready", checks=checks)


def checks_of(server: Parts) -> dict[str, bool]:
    """Return each part that has to be fit for work, and whether it is."""
    dispatcher, database = server.dispatcher, server.database
    checks = {"database": True, "migrations": True, "executor": dispatcher.alive}
    checks |= {"workers": dispatcher.workers_silent == 0, "disk": True}
    try:
        checks["migrations"] = migrate.is_current_now(database.peek)
        checks["disk"] = not database.room().lacks()
    except Busy:
        checks["database"] = checks["migrations"] = False
    checks["database"] = checks["database"] and not database.faults.present
    return checks


@router.get("/v1/info")
def info(server: Server) -> dict[str, Any]:
    """Describe this server: versions, workers, limits, what is queued and running."""
    settings = server.settings
    queued, running = server.database.read(lambda db: (runs.count(db, RunStatus.QUEUED), runs.count(db, RunStatus.RUNNING)))
    return {
        "object": "info",
        "name": "postgrad",
        "version": version("postgrad"),
        "sqlite_version": Database.version(),
        "environment": fingerprint(),
        "executor": settings.executor,
        "workers": settings.workers,
        "queued": queued,
        "running": running,
        "limits": {
            name: getattr(settings, name)
            for name in type(settings).model_fields
            if name.endswith("_bytes") or name.startswith(("max_", "min_"))
        }
        | {"min_free_bytes": server.database.room().floor_bytes},
        "links": {
            "runs": "/v1/runs",
            "datasets": "/v1/datasets",
            "models": "/v1/models",
            "docs": "/docs",
            "openapi": "/openapi.json",
        },
    }


@router.get("/docs", include_in_schema=False)
def docs() -> HTMLResponse:
    """Show the API in Swagger UI, from files of an installed package."""
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Postgrad API",
        swagger_js_url=f"/docs/{SWAGGER[0]}",
        swagger_css_url=f"/docs/{SWAGGER[1]}",
        swagger_favicon_url=f"/docs/{SWAGGER[2]}",
    )
    page.headers["Content-Security-Policy"] = policy_for(bytes(page.body).decode())
    return page


@router.get("/docs/{file}", include_in_schema=False)
def docs_file(file: str, request: Request) -> Any:
    """Serve the files of Swagger UI."""
    if file not in SWAGGER:
        return problem(request, 404, f"there is no route {request.url.path}")
    return InPieces(docs_content(file), {"Cache-Control": "max-age=86400"}, TYPES[file.rpartition(".")[2]])


@cache
def docs_content(file: str) -> bytes:
    """Return a file of Swagger UI, which is kept: who does not read it holds no open file."""
    return (files(fastapi_offline) / "static" / file).read_bytes()
