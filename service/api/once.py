"""`Idempotency-Key`: a POST that makes something makes it once, however often it is sent."""

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response

from service.api.deps import Parts, Server, Shown
from service.runs.once import digest
from service.store.keys import Answer
from service.store.unit import Also, Transaction

T = TypeVar("T")


class OnceOnly:
    """A request that makes something, with its idempotency key if it has one."""

    def __init__(self, server: Parts, key: str | None, request: str) -> None:
        self._server, self._key, self._request = server, key, request

    def answer(self, make: Callable[[Also[T]], object], show: Callable[[Transaction, T], Shown]) -> Response:
        """Make something and answer; or give the answer that was given before, and say so."""

        def answer(db: Transaction, made: T) -> Answer:
            status, location, body = show(db, made)
            return Answer(request=self._request, status=status, location=location, body=body.model_dump_json())

        if self._key is not None:
            return _response(*self._server.keys.once(self._server.database, self._key, self._request, make, answer))
        given: list[Answer] = []
        make(lambda db, made: given.append(answer(db, made)))
        return _response(given[-1], replayed=False)


def _response(answer: Answer, replayed: bool) -> Response:  # noqa: FBT001 (as it comes)
    headers = {"Location": answer.location}
    if answer.status == 202:
        headers["Retry-After"] = "1"
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(answer.body, answer.status, headers, media_type="application/json")


async def _once(
    request: Request,
    server: Server,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            pattern=r"^[\x20-\x7e]+$",
            description="your name for this one request: sent again, it is answered as before, and nothing is made twice",
        ),
    ] = None,
) -> OnceOnly:
    if idempotency_key is None:
        return OnceOnly(server, None, "")
    url = f"{request.url.path}?{request.url.query}"
    return OnceOnly(server, idempotency_key, digest(request.method.encode(), url.encode(), await request.body()))


Once = Annotated[OnceOnly, Depends(_once)]
