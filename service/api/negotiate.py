"""Which of several formats a client wants (RFC 9110, 12.5.1)."""

import re
from collections.abc import Sequence

from fastapi import HTTPException, Request

VARY = {"Vary": "Accept"}
"""What an answer says whose format `Accept` chose: a cache must not give it to those who ask for another."""
QUALITY = re.compile(r";\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*(?:;|$)", re.IGNORECASE)


def wanted(request: Request, offered: Sequence[str]) -> str:
    """Return the media type that the client likes best, of equal ones the first offered; refuse with 406 if it likes none."""
    given = _accepted(request) or "*/*"
    liked = _liked(given)
    found = {media: _liking(media, liked) for media in offered}
    best = max(offered, key=lambda media: found[media])  # max takes the first of equals
    if not found[best]:
        detail = f"Accept is {given[:200]!r}, this route answers with {', '.join(offered)}"
        raise HTTPException(406, detail, headers=VARY)
    return best


def asked(request: Request, media: str) -> bool:
    """Return whether the client names a media type itself, and does not refuse it (`q=0`)."""
    return any(accepted == media and quality for accepted, quality in _liked(_accepted(request)))


def _accepted(request: Request) -> str:
    return ",".join(request.headers.getlist("accept"))


def _liked(given: str) -> list[tuple[str, float]]:
    return [(part.partition(";")[0].strip().lower(), _quality(part)) for part in given.split(",") if part.strip()]


def _quality(part: str) -> float:
    found = QUALITY.search(part)
    return min(1.0, float(found[1])) if found else 1.0


def _liking(media: str, liked: Sequence[tuple[str, float]]) -> float:
    """Return the quality of the range that names a media type most exactly; 0 if none does."""
    for form in (media, media.partition("/")[0] + "/*", "*/*"):
        qualities = [quality for accepted, quality in liked if accepted == form]
        if qualities:
            return max(qualities)
    return 0.0
