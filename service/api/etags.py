"""ETags of single objects: the digest of the body, so strong ones."""

import hashlib

from fastapi import Response

from service.errors import Changed


def response(content: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Answer with a JSON body and its ETag."""
    return Response(content, status, {"ETag": etag(content), **(headers or {})}, media_type="application/json")


def etag(content: str) -> str:
    """Return the ETag of a body."""
    return '"' + hashlib.sha256(content.encode()).hexdigest()[:32] + '"'


def unchanged(content: str, if_none_match: str | None) -> bool:
    """Return whether the client has this version already; compared weakly, as the header is."""
    return _among(etag(content), (if_none_match or "").replace("W/", ""))


def not_modified(whole: Response) -> Response:
    """Answer 304 in place of a response."""
    headers = {name: value for name in ("ETag", "Preference-Applied") if (value := whole.headers.get(name))}
    return Response(status_code=304, headers=headers)


def check(content: str, if_match: str | None) -> None:
    """Raise Changed if a client demands another version than there is."""
    if if_match is not None and not _among(present := etag(content), if_match):
        raise Changed(f"header.if-match is {if_match}, the run has changed since and is {present} now: read it again")


def _among(present: str, given: str) -> bool:
    names = [name.strip() for name in given.split(",")]
    return present in names or "*" in names
