"""How long a request may compute, and whether somebody still waits for its answer."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from core.estimate_use import scoring_seconds
from core.types import Floats, never
from service.errors import TooLarge


@dataclass(frozen=True)
class Patience:
    """A limit of the estimated seconds of one request, and `over`: whether nobody waits any more, asked from any thread."""

    max_seconds: float
    over: Callable[[], bool] = never

    def afford(self, seconds: float, what: str, instead: str) -> None:
        """Raise TooLarge if something is estimated to take longer than a request may."""
        if seconds > self.max_seconds:
            raise TooLarge(
                f"{what} would take about {seconds:,.0f} seconds, this server allows a request {self.max_seconds:,.0f} "
                f"(POSTGRAD_MAX_REQUEST_SECONDS): {instead}"
            )

    def afford_scores(self, theta: Floats, rows: int, what: str, instead: str) -> None:
        """Raise TooLarge if the scores of so many rows, or characters, are estimated to take longer than a request may."""
        self.afford(scoring_seconds(theta, rows), f"{what} with {theta.size:,} parameters", instead)


ENDLESS = Patience(inf)
"""For what is known to be quick."""
