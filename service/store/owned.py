"""Whose things a transaction sees. Every query of runs, datasets, models and kept answers asks here.

A transaction knows on whose behalf it is, from the `Database` that began it. Routers only ever get a database that was made
for who asks (`service/api/deps.py`), so there is no other way for them to look.
"""

from sqlalchemy import ColumnElement, Connection, Table, case

from service.actor import DELETED, NOBODY, SERVER, Actor

ACTOR = "postgrad_actor"


def actor_of(db: Connection) -> Actor:
    """Return on whose behalf a transaction is."""
    actor: Actor = db.get_execution_options().get(ACTOR, SERVER)
    return actor


def owner_of(db: Connection) -> str:
    """Return the owner of what is made in a transaction."""
    return actor_of(db).owner


def visible(db: Connection, table: Table) -> ColumnElement[bool]:
    """Return the condition for rows that may be seen: one's own and nobody's; for the scope admin, all.

    What was deleted is seen by nobody.
    """
    return table.c.owner != DELETED if actor_of(db).sees_all else mine(db, table)


def sees(db: Connection, owner: str) -> bool:
    """Return the same of a row that was read: whether what belongs to an owner may be seen."""
    actor = actor_of(db)
    return (actor.sees_all and owner != DELETED) or owner in (NOBODY, actor.owner)


def mine(db: Connection, table: Table) -> ColumnElement[bool]:
    """Return the condition for rows that are one's own or nobody's."""
    return table.c.owner.in_({NOBODY, owner_of(db)})


def nearest(db: Connection, table: Table) -> ColumnElement[int]:
    """Return by what rows of the same name are ordered: one's own, nobody's, others'."""
    return case((table.c.owner == owner_of(db), 0), (table.c.owner == NOBODY, 1), else_=2)
