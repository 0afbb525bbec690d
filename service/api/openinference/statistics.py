"""How often and how long each version was asked, since this server process started."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import pairwise
from threading import Lock
from typing import Any

MAX_VERSIONS = 1000
MAX_SIZES = 64
PARTS = ("compute_input", "compute_infer", "compute_output")


@dataclass(slots=True)
class Count:
    """A number of times, and how long they took together."""

    count: int = 0
    ns: int = 0

    def add(self, ns: int) -> None:
        """Count one more."""
        self.count += 1
        self.ns += ns

    def plain(self) -> dict[str, int]:
        """Return it as the protocol has it."""
        return {"count": self.count, "ns": self.ns}


@dataclass(slots=True)
class Counts:
    """What is counted of a version; `parts`: reading, computing, writing."""

    last_ms: int = 0
    rows: int = 0
    success: Count = field(default_factory=Count)
    fail: Count = field(default_factory=Count)
    parts: tuple[Count, Count, Count] = field(default_factory=lambda: (Count(), Count(), Count()))
    sizes: dict[int, tuple[Count, Count, Count]] = field(default_factory=dict)

    def plain(self, name: str, version: int) -> dict[str, Any]:
        """Return it as the statistics extension has it."""
        nothing = Count().plain()
        parts = {part: count.plain() for part, count in zip(PARTS, self.parts, strict=True)}
        return {
            "name": name,
            "version": str(version),
            "last_inference": self.last_ms,
            "inference_count": self.rows,
            "execution_count": self.success.count,
            "inference_stats": {
                "success": self.success.plain(),
                "fail": self.fail.plain(),
                "queue": nothing,
                **parts,
                "cache_hit": nothing,
                "cache_miss": nothing,
            },
            "batch_stats": [
                {"batch_size": size, **{part: count.plain() for part, count in zip(PARTS, counts, strict=True)}}
                for size, counts in sorted(self.sizes.items())
            ],
        }


class Statistics:
    """The counts of the versions that were asked last; of each, those of the batch sizes that came first."""

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
        taken = [end - start for start, end in pairwise(moments)]
        with self._lock:
            counts = self._get(name, version)
            counts.last_ms = time.time_ns() // 1_000_000
            counts.rows += rows
            counts.success.add(moments[3] - moments[0])
            sized = counts.sizes.get(rows)
            if sized is None and len(counts.sizes) < MAX_SIZES:
                sized = counts.sizes[rows] = (Count(), Count(), Count())
            for i, ns in enumerate(taken):
                counts.parts[i].add(ns)
                if sized is not None:
                    sized[i].add(ns)

    def failed(self, name: str, version: int, ns: int) -> None:
        """Count a request that was refused."""
        with self._lock:
            self._get(name, version).fail.add(ns)

    def _get(self, name: str, version: int) -> Counts:
        counts = self._counts.setdefault((name, version), Counts())
        self._counts.move_to_end((name, version))
        if len(self._counts) > MAX_VERSIONS:
            self._counts.popitem(last=False)
        return counts
