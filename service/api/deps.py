"""What routers are given."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import BaseModel

from service.actor import SERVER, Actor
from service.api.responses import RunOut
from service.api.shared import SharedReads
from service.api.turns import Turns
from service.api.views import runs_out
from service.domain import Run
from service.executors.line import Placing
from service.runs.api_keys import Keyring
from service.runs.kept_curves import CurveCache
from service.runs.once import Keys
from service.runs.predict import ModelCache
from service.runs.watch import Watch
from service.settings import Settings
from service.store.unit import Database, Transaction

Shown = tuple[int, str, BaseModel]
"""Status, location and body of an answer."""


@dataclass(frozen=True)
class Parts:
    """The parts of a running server, made in `service/app.py`; `database` shows what `actor` may see."""

    settings: Settings
    database: Database
    dispatcher: Placing
    models: ModelCache
    curves: CurveCache
    watch: Watch
    keys: Keys
    shared: SharedReads
    keyring: Keyring
    turns: Turns
    text_turns: Turns
    actor: Actor = SERVER

    def shown(self, *runs: Run) -> list[RunOut]:
        """Show runs, those that wait with their place in the queue."""
        return self.database.read(lambda db: runs_out(db, runs, self.settings.workers))

    def created(self, db: Transaction, run: Run) -> Shown:
        """Answer that a run was stored, in the transaction that stores it."""
        return 202, f"/v1/runs/{run.id}", runs_out(db, [run], self.settings.workers)[0]


async def _parts(request: Request) -> Parts:  # a plain function would cost each request a trip to a thread
    return parts_of(request)


def parts_of(request: Request) -> Parts:
    """Return the parts of the server, with the database as who asks sees it."""
    parts: Parts = request.app.state.parts
    actor: Actor = request.scope["actor"]
    return parts if actor is SERVER else replace(parts, actor=actor, database=parts.database.seen_by(actor))


ID = "^[0-9a-z_]+$"
Server = Annotated[Parts, Depends(_parts)]
RunId = Annotated[str, Path(max_length=60, pattern="^run_[0-9a-z]+$", description="id of a run")]
DatasetId = Annotated[str, Path(max_length=60, pattern="^ds_[0-9a-z]+$", description="id of a dataset")]
After = Annotated[str | None, Query(max_length=60, pattern=ID, description="id of the last object of the page before")]
Limit = Annotated[int, Query(ge=1, le=1000, description="objects on a page")]
Order = Annotated[str, Query(pattern="^(asc|desc)$", description="`desc`: the newest first")]
