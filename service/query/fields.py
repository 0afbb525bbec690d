"""From a name as MLflow writes it to a field."""

import difflib

from service.domain import SERIES
from service.query.terms import ATTRIBUTES, METRIC_PARTS, PARAMS, Attribute, Field, Metric, Param, Tag
from service.query.tokens import Source, Token

ENTITIES = {
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), "attribute"),
    **dict.fromkeys(("metric", "metrics"), "metric"),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), "param"),
    **dict.fromkeys(("tag", "tags"), "tag"),
}
SPEC_PARTS = ("model", "optimizer", "training", "dataset")
ALIASES = {
    "id": "run_id",
    "name": "run_name",
    "run name": "run_name",
    "Run name": "run_name",
    "Run Name": "run_name",
    "created": "start_time",
    "Created": "start_time",
    "started_at": "start_time",
    "finished_at": "end_time",
}
RUN_NAME_TAG = "mlflow.runName"


def field(token: Token, source: Source) -> Field:
    """Return the field that a name stands for; raise InvalidInput if there is none."""
    if token.kind != "name":
        raise source.bad(token.at, f"expected a field such as metrics.loss or model.kind, got {token}")
    head, *rest = token.parts
    key = ".".join(rest)
    if head in SPEC_PARTS and rest:
        return _param(token, source, (head, *rest))
    if not rest:
        return _attribute(token, source, head)
    match ENTITIES.get(head):
        case "attribute":
            return _attribute(token, source, key)
        case "metric":
            return _metric(token, source, key)
        case "param":
            return _param(token, source, tuple(key.split(".")))
        case "tag":
            return Attribute("run_name") if key == RUN_NAME_TAG else Tag(key)
    known = ", ".join((*SPEC_PARTS, "metrics", "params", "tags", "attributes"))
    raise source.bad(token.at, f"expected a field that begins with one of {known}, got {token}")


def _attribute(token: Token, source: Source, name: str) -> Attribute:
    name = ALIASES.get(name, name)
    if name not in ATTRIBUTES:
        raise source.bad(token.at, f"expected an attribute, one of {', '.join(ATTRIBUTES)}, got {token}")
    return Attribute(name)


def _metric(token: Token, source: Source, key: str) -> Metric:
    series, _, part = key.partition(".")
    if series not in SERIES or part not in ("", *METRIC_PARTS):
        names = ", ".join(SERIES)
        raise source.bad(token.at, f"expected a series, one of {names}, with .best or .best_step if you like, got {token}")
    return Metric(series, part or "last")


def _param(token: Token, source: Source, path: tuple[str, ...]) -> Param:
    if path not in PARAMS:
        known = [".".join(path) for path in sorted(PARAMS)]
        near = difflib.get_close_matches(".".join(path)[:100], known, n=3, cutoff=0.5) or ["model.kind", "training.steps"]
        raise source.bad(token.at, f"expected a field of a run such as {' or '.join(near)}, got {token}")
    return Param(path)
