"""Calls as httpx sends them, and its answers and exceptions as the client's own."""

import os
from ipaddress import ip_address
from typing import Any, TypedDict

import httpx

from service.client.calls import Call
from service.client.errors import APIConnectionError, APIError, APITimeoutError
from service.client.flows import Reply

LONGEST_HOLD_SECONDS = 20
DEFAULT_URL = "http://127.0.0.1:8000"
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


class Options(TypedDict):
    """How an httpx client of our own is made."""

    timeout: float
    trust_env: bool
    headers: dict[str, str]


def address(base_url: str | None, http: httpx.Client | httpx.AsyncClient | None) -> str:
    """Return the address of the server: as given, of the given httpx client, of POSTGRAD_URL, or the default."""
    theirs = str(http.base_url) if http is not None else ""
    url = (base_url or theirs or os.environ.get("POSTGRAD_URL") or DEFAULT_URL).rstrip("/")
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise APIError(f"{url!r} is not the address of a server, expected something like {DEFAULT_URL}")
    return url


def options(base_url: str, timeout: float, api_key: str | None) -> Options:
    """Return the options of an httpx client of our own; a server on this machine is never asked through a proxy."""
    headers = {"User-Agent": "postgrad-client", **authorization(api_key or os.environ.get("POSTGRAD_API_KEY"))}
    return {"timeout": timeout, "trust_env": not _on_this_machine(base_url), "headers": headers}


def authorization(api_key: str | None) -> dict[str, str]:
    """Return the header that an API key is sent in."""
    if api_key is None or not api_key.strip():
        return {}
    if not api_key.strip().isascii() or not api_key.strip().isprintable():
        raise APIError("the API key has characters that no key has")  # httpx would quote it
    return {"Authorization": f"Bearer {api_key.strip()}"}


def _on_this_machine(base_url: str) -> bool:
    host = httpx.URL(base_url).host
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def arguments(base_url: str, call: Call[Any]) -> dict[str, Any]:
    """Return the arguments of `httpx.Client.request`."""
    made: dict[str, Any] = {"method": call.method, "url": base_url + call.path, "params": call.params}
    made["headers"] = {"Accept": call.accept, **call.headers}
    if call.upload is not None:
        made["data"] = call.upload.fields
        made["files"] = {"file": (call.upload.filename, call.upload.content)}
    elif call.body is not None:
        made["json"] = call.body
    return made


def longest_hold(http: httpx.Client | httpx.AsyncClient) -> int:
    """Return the seconds that the server may hold an answer back before the connection counts as broken; some are kept."""
    return LONGEST_HOLD_SECONDS if http.timeout.read is None else min(LONGEST_HOLD_SECONDS, int(http.timeout.read / 2))


def reply_of(response: httpx.Response, *, whole: bool = True) -> Reply:
    """Take over a response; of one that was read as a stream there is no content left."""
    return Reply(response.status_code, response.headers, response.content if whole else b"")


def failure_of(error: httpx.HTTPError, base_url: str) -> APIConnectionError:
    """Take over an exception, and say whether the server may have received the request."""
    sent = not isinstance(error, NOT_SENT)
    if isinstance(error, httpx.TimeoutException):
        what = "did not answer in time" if sent else "could not be reached in time"
        return APITimeoutError(f"{base_url} {what}", sent=sent)
    what = "broke the connection" if sent else "cannot be reached"
    return APIConnectionError(f"{base_url} {what}: {error}", sent=sent)
