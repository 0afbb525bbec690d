"""/v1/runs/{id}/export: the model as a file, also while the run still trains."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator

from service.api.deps import RunId, Server
from service.api.large import LARGE
from service.api.words import PRINTABLE, printable
from service.runs.export import Format
from service.runs.export import export as write

router = APIRouter(prefix="/v1/runs/{run_id}", tags=["models"])

MEDIA_TYPES: dict[Format, str] = {  # an NPZ is a ZIP; the other two have no registered name
    "npz": "application/zip",
    "safetensors": "application/octet-stream",
    "onnx": "application/octet-stream",
}
FILE: dict[str, Any] = {
    "description": "the file",
    "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in dict.fromkeys(MEDIA_TYPES.values())},
    "headers": {"Content-Disposition": {"schema": {"type": "string"}, "description": "a name for the file"}},
}
FileFormat = Annotated[Format, Query(alias="format", description="`npz`, `safetensors` or `onnx`")]
AtCheckpoint = Annotated[
    str,
    Query(
        min_length=1,
        max_length=60,
        description="`latest`, `best`, a step, or the id of a checkpoint",
        json_schema_extra=PRINTABLE,
    ),
    AfterValidator(printable),
]


@router.get("/export", response_class=Response, responses={200: FILE}, dependencies=[LARGE])
def export(run_id: RunId, server: Server, fmt: FileFormat = "npz", checkpoint: AtCheckpoint = "latest") -> Response:
    """Hand out a file with parameters, normaliser, names of classes and features, and the spec. It holds no pickle."""
    file = write(server.database, server.models, run_id, fmt, checkpoint)
    disposition = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.content, media_type=MEDIA_TYPES[fmt], headers=disposition)
