"""One small read, past SQLAlchemy's machinery: 4 µs where a transaction through it takes 64.

A prediction of one row takes 20 µs of NumPy, and has to know which model answers.
"""

from threading import Lock
from typing import Any

from sqlalchemy import Select

from service.errors import Busy
from service.store.engine import make_peeker
from service.store.faults import Faults


class Peek:
    """A connection of its own and the statements that were compiled for it. Nothing connects before the first read."""

    def __init__(self, url: str, faults: Faults) -> None:
        self._faults = faults
        self._engine = make_peeker(url)
        self._compiled: dict[Select[Any], tuple[str, list[str] | None, dict[str, Any]]] = {}
        self._connection: Any = None
        self._lock = Lock()

    def __call__(self, statement: Select[Any], values: dict[str, int | str]) -> tuple[Any, ...] | None:
        """Return the first row of a statement, or None; `values` are those of its named parameters. Raise Busy."""
        with self._lock:
            sql, order, fixed = self._compiled.get(statement) or self._compile(statement)
            arguments: Any = {**fixed, **values}
            if order is not None:  # parameters by position, as SQLite's driver has them
                arguments = [arguments[name] for name in order]
            try:
                if self._connection is None:
                    self._connection = self._engine.raw_connection()
                # All of them: a statement that is not read to its end would hold on to its snapshot.
                rows: list[tuple[Any, ...]] = self._connection.driver_connection.execute(sql, arguments).fetchall()
            except self._engine.dialect.loaded_dbapi.DatabaseError as error:
                raise self._faults.see(str(error)) or Busy(f"the database cannot be used now: {error}") from error
            return rows[0] if rows else None

    def _compile(self, statement: Select[Any]) -> tuple[str, list[str] | None, dict[str, Any]]:
        compiled = statement.compile(dialect=self._engine.dialect)
        made = str(compiled), compiled.positiontup, dict(compiled.params)
        self._compiled[statement] = made
        return made

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            self._engine.dispose()
