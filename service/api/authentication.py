"""Who asks, and whether they may: in front of every route, whatever protocol it belongs to."""

import base64
import binascii
import logging

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.actor import SERVER, Actor
from service.api.errors import status_of
from service.api.headers import header
from service.api.permissions import is_public, needed
from service.api.rates import Rates
from service.api.refusals import Protocols, refusal
from service.errors import Busy, MissingScope, ServiceError, TooManyRequests, Unauthenticated
from service.runs.api_keys import Keyring

log = logging.getLogger(__name__)

CHALLENGE = {"WWW-Authenticate": "Bearer"}
LONGEST = 1000  # bytes of a header


class Authenticate:
    """Puts the `actor` into the scope of each request, or refuses it. A route without an actor gives nobody any data.

    It costs 2 µs on a server without keys and 17 with one among 50, hash and read included; twice that on a busy machine.
    """

    def __init__(self, app: ASGIApp, per_minute: int | None, protocols: Protocols) -> None:
        """Wrap an application."""
        self._app, self._rates, self._protocols = app, Rates(per_minute), protocols

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may be done."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if is_public(scope["path"]):
            scope["actor"] = SERVER
            await self._app(scope, receive, send)
            return
        keyring: Keyring = scope["app"].state.parts.keyring
        try:
            actor = scope["actor"] = self._let_in(keyring, scope)
        except ServiceError as error:
            await self._refusal(scope, error)(scope, receive, send)
            return
        await self._app(scope, receive, send)
        if keyring.is_due(actor):  # after the answer, which does not wait for it
            await run_in_threadpool(_note_used, keyring, actor)

    def _let_in(self, keyring: Keyring, scope: Scope) -> Actor:
        try:
            actor = keyring.actor(secret_of(scope))
        except Unauthenticated:
            self._rates.take(_address(scope))
            raise
        self._rates.take(actor.key_id or _address(scope))
        scope["key_id"] = actor.key_id
        needs = needed(scope["method"], scope["path"])
        if not actor.may(needs):
            raise MissingScope(f"this needs a key with the scope {needs}, the key {actor.key_id} has {actor.permission}")
        return actor

    def _refusal(self, scope: Scope, error: ServiceError) -> Response:
        status, detail = status_of(error), str(error)
        headers = CHALLENGE if status == 401 else {}
        if isinstance(error, TooManyRequests):
            headers = {"Retry-After": str(error.seconds)}
        return refusal(self._protocols, scope, status, detail, error.code, headers)


def secret_of(scope: Scope) -> str | None:
    """Return the secret that came: as a Bearer token, or as the password of Basic, as the client of MLflow can send it."""
    given = header(scope["headers"], b"authorization")
    if given is None or len(given) > LONGEST:
        return None
    kind, _, value = given.partition(b" ")
    match kind.lower():
        case b"bearer":
            return str(value.strip().decode("latin-1"))
        case b"basic":
            try:
                return base64.b64decode(value, validate=True).partition(b":")[2].decode("latin-1")
            except binascii.Error:
                return ""
        case _:
            return ""


def _address(scope: Scope) -> str:
    return str((scope.get("client") or ("",))[0])


def _note_used(keyring: Keyring, actor: Actor) -> None:
    try:
        keyring.note_used(actor)
    except Busy as error:
        log.warning("cannot note that the key %s was used: %s", actor.key_id, error)
