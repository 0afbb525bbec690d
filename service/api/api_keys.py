"""/v1/api-keys: who may ask this server, and for what. Needs the scope admin, once there is a key."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, FailFast, Field

from service.actor import Permission
from service.api.deps import After, Limit, Order, Server
from service.api.from_spec import Strict
from service.api.lists import paged
from service.api.responses import Page
from service.api.schemas import Name
from service.api.words import Moment
from service.domain import now
from service.errors import FieldProblem, InvalidInput
from service.runs import api_keys
from service.runs.api_keys import KeyRequest
from service.store.api_keys import ApiKey

router = APIRouter(prefix="/v1/api-keys", tags=["keys"])

KeyId = Annotated[str, Path(max_length=60, pattern="^key_[0-9a-z]+$", description="id of a key")]
TEN_YEARS = 315_360_000


class KeyCreate(Strict):
    """A key to make."""

    model_config = ConfigDict(
        json_schema_extra={"not": {"required": ["expires_at", "expires_in"]}},
    )

    name: Name
    scopes: Annotated[
        list[Annotated[Permission, Field(strict=False)]],
        FailFast(),
        Field(min_length=1, max_length=3, description="train includes read, admin includes both"),
    ]
    expires_at: Annotated[Moment | None, Field(description="when it ends, with its zone")] = None
    expires_in: Annotated[int | None, Field(ge=1, le=TEN_YEARS, description="the same in seconds from now")] = None
    owner: Annotated[
        str | None,
        Field(max_length=60, pattern="^key_[0-9a-z]+$", description="whose things it sees and makes; default: its own alone"),
    ] = None
    claim: Annotated[bool, Field(description="give it all that is nobody's: what was made before there were keys")] = False


class KeyOut(BaseModel):
    """A key, without its secret."""

    object: Literal["api_key"] = "api_key"
    id: str
    name: str
    owner: Annotated[str, Field(description="whose things it sees and makes")]
    scopes: list[Permission]
    prefix: Annotated[str, Field(description="the beginning of the secret")]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: Annotated[datetime | None, Field(description="to the minute")]
    links: dict[str, str]


class KeyMade(KeyOut):
    """A key that was made, with its secret, which is shown this once."""

    secret: Annotated[str, Field(description="send it as `Authorization: Bearer …`; it is kept nowhere")]


class KeyList(Page[KeyOut]):
    """A page of keys."""


@router.post("", status_code=201)
def create_key(body: KeyCreate, response: Response, server: Server) -> KeyMade:
    """Make a key and show its secret, this once. From the first key on, every request needs one."""
    expires_at = body.expires_at
    if body.expires_in is not None:
        if expires_at is not None:
            raise InvalidInput(FieldProblem(("expires_in",), "expires_in came with expires_at, expected one of them"))
        expires_at = now() + timedelta(seconds=body.expires_in)
    asked = KeyRequest(name=body.name, scopes=body.scopes, expires_at=expires_at, owner=body.owner, claim=body.claim)
    key, secret = api_keys.create(server.database, asked)
    server.keyring.look()
    response.headers["Location"] = f"/v1/api-keys/{key.id}"
    response.headers["Cache-Control"] = "no-store"
    return KeyMade(**_fields(key), secret=secret)


@router.get("", response_model=KeyList)
def list_keys(
    request: Request, response: Response, server: Server, after: After = None, limit: Limit = 20, order: Order = "desc"
) -> dict[str, Any]:
    """List the keys, the newest first."""
    found = api_keys.page(server.database, after=after, limit=limit + 1, newest_first=order == "desc")
    return paged(request, response, [KeyOut(**_fields(key)) for key in found], limit)


@router.get("/{key_id}")
def get_key(key_id: KeyId, server: Server) -> KeyOut:
    """Return a key without its secret."""
    return KeyOut(**_fields(api_keys.get(server.database, key_id)))


@router.delete("/{key_id}", status_code=204)
def delete_key(key_id: KeyId, server: Server) -> None:
    """Delete a key: its next request is refused, its streams end within a second. What belongs to it stays."""
    api_keys.delete(server.database, key_id, last=False)


def _fields(key: ApiKey) -> dict[str, Any]:
    scopes = [Permission(scope) for scope in key.scopes]
    return {**vars(key), "scopes": scopes, "links": {"self": f"/v1/api-keys/{key.id}"}}
