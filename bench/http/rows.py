"""All rows over HTTP."""

from collections.abc import Callable, Iterator

from bench.http.idle import idle
from bench.http.load import Plan
from bench.http.predict import predictions
from bench.http.tiny import tiny_runs
from bench.http.tracking import tracking
from bench.verdicts import Result


def groups(*, quick: bool) -> dict[str, Callable[[], Iterator[Result]]]:
    """Return what measures the rows, by words that name them."""
    plan = Plan(rounds=3, turn_seconds=1) if quick else Plan()
    return {
        "http predict": lambda: predictions(plan),
        "http history points created": lambda: tracking(plan),
        "http tiny": lambda: tiny_runs(plan, 100 if quick else 300),
        "http idle memory ready": lambda: idle(plan),
    }
