"""From times to verdicts: only ratios of fastest turns decide."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.rows import AHEAD, Target

Times = dict[str, list[float]]


@dataclass(frozen=True)
class Verdict:
    """How many times faster ours is than a peer; no target is no judgement."""

    ours: str
    peer: str
    ours_seconds: float
    peer_seconds: float
    at_least: float | None
    reached: bool | None

    @property
    def ratio(self) -> float:
        """Return time of the peer / time of ours."""
        return self.peer_seconds / self.ours_seconds

    @property
    def target(self) -> str:
        """Write the target."""
        if self.at_least is None:
            return "–"
        return "> 1" if self.at_least == AHEAD else f"≥ {self.at_least:.3g}"


@dataclass(frozen=True)
class Result:
    """A measured row."""

    title: str
    times: Times
    verdicts: tuple[Verdict, ...]
    unit: str = "µs"

    @property
    def fastest(self) -> dict[str, float]:
        """Return the seconds a step of each contender."""
        return {name: min(taken) for name, taken in self.times.items()}


def judge(title: str, times: Times, targets: Iterable[Target], unit: str = "µs") -> Result:
    """Compare with every peer: those with a target first, then the others with the first of ours."""
    fastest = {name: min(taken) for name, taken in times.items()}
    verdicts = []
    for target in targets:
        ratio = fastest[target.peer] / fastest[target.ours]
        verdicts.append(_verdict(fastest, target.ours, target.peer, target.at_least, reached=target.reached(ratio)))
    ours = next(iter(times))
    seen = {ours} | {name for verdict in verdicts for name in (verdict.ours, verdict.peer)}
    verdicts += [_verdict(fastest, ours, name, None, reached=None) for name in times if name not in seen]
    return Result(title, times, tuple(verdicts), unit)


def _verdict(fastest: dict[str, float], ours: str, peer: str, at_least: float | None, *, reached: bool | None) -> Verdict:
    return Verdict(ours, peer, fastest[ours], fastest[peer], at_least, reached)
