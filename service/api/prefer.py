"""What a client would like: `Prefer: wait=N` (RFC 7240)."""

import re
from typing import Annotated

from fastapi import Depends, Header

from service.api.deps import Server

WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9})\"?", re.IGNORECASE)


async def _wait(
    server: Server,
    prefer: Annotated[
        list[str] | None, Header(description="`wait=N`: wait up to N seconds, and no longer than the server allows")
    ] = None,
) -> int:
    """Return the seconds to wait, 0 if it is not wished for; what is not understood is ignored, as the RFC has it."""
    wishes = [wish.strip() for line in prefer or () for wish in re.split("[,;]", line)]
    asked = next((int(found[1]) for wish in wishes if (found := WAIT.fullmatch(wish))), 0)
    return min(asked, server.settings.max_wait_seconds)


Wait = Annotated[int, Depends(_wait)]


def applied(seconds: int) -> dict[str, str]:
    """Tell that the wish was fulfilled, and how long the server would wait."""
    return {"Preference-Applied": f"wait={seconds}"} if seconds else {}
