"""What a browser may do with an answer of this server."""

import base64
import hashlib
import re

from starlette.datastructures import MutableHeaders

PAGE = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
LAB = f"{PAGE}; script-src 'self'; connect-src 'self'"
DATA = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"  # the style is that of a picture, SVG
INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
SECURITY = [(b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"DENY"), (b"referrer-policy", b"no-referrer")]


def policy_for(page: str) -> str:
    """Return the policy of a page whose scripts are files of this server, and those that stand in it as it is now."""
    scripts = [hashlib.sha256(script.encode()).digest() for script in INLINE.findall(page)]
    hashes = "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in scripts)
    return f"{PAGE}; script-src 'self'{hashes}"


def secure(headers: MutableHeaders) -> None:
    """Add the security headers to those of a response; a page may bring a content policy of its own."""
    if "content-security-policy" not in headers:
        page = headers.get("content-type", "").startswith("text/html")
        headers["Content-Security-Policy"] = PAGE if page else DATA
    headers.raw.extend(SECURITY)
