"""How often and how long each version was asked, since this server process started."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

MAX_VERSIONS = 1000
MAX_SIZES = 64
OTHER = 0  # all sizes beyond those
PARTS = ("compute_input", "compute_infer", "compute_output")


@dataclass(slots=True)
class Counts:
    """What is counted of a version. `sizes`: for each number of rows the successes, and the ns of each part."""

    last_ms: int = 0
    rows: int = 0
    failed: int = 0
    failed_ns: int = 0
    sizes: dict[int, list[int]] = field(default_factory=dict)

    def plain(self, name: str, version: int) -> dict[str, Any]:
        """Return it as the statistics extension has it."""
        whole = [sum(column) for column in zip(*self.sizes.values(), strict=True)] or [0, 0, 0, 0]
        nothing = _count(0, 0)
        return {
            "name": name,
            "version": str(version),
            "last_inference": self.last_ms,
            "inference_count": self.rows,
            "execution_count": whole[0],
            "inference_stats": {
                "success": _count(whole[0], sum(whole[1:])),
                "fail": _count(self.failed, self.failed_ns),
                "queue": nothing,
                **_parts(whole),
                "cache_hit": nothing,
                "cache_miss": nothing,
            },
            "batch_stats": [{"batch_size": size, **_parts(sums)} for size, sums in sorted(self.sizes.items()) if size != OTHER],
        }


def _parts(sums: list[int]) -> dict[str, dict[str, int]]:
    return {part: _count(sums[0], ns) for part, ns in zip(PARTS, sums[1:], strict=True)}


def _count(count: int, ns: int) -> dict[str, int]:
    return {"count": count, "ns": ns}


class Statistics:
    """The counts of the versions that came last; of each, those of the batch sizes that came first."""

    def __init__(self) -> None:
        self._counts: OrderedDict[tuple[str, int], Counts] = OrderedDict()
        self._lock = Lock()

    def of(self, name: str, version: int) -> dict[str, Any]:
        """Return the counts of a version, all 0 if it was not asked yet."""
        with self._lock:
            return (self._counts.get((name, version)) or Counts()).plain(name, version)

    def asked(self) -> list[tuple[str, int]]:
        """Return the versions that were asked, by name and number."""
        with self._lock:
            return sorted(self._counts)

    def succeeded(self, name: str, version: int, rows: int, moments: tuple[int, int, int, int]) -> None:
        """Count a request; `moments` in ns: it came, was read, was computed, was written."""
        with self._lock:
            counts = self._get(name, version)
            counts.last_ms = time.time_ns() // 1_000_000
            counts.rows += rows
            if rows not in counts.sizes:
                rows = rows if len(counts.sizes) < MAX_SIZES else OTHER
            sums = counts.sizes.setdefault(rows, [0, 0, 0, 0])
            sums[0] += 1
            for i in range(3):
                sums[i + 1] += moments[i + 1] - moments[i]

    def failed(self, name: str, version: int, ns: int) -> None:
        """Count a request that was refused."""
        with self._lock:
            counts = self._get(name, version)
            counts.failed += 1
            counts.failed_ns += ns

    def _get(self, name: str, version: int) -> Counts:
        counts = self._counts.get((name, version))
        if counts is None:
            counts = self._counts[name, version] = Counts()
            if len(self._counts) > MAX_VERSIONS:
                self._counts.popitem(last=False)
        return counts
