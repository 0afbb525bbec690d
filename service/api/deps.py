"""What routers are given."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Query, Request

from service.executors.dispatcher import Dispatcher
from service.runs.predict import ModelCache
from service.settings import Settings
from service.store.unit import Database


@dataclass(frozen=True)
class Parts:
    """The parts of a running server, made in `service/app.py`."""

    settings: Settings
    database: Database
    dispatcher: Dispatcher
    models: ModelCache


async def _parts(request: Request) -> Parts:  # a plain function would cost each request a trip to a thread
    parts: Parts = request.app.state.parts
    return parts


ID = "^[0-9a-z_]+$"
Server = Annotated[Parts, Depends(_parts)]
RunId = Annotated[str, Path(max_length=60, pattern="^run_[0-9a-z]+$", description="id of a run")]
DatasetId = Annotated[str, Path(max_length=60, pattern="^ds_[0-9a-z]+$", description="id of a dataset")]
After = Annotated[str | None, Query(max_length=60, pattern=ID, description="id of the last object of the page before")]
Limit = Annotated[int, Query(ge=1, le=1000, description="objects on a page")]
Order = Annotated[str, Query(pattern="^(asc|desc)$", description="`desc`: the newest first")]
