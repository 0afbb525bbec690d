"""/v1/runs/{id}/…: stop a run for a while, and make a new run out of one."""

from typing import Any

from fastapi import APIRouter, Response

from service.api.deps import RunId, Server
from service.api.responses import RunOut
from service.api.schemas import ExtendRequest, ForkRequest
from service.api.waiting import FINISHED, Making
from service.domain import RunStatus
from service.runs import control
from service.runs.extend import extend
from service.runs.fork import fork
from service.runs.verify import verify

router = APIRouter(prefix="/v1/runs/{run_id}", tags=["runs"])


@router.post("/pause", responses={202: {"model": RunOut, "description": "its worker has been asked to pause"}})
def pause_run(run_id: RunId, response: Response, server: Server) -> RunOut:
    """Stop a run for a while: 200 if it is paused, 202 if its worker has been asked to; it keeps a checkpoint."""
    run = control.pause(server.database, run_id)
    response.status_code = 200 if run.status is RunStatus.PAUSED else 202
    return server.shown(run)[0]


@router.post("/resume", status_code=202)
def resume_run(run_id: RunId, server: Server) -> RunOut:
    """Queue a paused run, to go on from its checkpoint; the bits are those of a run that was never paused."""
    run = control.resume(server.database, run_id)
    server.dispatcher.wake()
    return server.shown(run)[0]


@router.post("/extend", status_code=202, response_model=RunOut, responses=FINISHED)
async def extend_run(run_id: RunId, body: ExtendRequest, server: Server, making: Making) -> Any:
    """Train a run that has ended or is paused for more steps: a new run, which begins at its last checkpoint.

    The new run has the points of its parent; with a constant learning rate it ends like one run of so many steps.
    With `Prefer: wait=N`, 201 and the new run if it has ended within N seconds.
    """
    return await making.answer(lambda also: extend(server.database, server.settings, run_id, body.steps, body.name, also))


@router.post("/fork", status_code=202, response_model=RunOut, responses=FINISHED)
async def fork_run(run_id: RunId, body: ForkRequest, server: Server, making: Making) -> Any:
    """Make a new run that begins with the parameters of a checkpoint and goes on with another spec.

    With `Prefer: wait=N`, 201 and the new run if it has ended within N seconds.
    """
    return await making.answer(lambda also: fork(server.database, server.settings, run_id, body.to_request(), also))


@router.post("/verify", status_code=202, response_model=RunOut, responses=FINISHED)
async def verify_run(run_id: RunId, server: Server, making: Making) -> Any:
    """Train a run again: a new run of the same spec, whose `verified` says in the end whether the weights are the same.

    With `Prefer: wait=N`, 201 and the new run if it has ended within N seconds.
    """
    return await making.answer(lambda also: verify(server.database, server.settings, run_id, also))
