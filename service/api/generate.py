"""/v1/runs/{id}/generate: text as a whole, or character by character as server-sent events."""

import json
import time
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, format_sse_event

from service.api.answers import GenerateOut
from service.api.deps import Parts, RunId, Server
from service.api.events import KEY_SECONDS
from service.api.large import few
from service.api.negotiate import asked
from service.api.schemas import GenerateRequest
from service.domain import Checkpoint
from service.runs.generate import Wish
from service.runs.generate import generate as write

router = APIRouter(prefix="/v1/runs/{run_id}", tags=["models"])

STREAM = "text/event-stream"
LONGEST_WAIT_SECONDS = 0.02
EVENTS = {
    "schema": {"type": "string"},
    "example": 'event: character\ndata: {"text": "T"}\n\nevent: done\ndata: {"object": "generation", …, "text": "The …"}\n\n',
}


@router.post("/generate", response_model=GenerateOut, responses={200: {"content": {STREAM: EVENTS}}}, dependencies=[few()])
def generate(run_id: RunId, body: GenerateRequest, request: Request, server: Server) -> Any:
    """Write text with a char_rnn. With `Accept: text/event-stream` each character comes as an event, then the whole."""
    wish = body.model_dump(exclude={"checkpoint"})
    checkpoint, characters = write(server.database, server.models, run_id, Wish(**wish), body.checkpoint)
    if asked(request, STREAM):
        return _stream(server, run_id, checkpoint, wish, characters)
    return _whole(run_id, checkpoint, wish, "".join(characters))


def _whole(run_id: str, checkpoint: Checkpoint, wish: dict[str, Any], text: str) -> GenerateOut:
    return GenerateOut(run=run_id, checkpoint=checkpoint.id, step=checkpoint.step, text=text, **wish)


def _stream(server: Parts, run_id: str, checkpoint: Checkpoint, wish: dict[str, Any], characters: Iterator[str]) -> Response:
    """Send events while they are made: Starlette takes them in a thread, and no more when the client has gone."""

    def events() -> Iterator[bytes]:
        text, due, look = "", 0.0, time.monotonic() + KEY_SECONDS
        ready = b""
        for character in characters:
            text += character
            ready += format_sse_event(event="character", data_str=json.dumps({"text": character}))
            # Those of a moment go together: 10,000 characters took 5.4 s one by one, 0.7 s so.
            if time.monotonic() >= due:
                yield ready
                ready, due = b"", time.monotonic() + LONGEST_WAIT_SECONDS
                if due > look:
                    if not server.keyring.permits(server.actor):  # deleted or expired since
                        yield format_sse_event(event="end", data_str=json.dumps({"reason": "key_revoked"}))
                        return
                    look = due + KEY_SECONDS
        whole = _whole(run_id, checkpoint, wish, text).model_dump()
        yield ready + format_sse_event(event="done", data_str=json.dumps(whole))

    return EventSourceResponse(events(), headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
