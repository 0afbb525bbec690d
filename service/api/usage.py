"""/v1/usage: what the asker stores, and may."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from service.api.deps import Server
from service.runs.usage import Used, look

router = APIRouter(prefix="/v1/usage", tags=["system"])


class UsedOut(BaseModel):
    """A number of things, their bytes, and the most of both."""

    count: int
    bytes: Annotated[int | None, Field(description="null where no bytes are counted")]
    max_count: Annotated[int | None, Field(description="null: no limit")]
    max_bytes: Annotated[int | None, Field(description="null: no limit")]


class ServerUsageOut(BaseModel):
    """What all owners store together."""

    datasets: UsedOut
    runs: Annotated[UsedOut, Field(description="all, those that have ended too; bytes of specs and tags")]
    queued_runs: UsedOut
    running_runs: UsedOut
    points: Annotated[UsedOut, Field(description="metric points of all runs")]
    checkpoints: UsedOut
    answers: Annotated[UsedOut, Field(description="answers kept for idempotency keys")]
    api_keys: UsedOut


class UsageOut(ServerUsageOut):
    """What the asker's owner stores; for an admin also what all owners do together."""

    object: Literal["usage"] = "usage"
    owner: Annotated[str, Field(description="empty: of nobody, as on a server without keys")]
    server: ServerUsageOut | None


@router.get("")
def usage(server: Server) -> UsageOut:
    """Tell how much the asker stores, and how much they may; to an admin, the same of the whole server."""
    told = look(server.database, server.settings)
    return UsageOut(
        owner=told.owner, server=None if told.server is None else ServerUsageOut(**_out(told.server)), **_out(told.own)
    )


def _out(used: dict[str, Used]) -> dict[str, UsedOut]:
    return {name: UsedOut(**vars(one)) for name, one in used.items()}
