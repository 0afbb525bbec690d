"""Whatever else a client of MLflow asks for: this server only reads, and only what the other routes do."""

from fastapi import Request, Response

from service.api.mlflow.protocol import FILES, PREFIX, failure, make_router

router = make_router("")

WRITING = ["POST", "PUT", "PATCH", "DELETE"]


@router.api_route(PREFIX + "/{path:path}", methods=["GET", *WRITING])
@router.api_route(FILES + "/{path:path}", methods=WRITING)
def other(path: str, request: Request) -> Response:
    """Refuse, and say what there is instead."""
    if request.method == "GET":
        return failure(
            404, f"this server has no {request.url.path}; docs/api/mlflow.md lists what it has", "ENDPOINT_NOT_FOUND"
        )
    detail = f"this server's MLflow API is read-only, it has no {request.method} {path}: runs are made by POST /v1/runs"
    return failure(501, detail)
