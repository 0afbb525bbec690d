"""/: the Lab, a page that is only a client of the other routes, and its files."""

import asyncio
import gzip
from collections.abc import Callable
from functools import cache
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from starlette.concurrency import run_in_threadpool

from service.api import etags
from service.api.errors import problem
from service.api.headers import LAB
from service.api.pieces import InPieces

router = APIRouter(include_in_schema=False)

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
PAGE = "index.html"
PLOTLY = "plotly/package_data/plotly.min.js"
FOREVER = "public, max-age=31536000, immutable"  # its version is in its address
FIRST_VIEW_SECONDS = 1.0  # what it shows first is not held up
Known = Annotated[str | None, Header(alias="if-none-match")]


@cache
def web_files() -> dict[str, Path]:
    """Return the files of the page by the names that they are asked for; no name that a client sends becomes a path."""
    folder = Path(str(files("service") / "web"))
    return {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.suffix in TYPES}


@cache
def page() -> bytes:
    """Return the page; it names the version of plotly.js that there is."""
    text = (files("service") / "web" / PAGE).read_text("utf-8")
    return text.replace("@PLOTLY@", distribution("plotly").version).encode()


@cache
def plotly() -> bytes:
    """Return plotly.js of the installed package. The package itself is not imported, which would take a second."""
    return Path(str(distribution("plotly").locate_file(PLOTLY))).read_bytes()


@cache
def plotly_gzip() -> bytes:
    """Return plotly.js compressed: 1.5 MB instead of 4.8."""
    return gzip.compress(plotly(), 6, mtime=0)


_making: dict[Callable[[], bytes], "asyncio.Task[bytes]"] = {}


async def _made(make: Callable[[], bytes]) -> bytes:
    """Return what is kept after it was made: once, however many are the first to ask for it."""
    if (task := _making.get(make)) is None:
        task = _making[make] = asyncio.create_task(run_in_threadpool(make))
        task.add_done_callback(lambda _: _making.pop(make))
    return await asyncio.shield(task)


@router.get("/")
async def lab(request: Request, known: Known = None) -> Response:
    """Show the Lab. The document that its forms are made from, 0.2 s once, is made before somebody comes to them."""
    loop, app = asyncio.get_running_loop(), request.app
    loop.call_later(FIRST_VIEW_SECONDS, loop.run_in_executor, None, app.openapi)
    return _checked(page(), "text/html", known, {"Content-Security-Policy": LAB})


@router.get("/web/plotly/{version}/plotly.min.js")
async def plotly_file(version: str, request: Request) -> Response:
    """Serve plotly.js, compressed for those who can take it."""
    if version != distribution("plotly").version:
        return problem(request, 404, f"there is no route {request.url.path}")
    headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return InPieces(await _made(plotly_gzip), {**headers, "Content-Encoding": "gzip"}, "text/javascript")
    return InPieces(await _made(plotly), headers, "text/javascript")


@router.get("/web/{path:path}")
def web_file(path: str, request: Request, known: Known = None) -> Response:
    """Serve a file of the page."""
    found = web_files().get(path)
    if found is None:
        return problem(request, 404, f"there is no route {request.url.path}")
    return _checked(found.read_bytes(), TYPES[found.suffix], known, {})


def _checked(content: bytes, media: str, known: str | None, headers: dict[str, str]) -> Response:
    """Answer with a file that a browser asks for again each time, so that an upgrade shows at once."""
    tag = etags.tag_of(content)
    headers = {**headers, "Cache-Control": "no-cache"}
    if etags.known(tag, known):
        return etags.not_modified(headers, tag)
    return Response(content, 200, {**headers, "ETag": tag}, media_type=media)
