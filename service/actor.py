"""Who asks: what they may do, and whose things they see."""

from dataclasses import dataclass
from enum import StrEnum

NOBODY = ""
"""The owner of what was made while the server was open. Everybody sees it."""
DELETED = "deleted"
"""The owner of runs that were deleted, until their rows are gone. Nobody sees them; no key has this owner."""


class Permission(StrEnum):
    """What a key may do; each includes those before it."""

    READ = "read"
    """Look, predict, evaluate, generate: whatever changes nothing."""
    TRAIN = "train"
    """Make, change and delete what is one's own."""
    ADMIN = "admin"
    """See and change what is others', and make and delete keys."""


RANK = {permission: rank for rank, permission in enumerate(Permission)}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. `key_id` is None on a server without keys."""

    key_id: str | None
    owner: str
    """Whose things the actor makes, and, beside nobody's, sees."""
    permission: Permission

    @property
    def sees_all(self) -> bool:
        """Whether the things of every owner are seen."""
        return self.permission is Permission.ADMIN

    def may(self, needed: Permission) -> bool:
        """Return whether the actor may do what needs a permission."""
        return RANK[self.permission] >= RANK[needed]


SERVER = Actor(None, NOBODY, Permission.ADMIN)
"""The server itself and its workers; and whoever asks a server that has no key."""
