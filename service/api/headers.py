"""Headers: what a browser may do with an answer of this server, and which methods a path has."""

import base64
import hashlib
import re
from collections.abc import Iterable

PAGE = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
LAB = f"{PAGE}; script-src 'self'; connect-src 'self'"
DATA = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"  # the style is that of a picture, SVG
STREAM = b"text/event-stream"
INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
PAGE_POLICY, DATA_POLICY = ((b"content-security-policy", policy.encode()) for policy in (PAGE, DATA))
SECURITY = [(b"x-content-type-options", b"nosniff"), (b"x-frame-options", b"DENY"), (b"referrer-policy", b"no-referrer")]


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """Return the first header of a name, in small letters, among those of a request or a response, as ASGI has them."""
    for known, value in headers:  # 0.4 µs, as a generator 1.1
        if known == name:
            return value
    return None


def allow(methods: Iterable[str]) -> str:
    """Write the header that names the methods of a path; HEAD is answered wherever GET is."""
    named = {method.upper() for method in methods}
    return ", ".join(sorted(named | {"HEAD"} if "GET" in named else named))


def policy_for(page: str) -> str:
    """Return the policy of a page whose scripts are files of this server, and those that stand in it as it is now."""
    scripts = [hashlib.sha256(script.encode()).digest() for script in INLINE.findall(page)]
    hashes = "".join(f" 'sha256-{base64.b64encode(digest).decode()}'" for digest in scripts)
    return f"{PAGE}; script-src 'self'{hashes}"


def secure(headers: list[tuple[bytes, bytes]]) -> None:
    """Add the security headers to those of a response, as ASGI has them; a page may bring a content policy of its own."""
    if header(headers, b"content-security-policy") is None:
        page = (header(headers, b"content-type") or b"").startswith(b"text/html")
        headers.append(PAGE_POLICY if page else DATA_POLICY)
    headers.extend(SECURITY)
