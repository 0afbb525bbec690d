"""ETags of single objects: the digest of the body, so strong ones."""

import hashlib

from fastapi import Response
from pydantic import BaseModel

from service.errors import Changed


def tagged(body: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with a body and its ETag."""
    content = body.model_dump_json()
    return Response(content, status, {"ETag": etag(content), **(headers or {})}, media_type="application/json")


def etag(content: str) -> str:
    """Return the ETag of a body."""
    return '"' + hashlib.sha256(content.encode()).hexdigest()[:32] + '"'


def unchanged(response: Response, if_none_match: str | None) -> bool:
    """Return whether the client has this version already."""
    return _among(response.headers["ETag"], if_none_match)


def not_modified(response: Response) -> Response:
    """Answer 304 in place of a response."""
    headers = {name: value for name in ("ETag", "Preference-Applied") if (value := response.headers.get(name))}
    return Response(status_code=304, headers=headers)


def check(body: BaseModel, if_match: str | None) -> None:
    """Raise Changed if a client demands another version than there is."""
    if if_match is not None and not _among(present := etag(body.model_dump_json()), if_match):
        raise Changed(f"header.if-match is {if_match}, the run has changed since and is {present} now: read it again")


def _among(present: str, given: str | None) -> bool:
    names = [name.strip().removeprefix("W/") for name in (given or "").split(",")]
    return present in names or "*" in names
