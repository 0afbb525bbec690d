"""Change what a run is called and how urgent it is; what it trains never changes."""

from typing import Any

from service.domain import Run
from service.errors import Conflict, FieldProblem, InvalidInput
from service.runs import quotas
from service.runs.control import find
from service.settings import Settings
from service.store import runs
from service.store.unit import Also, Database, Transaction, nothing

MOST_TAGS = 50


def update(database: Database, settings: Settings, run_id: str, changes: dict[str, Any], check: Also[Run] = nothing) -> Run:
    """Set `name` and `priority` and merge `tags`, of which null removes one; `check` may refuse the run as it stands."""

    def work(db: Transaction) -> Run:
        run = find(db, run_id)
        check(db, run)
        values = {**changes, "tags": _merged(run.tags, changes.get("tags", {}))}
        if values.get("priority", run.priority) != run.priority and run.terminal:
            raise Conflict(f"the run {run_id} has {run.status}: its priority has no meaning any more")
        if any(getattr(run, name) != value for name, value in values.items()):
            if len(str(values["tags"])) > len(str(run.tags)):
                quotas.check_written(db, settings)
            runs.change(db, run_id, **values)
        return find(db, run_id)

    return database.write(work)


def _merged(tags: dict[str, str], changes: dict[str, str | None]) -> dict[str, str]:
    merged = {key: value for key, value in {**tags, **changes}.items() if value is not None}
    if len(merged) > MOST_TAGS:
        raise InvalidInput(
            FieldProblem(("tags",), f"tags would be {len(merged)} with those there are, must be at most {MOST_TAGS}")
        )
    return merged
