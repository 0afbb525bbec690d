"""Small requests beside the costliest of each route, as a table: `make responsive`."""

import os
import sys
import tempfile
from pathlib import Path

from tests.responsiveness.house import house
from tests.responsiveness.measure import measure
from tests.responsiveness.rows import ALL

P99_SECONDS, PEAK_BYTES, QUIET_SECONDS = 0.1, 600 << 20, 2.0


def main() -> int:
    """Measure each row, or those whose route has a word, beside one client and four; return 1 if a limit is broken."""
    word, seconds = next(iter(sys.argv[1:]), ""), float(os.environ.get("SECONDS_EACH", "4"))
    over = 0
    with tempfile.TemporaryDirectory() as folder, house(Path(folder)) as home:
        for row in (row for row in ALL if word in row.route):
            for at_once in (1, 4):
                seen = measure(home, row, at_once, seconds)
                bad = [f"a small request failed: {what}" for what in seen.failed[:1]]
                bad += ["p99 > 100 ms"] if seen.p99 > P99_SECONDS else []
                bad += ["peak > 600 MB"] if seen.peak_bytes > PEAK_BYTES else []
                bad += ["goes on"] if seen.quiet_after > QUIET_SECONDS else []
                over += bool(bad)
                print(seen, f"  <- {'; '.join(bad)}" if bad else "", flush=True)
    print(f"{over} rows are over their limits" if over else "every row is within its limits")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
