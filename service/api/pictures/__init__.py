"""Small pictures as SVG: curves, points and the regions under them. They hold no script and load nothing."""

from typing import Any

SVG = "image/svg+xml"
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
"""Of a picture that is opened by itself: it may not do anything, whatever is in it."""
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {SVG: {"schema": {"type": "string"}}}, "description": "the picture"},
}
