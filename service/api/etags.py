"""ETags: digests of what an answer is made from, so strong ones."""

import hashlib
import re

from fastapi import Response

from core.errors import short
from service.errors import Changed


def tag_of(*facts: object) -> str:
    """Return the ETag of an answer that is made from these facts, or is one of them."""
    return '"' + hashlib.sha256(repr(facts).encode()).hexdigest()[:32] + '"'


def response(content: str, status: int = 200, headers: dict[str, str] | None = None, tag: str | None = None) -> Response:
    """Answer with a JSON body and its ETag, if need be computed here."""
    return Response(content, status, {"ETag": tag or tag_of(content), **(headers or {})}, media_type="application/json")


def known(tag: str, if_none_match: str | None) -> bool:
    """Return whether the client has this version already; compared weakly, as the header is (RFC 9110, 13.1.2)."""
    return among(tag, if_none_match or "")


def not_modified(headers: dict[str, str], tag: str) -> Response:
    """Answer that what the client has is still so."""
    return Response(status_code=304, headers={**headers, "ETag": tag})


def check(content: str, if_match: str | None) -> None:
    """Raise Changed if a client demands another version than there is; a weak tag never matches."""
    strong = re.sub(r'W/"[^"]*"', "", if_match or "")
    if if_match is not None and not among(present := tag_of(content), strong):
        raise Changed(f"header.if-match is {short(if_match)}, the run has changed since and is {present} now: read it again")


def among(tag: str, given: str) -> bool:
    """Return whether a header names a tag, or any with `*`."""
    return given.strip() == "*" or tag in re.findall(r'"[^"]*"', given)
