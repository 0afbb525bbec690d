"""/v1/runs/{id}/…: stop a run for a while, and make a new run out of one."""

from fastapi import APIRouter, Response

from service.api.deps import Parts, RunId, Server
from service.api.responses import RunOut
from service.api.schemas import ExtendRequest, ForkRequest
from service.api.views import run_out
from service.domain import Run, RunStatus
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
    return run_out(run)


@router.post("/resume", status_code=202)
def resume_run(run_id: RunId, server: Server) -> RunOut:
    """Queue a paused run, to go on from its checkpoint; the bits are those of a run that was never paused."""
    run = control.resume(server.database, run_id)
    server.dispatcher.wake()
    return run_out(run)


@router.post("/extend", status_code=202)
def extend_run(run_id: RunId, body: ExtendRequest, response: Response, server: Server) -> RunOut:
    """Train a run that has ended or is paused for more steps: a new run, which begins at its last checkpoint.

    The new run has the points of its parent; with a constant learning rate it ends like one run of so many steps.
    """
    return _created(extend(server.database, server.settings, run_id, body.steps, body.name), response, server)


@router.post("/fork", status_code=202)
def fork_run(run_id: RunId, body: ForkRequest, response: Response, server: Server) -> RunOut:
    """Make a new run that begins with the parameters of a checkpoint and goes on with another spec."""
    return _created(fork(server.database, server.settings, run_id, body.to_request()), response, server)


@router.post("/verify", status_code=202)
def verify_run(run_id: RunId, response: Response, server: Server) -> RunOut:
    """Train a run again: a new run of the same spec, whose `verified` says in the end whether the weights are the same."""
    return _created(verify(server.database, server.settings, run_id), response, server)


def _created(run: Run, response: Response, server: Parts) -> RunOut:
    server.dispatcher.wake()
    response.headers["Location"] = f"/v1/runs/{run.id}"
    response.headers["Retry-After"] = "1"
    return run_out(run)
