"""/v1/runs/{id}/…: stop a run for a while, and make a new run out of one."""

from typing import Any

from fastapi import APIRouter, Response

from service.api.deps import RunId, Server
from service.api.once import Once
from service.api.responses import RunOut
from service.api.schemas import ExtendRequest, ForkRequest
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


@router.post("/extend", status_code=202, response_model=RunOut)
def extend_run(run_id: RunId, body: ExtendRequest, server: Server, once: Once) -> Any:
    """Train a run that has ended or is paused for more steps: a new run, which begins at its last checkpoint.

    The new run has the points of its parent; with a constant learning rate it ends like one run of so many steps.
    """
    database, settings = server.database, server.settings
    answer = once.answer(lambda also: extend(database, settings, run_id, body.steps, body.name, also), server.created)
    server.dispatcher.wake()
    return answer


@router.post("/fork", status_code=202, response_model=RunOut)
def fork_run(run_id: RunId, body: ForkRequest, server: Server, once: Once) -> Any:
    """Make a new run that begins with the parameters of a checkpoint and goes on with another spec."""
    request = body.to_request()
    answer = once.answer(lambda also: fork(server.database, server.settings, run_id, request, also), server.created)
    server.dispatcher.wake()
    return answer


@router.post("/verify", status_code=202, response_model=RunOut)
def verify_run(run_id: RunId, server: Server, once: Once) -> Any:
    """Train a run again: a new run of the same spec, whose `verified` says in the end whether the weights are the same."""
    answer = once.answer(lambda also: verify(server.database, server.settings, run_id, also), server.created)
    server.dispatcher.wake()
    return answer
