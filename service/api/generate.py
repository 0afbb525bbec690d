"""/v1/runs/{id}/generate: text as a whole, or character by character as server-sent events."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.sse import format_sse_event
from starlette.concurrency import run_in_threadpool

from core.errors import Interrupted
from service.api.answers import GenerateOut
from service.api.deps import Parts, RunId, Server
from service.api.events import Seated
from service.api.large import Client, turn_of
from service.api.negotiate import asked
from service.api.schemas import GenerateRequest
from service.domain import Checkpoint
from service.errors import Busy
from service.runs.generate import Wish
from service.runs.generate import generate as write

router = APIRouter(prefix="/v1/runs/{run_id}", tags=["models"])

STREAM = "text/event-stream"
SLICE_SECONDS = 0.02
"""Characters of this time go together: 10,000 took 5.4 s one by one, 0.7 s so. Each slice has its own turn."""
EVENTS = {
    "schema": {"type": "string"},
    "example": 'event: character\ndata: {"text": "T"}\n\nevent: done\ndata: {"object": "generation", …, "text": "The …"}\n\n',
}


@router.post("/generate", response_model=GenerateOut, responses={200: {"content": {STREAM: EVENTS}}})
async def generate(run_id: RunId, body: GenerateRequest, request: Request, server: Server) -> Any:
    """Write text with a char_rnn. With `Accept: text/event-stream` each character comes as an event, then the whole."""
    wish = body.model_dump(exclude={"checkpoint"})
    begin = partial(write, server.database, server.models, run_id, Wish(**wish), body.checkpoint)
    if asked(request, STREAM):
        client = Client(request)
        checkpoint, characters = await run_in_threadpool(begin, client.patience)
        seat = server.watch.seat(server.actor.owner)
        seat.__enter__()  # before the answer begins: there is no 429 later
        return Seated(_events(server, _whole(checkpoint, wish, ""), characters, client), seat)
    async with turn_of(request, server.text_turns) as patience:
        checkpoint, characters = await run_in_threadpool(begin, patience)
        return _whole(checkpoint, wish, await run_in_threadpool("".join, characters))


def _whole(checkpoint: Checkpoint, wish: dict[str, Any], text: str) -> GenerateOut:
    return GenerateOut(run=checkpoint.run_id, checkpoint=checkpoint.id, step=checkpoint.step, text=text, **wish)


async def _events(server: Parts, whole: GenerateOut, characters: Iterator[str], client: Client) -> AsyncIterator[bytes]:
    """Send characters while they are made, for as long as the client is there and its key is valid."""
    text, owner = "", server.actor.owner
    async with client.watched() as gone:
        while server.keyring.permits(server.actor):  # it may be deleted, or expire
            try:
                async with server.text_turns.turn(owner, gone):
                    found, at_end = await run_in_threadpool(_slice, characters)
            except (Busy, Interrupted):  # the client has gone
                return
            text += found
            yield b"".join(format_sse_event(event="character", data_str=json.dumps({"text": one})) for one in found)
            if at_end:
                yield format_sse_event(event="done", data_str=json.dumps(whole.model_dump() | {"text": text}))
                return
        yield format_sse_event(event="end", data_str=json.dumps({"reason": "key_revoked"}))


def _slice(characters: Iterator[str]) -> tuple[str, bool]:
    """Return the characters of the next moment, none while the prompt is read; and whether there are no more."""
    found: list[str] = []
    until = time.monotonic() + SLICE_SECONDS
    for character in characters:
        found.append(character)
        if time.monotonic() >= until:
            return "".join(found), False
    return "".join(found), True
