"""What Schemathesis is told of this service: how to keep runs small, what no schema can say, what no error may tell.

The command line loads this module by SCHEMATHESIS_HOOKS; FUZZ_SUMMARY names the file for the figures.
"""

import json
import os
import re
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.cli import EventHandler, ExecutionContext, handler
from schemathesis.core.failures import Failure
from schemathesis.engine import events
from schemathesis.engine.run import PhaseName
from schemathesis.openapi.checks import EnsureResourceAvailability

SECONDS_OF_A_RUN = 0.2

BEYOND_A_SCHEMA = {
    r"is -?[\d.]+(e\+\d+)?, must be a valid (integer|string)": "JSON Schema takes 1.0 for an integer, this service does not",
    r"\bthe dataset has '": "only the dataset knows its features",
    r"the model was trained on|which the model's text does not hold|too large for this model": "only the run knows its model",
    r"^(filter|order_by),? at character|is not what a page of this order gave": "a grammar",
    r"^tags would be \d+ with those there are": "only the run knows its tags",
    r"^the name of a model is .*, must be another": "names that mean something else",
    r"must be greater than \d+, the step that the run has reached": "only the run knows its step",
    r"which needs training.validation_fraction|a multiple of training.\w+, which is": "one field asks for another",
    r"^after is a place in an order, but there is no order_by": "so does one parameter",
    r"has the (class|character) .*, the model knows|must have \d+: one for each class": "only the data know their classes",
    r"which leaves \d+ of \d+ examples to train|holds out none of the \d+ examples": "a share of the data's number",
    r"must be at most \d+, the number of training examples": "only the data know their number",
    r"must be at most 1: \w+ is a share|which needs optimizer.momentum": "one field asks for another",
    r"must not be for text, which has no|which needs (a text|examples with labels)": "only the data know if they are a text",
    r"characters to each of as many streams|which holds out \d+ characters|characters, more than": "only the data know it",
    r"^nothing belongs to 'key_|expires_at is in the past": "only the database knows the keys, and the clock the time",
    r"^the text (is empty|has 1 different)|of the text holds the character": "at least two different characters",
    r"^overrides\.": "their schema is that of the parent's kinds",
    r"there is no dataset ['\"]": "only the database knows what there is",
    r"years 1 to 9999 in UTC": "a time with a zone may leave the calendar",
    r"POSTGRAD_\w+": "a limit of the whole, not of a field",
}
"""Refusals (422) of requests that their schemas allow, by the words of the detail, each with why no schema can say it."""

SECRETS = re.compile(
    r"Traceback|File \"|\.py\b|site-packages|\b(SELECT|INSERT|UPDATE|DELETE) .*\b(FROM|INTO|SET)\b|sqlite3?\.|sqlalchemy|"
    r"<class '|<\w+ object at |\b0x[0-9a-f]{8}|/(home|root|tmp|usr|var|srv)/"
)
_serial = count()


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Bound the time of runs; make idempotency keys new, or else most requests would be refused for the key alone."""
    del context, kwargs
    if case.path_parameters and case.path_parameters.get("key_id") == os.environ["FUZZ_KEY_ID"]:
        case.path_parameters["key_id"] = "key_0"  # not the key of the campaign itself
    for part in _plans(case.body):
        given = part.get("time_budget")
        if given is None or (isinstance(given, int | float) and given > SECONDS_OF_A_RUN):
            part["time_budget"] = SECONDS_OF_A_RUN
    headers: Any = case.headers or {}
    key = headers.get("idempotency-key")
    if key and case.meta is not None and case.meta.generation.mode.is_positive:
        headers["idempotency-key"] = f"{key[:200]}.{next(_serial)}"


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Drop what is no failure: a run that was just made has no checkpoint of that name."""
    del context, case
    return not (isinstance(failure, EnsureResourceAvailability) and "there is no checkpoint" in response.text)


def _plans(body: Any) -> list[dict[str, Any]]:
    """Return the parts of a body that say how long to train."""
    if not isinstance(body, dict):
        return []
    if "dataset" in body and "model" in body:
        body.setdefault("training", {})
    overrides = body.get("overrides")
    inside = [body.get("training"), overrides.get("training") if isinstance(overrides, dict) else None]
    return [part for part in inside if isinstance(part, dict)]


@schemathesis.check
def schema_says_so(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Hold that what is valid by its schema is refused as invalid only for what no schema can say."""
    del ctx
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if not positive or response.status_code != 422:
        return
    problem = response.json()
    if problem["code"] != "invalid_input":  # what is in a file, or under a key: no matter of a schema either
        return
    details = [error["detail"] for error in problem.get("errors", [])] or [problem["detail"]]
    unsaid = [detail for detail in details if not any(re.search(words, detail) for words in BEYOND_A_SCHEMA)]
    assert not unsaid, f"the schema allows what is refused: {unsaid}"


@schemathesis.check
def tells_nothing(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Hold that no error tells of code, SQL or paths."""
    del ctx, case
    if response.status_code >= 400:
        found = SECRETS.search(response.text)
        assert found is None, f"an error tells of {found and found[0]!r}"


@schemathesis.check
def names_what_is_wrong(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """Hold that every problem document has its request id, and every refused field its pointer."""
    del ctx, case
    if response.headers.get("content-type", [""])[0] != "application/problem+json":
        return
    problem = response.json()
    assert problem["request_id"] == response.headers["x-request-id"][0]
    assert problem["status"] == response.status_code
    if problem["code"] == "invalid_input":
        assert all(error["pointer"].startswith("#") and error["detail"] for error in problem["errors"])


@handler()
class Figures(EventHandler[ExecutionContext]):
    """Counts cases, sequences and answers, and keeps how to repeat what failed."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._cases: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._sequences = 0
        self._slowest = 0.0
        self._failures: dict[str, dict[str, str]] = {}
        self._errors: list[str] = []

    def handle_event(self, ctx: ExecutionContext, event: events.EngineEvent) -> None:
        """Take note of what has ended."""
        del ctx
        if isinstance(event, events.NonFatalError | events.FatalError):
            self._errors.append(str(getattr(event, "value", getattr(event, "exception", event))))
        if not isinstance(event, events.ScenarioFinished):
            return
        self._sequences += event.phase is PhaseName.STATEFUL_TESTING
        for interaction in event.recorder.interactions.values():
            answer = interaction.response
            self._cases[event.phase.name.lower()] += 1
            self._statuses[f"{answer.status_code // 100}xx" if answer else "none"] += 1
            self._slowest = max(self._slowest, answer.elapsed if answer else 0.0)
        for case_id, checks in event.recorder.checks.items():
            for check in checks:
                if check.failure_info is not None:
                    case = event.recorder.cases[case_id].value
                    failure = check.failure_info
                    self._failures.setdefault(
                        f"{check.name} {case.method} {case.path} {str(failure.failure)[-80:]}",
                        {"message": str(failure.failure), "curl": failure.code_sample},
                    )

    def shutdown(self, ctx: ExecutionContext) -> None:
        """Write the figures down."""
        del ctx
        figures = {
            "cases": self._cases,
            "sequences": self._sequences,
            "statuses": self._statuses,
            "slowest_seconds": round(self._slowest, 3),
            "failures": self._failures,
            "errors": self._errors,
        }
        Path(os.environ["FUZZ_SUMMARY"]).write_text(json.dumps(figures))
