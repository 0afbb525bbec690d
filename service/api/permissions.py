"""What each route needs. What is not told here looks if it is a GET, and changes something if it is not."""

from service.actor import Permission

PUBLIC = frozenset({"/", "/healthz", "/readyz", "/openapi.json", "/docs"})
"""What needs no key. The page and the description of the API are the same on every server of this version, and tell nothing
of its data."""
PUBLIC_FILES = ("/docs/", "/web/")
KEYS = "/v1/api-keys"
ASKING = frozenset({"predict", "evaluate", "generate", "validate", "preview", "infer", "search", "index"})
"""Last step of the path of those POSTs that change nothing."""


def is_public(path: str) -> bool:
    """Return whether a path needs no key."""
    return path in PUBLIC or path.startswith(PUBLIC_FILES)


def needed(method: str, path: str) -> Permission:
    """Return what a request needs."""
    if path == KEYS or path.startswith(f"{KEYS}/"):
        return Permission.ADMIN
    if method == "GET" or (method == "POST" and path.rpartition("/")[2] in ASKING):
        return Permission.READ
    return Permission.TRAIN
