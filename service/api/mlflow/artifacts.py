"""Artifacts of a run: its model in each format of the export, and its loss history."""

from typing import Annotated, Any

from fastapi import Query, Response

from service.api import history_formats, streamed
from service.api.deps import Server
from service.api.export import MEDIA_TYPES
from service.api.large import LARGE
from service.api.mlflow.protocol import FILES, PREFIX, make_router, reply
from service.api.mlflow.runs import RunId, of_run
from service.domain import LOSS_SERIES
from service.errors import NotFound
from service.runs.chosen import Asked, choose
from service.runs.export import FORMATS, export
from service.runs.predict import names_that_stand
from service.store.unit import Database

router = make_router("")

HISTORY = "loss-history.json"
MODELS = {f"model.{fmt}": fmt for fmt in FORMATS}


def files_of(database: Database, run_id: str) -> dict[str, list[str]]:
    """Return the names of all files of a run by their directory; the name of a directory is that of its checkpoint."""
    return {"": [HISTORY], **{name: list(MODELS) for name in names_that_stand(database, run_id)}}


def entries(database: Database, run_id: str, path: str) -> list[dict[str, Any]]:
    """Return what is in a directory of a run; of a file, or what is not there, nothing."""
    files = files_of(database, run_id)
    inside = [{"path": name, "is_dir": True} for name in files if name] if path == "" else []
    return inside + [{"path": name, "is_dir": False} for name in files.get(path, [])]


@router.get(f"{PREFIX}/artifacts/list")
def list_artifacts(
    server: Server, run_id: RunId = None, run_uuid: RunId = None, path: Annotated[str, Query()] = ""
) -> Response:
    """List a directory of a run; the paths begin at the run."""
    known, path = of_run(run_id, run_uuid), path.strip("/")
    found = entries(server.database, known, path)
    files = [{**entry, "path": f"{path}/{entry['path']}".lstrip("/")} for entry in found]
    return reply({"root_uri": f"mlflow-artifacts:/{known}", "files": files})


@router.get(FILES)
def list_proxied(server: Server, path: Annotated[str, Query()] = "") -> Response:
    """List a directory by its address; the paths begin in it."""
    run_id, _, inside = path.strip("/").partition("/")
    return reply({"files": entries(server.database, of_run(run_id, None), inside)})


@router.get(FILES + "/{path:path}", dependencies=[LARGE])
def download(path: str, server: Server) -> Response:
    """Hand out a file. A model is written when it is asked for: `latest` is that of now."""
    run_id, _, name = path.partition("/")
    folder, _, file = name.rpartition("/")
    if file not in files_of(server.database, of_run(run_id, None)).get(folder, []):
        raise NotFound("artifact", path)
    if file == HISTORY:
        curves = choose(server.database, Asked(run_id, LOSS_SERIES), server.curves)
        return streamed.answer(history_formats.json(curves, "loss_history"), curves.count, "application/json")
    fmt = MODELS[file]
    made = export(server.database, server.models, run_id, fmt, folder)
    return Response(made.content, media_type=MEDIA_TYPES[fmt])


@router.post(f"{PREFIX}/logged-models/search")
def search_logged_models() -> Response:
    """List no logged models: `list_artifacts` asks for them, but the model of a run is among its files."""
    return reply({"models": []})
