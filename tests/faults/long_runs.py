"""A run with millions of points, straight into the database file."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

SERIES = ("loss", "data_loss", "reg_loss")
BLOCK = 250_000
FILL = """
WITH RECURSIVE n(step) AS (SELECT :first UNION ALL SELECT step + 1 FROM n WHERE step + 1 < :last)
INSERT INTO metrics (run_id, step, loss, data_loss, reg_loss)
SELECT :run, step, 1.0 / (step + 1), (step * 7919 % 1009) * 0.37, step * 0.25 FROM n
"""


def fill(path: Path, run_id: str, points: int) -> None:
    """Give a run points at the steps from 0."""
    summary = json.dumps({name: {"last": 0.0, "best": 0.0, "best_step": 0} for name in SERIES})
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as db:
        for first in range(0, points, BLOCK):
            db.execute(FILL, {"run": run_id, "first": first, "last": min(first + BLOCK, points)})
        db.execute("UPDATE runs SET points = ?, metrics = ? WHERE id = ?", (points, summary, run_id))
